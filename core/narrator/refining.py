"""A passage told better: candidates by careful edits and by the narrator, and the best of them.

Edits come first, since they keep what is told; what the narrator writes anew is weighed beside
them. The best is fluent in its context, close to what it was, and what was wished for. No name and
no number may go or come; where nothing beats the passage, there is nothing to show.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.errors import NarratorError, Refusal
from core.narrator.asking import understood
from core.narrator.closeness import kept_names, names_in, new_names, overlap
from core.narrator.lexicon import starter_words
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.repair import Doubt, doubts, read_as, slips, tidied, unknown_words, with_slips_as
from core.narrator.rewording import REWORDED, endings, reworded, shortened, simplified
from core.narrator.wordforms import forms
from core.story.model import Length
from core.story.sentences import sentences, spans

KNOWN = ("polish", "shorter", "longer", *REWORDED)
_FEELINGS = {"happier": "joy", "sadder": "sadness", "scarier": "fear"}
_REWRITES = 2  # tellings by the narrator
_MOST_REWRITTEN = 1200  # characters; more does not fit its window beside the story
_MOST_WEIGHED = 16  # sentences whose doubts the narrator settles; in longer texts, rules do
_SURE = 1.4  # nats by which another reading of a sentence must be likelier
_NEAR = 400  # characters before a sentence that it is read after
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CODE = re.compile(r"[{}();=<>\[\]]|^\s*(?:def|class|import|return|var|let|const)\b", re.MULTILINE)
_DULL = 0.45  # share of words that plain English knows: below, it is another language
# What is written anew has so much of its words from the draft; else it tells another story.
_ALIKE = 0.75
_CLOSE = {"polish": 0.85, "shorter": 0.6, "longer": 0.6, "": 0.5}
_NO_NEARER = 0.5  # by what is measured; then only a likelier text is better
_MOST_LOST = 1.0  # nats a token that a wish may cost


@dataclass(frozen=True, slots=True)
class Refined:
    """The best telling that was found."""

    text: str
    seed: int
    by_narrator: bool  # written anew, not edited
    likelier: float  # nats a token, in context


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    seed: int
    by_narrator: bool = False


def unfit(draft: str) -> str:
    """Why a text cannot be refined: "code", "language", or nothing."""
    words = _WORD.findall(draft)
    marks = len(_CODE.findall(draft))
    if marks > 4 and marks > len(words) / 6:  # noqa: PLR2004 - a story has a bracket or two
        return "code"
    known = sum(word.lower() in starter_words() for word in words)
    if not words or known / len(words) < _DULL:
        return "language"
    return ""


def wish_in(wish: str) -> str:
    """The known wish that words ask for; empty for others."""
    asked = set(re.findall(r"[a-z]+", wish.lower()))
    return next((known for known in KNOWN if known in asked), "")


async def refine(
    narrator: Narrator, assignment: Assignment, safe: Callable[[str], bool]
) -> Refined | None:
    """The best telling of the assignment's draft; None if nothing betters it.

    Raises Refusal where all that could be told is not to be shown.
    """
    known = _names(assignment)
    polishing = wish_in(assignment.wish) == "polish"
    mended = await polish(narrator, assignment) if polishing else tidied(assignment.draft, known)
    rewritten = asyncio.create_task(_rewritten(narrator, assignment))
    try:
        edited = await _edited(narrator, assignment, mended)
        found = [*edited, *await rewritten]
    finally:
        rewritten.cancel()
    fit = [
        candidate
        for candidate in {each.text: each for each in found}.values()
        if _may_be_shown(assignment, candidate, known)
    ]
    shown = [candidate for candidate in fit if safe(candidate.text)]
    if fit and not shown:
        raise Refusal("refusal.unsafe")
    return await _best(narrator, assignment, shown) if shown else None


async def polish(narrator: Narrator, assignment: Assignment) -> str:
    """The draft without its slips: the rules' first, then what the narrator finds likelier."""
    names = _names(assignment)
    text = tidied(assignment.draft, names)
    story = "\n".join((*assignment.path, assignment.premise, *assignment.lore, text))
    found = spans(text)
    for number, (start, end) in reversed(list(enumerate(found))):
        sentence = text[start:end]
        doubted = doubts(sentence, names, story)
        if not doubted:
            continue
        near = f"{assignment.path[-1] if assignment.path else ''} {text[:start]}"[-_NEAR:]
        if len(found) > _MOST_WEIGHED and number >= _MOST_WEIGHED:
            doubted = [doubt for doubt in doubted if doubt.slip]
            better = read_as(sentence, [(doubt, doubt.readings[0]) for doubt in doubted])
        else:
            better = await _settled(narrator, assignment, near, sentence, doubted)
        text = text[:start] + better + text[end:]
    return tidied(_ended(text), names)


def _ended(text: str) -> str:
    """A last sentence that lacks its full stop gets one; a list's line does not."""
    text = text.rstrip()
    last = text.rsplit("\n", 1)[-1]
    ends = re.search(r"[\w]$", text) and not re.match(r"\s*(?:[-*•]|\d+[.)])\s", last)
    return text + "." if ends and len(_WORD.findall(last)) > 3 else text  # noqa: PLR2004 - or it is a heading


async def _settled(
    narrator: Narrator, assignment: Assignment, near: str, sentence: str, doubted: list[Doubt]
) -> str:
    """The sentence as the narrator finds it likeliest, doubt by doubt and then together."""
    slips = [(doubt, doubt.readings[0]) for doubt in doubted if doubt.slip]
    base = read_as(sentence, slips)
    tried = [
        (doubt, reading, read_as(sentence, _with(slips, doubt, reading)))
        for doubt in doubted
        for reading in doubt.readings
        if not (doubt.slip and len(doubt.readings) == 1)
    ]
    if not tried:
        return base
    after = _after(assignment, near)
    first, *scores = await narrator.score(after, [base, *(text for _, _, text in tried)])
    tokens = 1.3 * len(_WORD.findall(sentence)) + 2  # about as many as the model reads
    chosen = dict(slips)
    for doubt in doubted:
        mine = [
            (score, reading)
            for score, (other, reading, _) in zip(scores, tried, strict=True)
            if other is doubt
        ]
        sure = _SURE * (2 if doubt.rare else 1)
        if mine and ((max(mine)[0] - first) * tokens > sure or doubt.slip):
            chosen[doubt] = max(mine)[1]
    together = read_as(sentence, list(chosen.items()))
    if together == base or len(chosen) - len(slips) < 2:  # noqa: PLR2004 - one was weighed already
        return together
    score, alone = await narrator.score(after, [together, base])
    return together if score >= alone else base


def _with(
    slips: Sequence[tuple[Doubt, str]], doubt: Doubt, reading: str
) -> list[tuple[Doubt, str]]:
    return [*((other, word) for other, word in slips if other is not doubt), (doubt, reading)]


async def _edited(narrator: Narrator, assignment: Assignment, polished: str) -> list[_Candidate]:
    """Careful edits towards the wish."""
    names, seed = sorted(names_in(polished, _names(assignment))), assignment.seed
    match wish_in(assignment.wish):
        case "polish":
            texts = [polished]
        case "shorter":
            texts = shortened(polished)
        case "longer":
            texts = await _lengthened(narrator, assignment, polished)
        case "simpler":
            texts = [
                simplified(polished, names),
                reworded(polished, "simpler", names),
                *(simplified(leaner, names) for leaner in shortened(polished)[:1]),
            ]
        case "":
            texts = [polished, *await _lengthened(narrator, assignment, polished)]
        case wish:
            other = reworded(polished, wish, names)
            lines = endings(wish, names)
            texts = [other, *(f"{text} {line}" for text in (other, polished) for line in lines)]
    return [_Candidate(text, seed) for text in texts]


async def _lengthened(narrator: Narrator, assignment: Assignment, polished: str) -> list[str]:
    """The passage with what the narrator would tell next, as far as it names nobody new."""
    known, found = _names(assignment), []
    wanted = replace(
        _after(assignment, ""),
        path=(*assignment.path[-1:], polished),
        words=understood(assignment.wish)[1],
        length=Length.SHORT,
    )
    for number in range(_REWRITES):
        told = await _told(narrator, replace(wanted, seed=assignment.seed + number))
        more: list[str] = []
        for sentence in sentences(told):
            if new_names(polished, sentence, known) or unknown_words(sentence, polished):
                continue
            more.append(sentence)
            found.append(" ".join((polished, *more)))
    return found


async def _rewritten(narrator: Narrator, assignment: Assignment) -> list[_Candidate]:
    """Tellings by the narrator itself, side by side."""
    if len(assignment.draft) > _MOST_REWRITTEN:
        return []
    seeds = [assignment.seed + number for number in range(_REWRITES)]
    texts = await asyncio.gather(
        *(_told(narrator, replace(assignment, seed=seed)) for seed in seeds)
    )
    return [_Candidate(t, s, by_narrator=True) for t, s in zip(texts, seeds, strict=True) if t]


async def _told(narrator: Narrator, wanted: Assignment) -> str:
    """What the narrator writes; nothing where it finds nothing to write."""
    text = ""
    try:
        async with aclosing(narrator.write(wanted)) as texts:
            async for text in texts:  # noqa: B007  # the last one is whole
                pass
    except NarratorError:
        return ""
    return text


async def _best(
    narrator: Narrator, assignment: Assignment, fit: Sequence[_Candidate]
) -> Refined | None:
    """The candidate that is fluent, close and as wished; None if none betters the draft."""
    draft, wish = assignment.draft, wish_in(assignment.wish)
    texts = [draft, *(candidate.text for candidate in fit)]
    before, *scores = await narrator.score(_after(assignment, ""), texts)
    wished = await _wished(narrator, assignment.wish, draft, texts[1:])
    found: list[tuple[float, int]] = []
    for at, (score, nearer) in enumerate(zip(scores, wished, strict=True)):
        likelier = score - before
        plain = wish in {"polish", ""} and nearer <= _NO_NEARER
        if nearer <= 0 or likelier < (0 if plain else -_MOST_LOST):
            continue
        close = overlap(draft, fit[at].text)
        found.append((min(likelier, 1.0) + 2 * close + 1.5 * min(nearer, 1.0), at))
    if not found:
        return None
    best = max(found)[1]
    chosen = fit[best]
    return Refined(chosen.text, chosen.seed, chosen.by_narrator, scores[best] - before)


async def _wished(narrator: Narrator, wish: str, draft: str, texts: Sequence[str]) -> list[float]:
    """How much nearer each text is to the wish than the draft: above 0, it is nearer."""
    match wish_in(wish):
        case "shorter" | "longer":
            sign = 1 if wish == "longer" else -1
            had = len(_WORD.findall(draft))
            grown = [(len(_WORD.findall(text)) - had) / had for text in texts]
            return [_in_measure(sign * share) for share in grown]
        case "simpler":
            return [10 * (hardness(draft) - hardness(text)) for text in texts]
        case "happier" | "sadder" | "scarier":
            old, *new = await narrator.read([draft, *texts])
            known = wish_in(wish)
            sign, feeling = (1 if known == "happier" else -1), _FEELINGS[known]
            return [
                sign * (reading.mood.valence - old.mood.valence)
                + 0.5 * (reading.mood.feelings[feeling] - old.mood.feelings[feeling])
                for reading in new
            ]
        case "":
            words = understood(wish)[1]
            return [
                0.5 + _held(words, text) - _held(words, draft) - bool(words) / 2 for text in texts
            ]
        case "polish":
            had = slips(draft)
            return [_NO_NEARER + min(0.5, 0.1 * (had - slips(text))) for text in texts]
        case _:
            return [_NO_NEARER] * len(texts)


def _held(words: Sequence[str], text: str) -> float:
    """The share of some words that a text holds."""
    said = {form for word in _WORD.findall(text.lower()) for form in forms(word)}
    return sum(word in said for word in words) / len(words) if words else 0.0


def _in_measure(change: float) -> float:
    """A third more or less is what "longer" and "shorter" mean; twice that is too much."""
    return -1.0 if change <= 0.05 else 1 - abs(change - 0.35)  # noqa: PLR2004 - shares of the length


def hardness(text: str) -> float:
    """How hard a text reads: long words and long sentences, about 0 to 1."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    letters = sum(map(len, words)) / len(words)
    return letters / 10 + len(words) / max(1, len(sentences(text))) / 60


def _may_be_shown(assignment: Assignment, candidate: _Candidate, known: Sequence[str]) -> bool:
    """Whether it is another text that keeps every name and number, adds none, and is as close."""
    draft, text = assignment.draft, candidate.text
    if text.split() == draft.split() or not text.strip():
        return False
    if not candidate.by_narrator:
        draft = with_slips_as(draft, text)  # "Tehn" is no name that may not go
    if kept_names(draft, text, known) < 1 or new_names(draft, text, known):
        return False
    if not candidate.by_narrator:
        return True
    least = _CLOSE.get(wish_in(assignment.wish), _ALIKE)
    return overlap(draft, text) >= least and overlap(text, draft) >= least


def _names(assignment: Assignment) -> list[str]:
    """The names that the story knows."""
    told = "\n".join((*assignment.path, assignment.premise, *assignment.lore, *assignment.fired))
    # Of a title all words have a capital: what the story writes without one is no name.
    small = set(_WORD.findall(told))
    titled = {name for name in names_in(assignment.title) if name.lower() not in small}
    inside = {name for name in names_in(assignment.draft) if assignment.draft.count(name) > 1}
    return sorted(names_in(told) | titled | inside)


def _after(assignment: Assignment, near: str) -> Assignment:
    """What is to be written where the draft stands, with `near` before it if it is given."""
    path = (near,) if near.strip() else assignment.path[-1:]
    return replace(
        assignment,
        mode=Mode.CONTINUE if path else Mode.OPEN,
        path=path,
        recaps=(),
        earlier="",
        draft="",
        wish="",
        words=(),
    )
