"""Other words for a wish: simpler, more vivid, happier, sadder, scarier; and fewer words.

The words are chosen by hand (`rewording.toml`); names and numbers are never touched.
"""

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.narrator.closeness import facts_in, names_in
from core.story.sentences import sentences, spans

REWORDED = ("simpler", "vivid", "happier", "sadder", "scarier")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NEGATED = re.compile(
    r"(?:\b(?:not|never|no|without|nobody|nothing)|n['’]t)(?:\s+\w+){0,2}\s*$", re.IGNORECASE
)
_FILLERS = re.compile(
    r"\s+(?:very|really|quite|rather|just|so very|suddenly|then|certainly|perhaps)\b(?=\s+[a-z])"
)
_ASIDE = re.compile(r",\s+(?:who|which|as|while|where|with|like)\b[^,.!?\"]*(?=[,.!?])")
_SECOND_HALF = re.compile(r",?\s+(?:and|but|so|because)\s+(?:[^,.!?\"]+)(?=[.!?]$)")
_SPLIT = re.compile(r",?\s+(?:and|but|so)\s+(?=(?:he|she|they|it|we|i|the)\b)", re.IGNORECASE)
_SEMICOLON = re.compile(r"\s*[;:–—]\s+(?=[a-z])")
_LEAST_SENTENCE = 3  # words
_SHARES = (0.5, 0.65, 0.8)  # of the words that a shorter text keeps


def reworded(text: str, wish: str, names: Iterable[str]) -> str:
    """The text with other words put in, wherever a word of the wish's list stands."""
    words, kept = _lists()[wish], {name.lower() for name in names}

    def instead(found: re.Match[str]) -> str:
        word = found[0]
        new = words.get(word.lower())
        if new is None or word.lower() in kept or _NEGATED.search(text[: found.start()]):
            return word
        return new[0].upper() + new[1:] if word[0].isupper() else new

    return _with_articles(_WORD.sub(instead, text))


def endings(wish: str, names: Sequence[str]) -> list[str]:
    """Sentences that carry the wish's mood and no fact."""
    told = _after().get(wish, ())
    who = names[0] if names else ""
    return [line.format(who=who) for line in told if who or "{who}" not in line]


def simplified(text: str, names: Iterable[str]) -> str:
    """Plainer words, and shorter sentences."""
    out: list[str] = []
    for sentence in sentences(reworded(text, "simpler", names)):
        parts = [sentence] if '"' in sentence else _split(sentence)
        out += parts
    return _joined(text, out)


def shortened(text: str) -> list[str]:
    """The text in fewer words, some ways; every name and number stays."""
    lean = _joined(text, [_leaner(sentence) for sentence in sentences(text)])
    found = [
        lean,
        *(_fewer(lean, share) for share in _SHARES),
        *(_fewer(text, share) for share in _SHARES),
    ]
    return [each for each in dict.fromkeys(found) if len(each) < len(text)]


def _leaner(sentence: str) -> str:
    """A sentence without what it can do without."""
    had = names_in(sentence) | facts_in(sentence)
    for pattern in (_FILLERS, _ASIDE, _SECOND_HALF):
        cut = pattern.sub("", sentence)
        kept = names_in(cut) | facts_in(cut)
        if had <= kept and len(_WORD.findall(cut)) >= _LEAST_SENTENCE and cut.count('"') % 2 == 0:
            sentence = cut
    return sentence


def _fewer(text: str, share: float) -> str:
    """The sentences that tell most, and all that are needed for the names."""
    told = sentences(text)
    most = share * len(_WORD.findall(text))
    needed, seen = [], set[str]()
    for at, sentence in enumerate(told):
        fresh = (names_in(sentence) | facts_in(sentence)) - seen
        if fresh:
            needed.append(at)
            seen |= fresh
    chosen = set(needed)
    rest = sorted(
        (at for at in range(len(told)) if at not in chosen), key=lambda at: -_worth(told, at)
    )
    for at in rest:
        if sum(len(_WORD.findall(told[each])) for each in (*chosen, at)) <= most or not chosen:
            chosen.add(at)
    return _joined(text, [told[at] for at in sorted(chosen)])


def _worth(told: Sequence[str], at: int) -> float:
    """The first and the last sentence hold a passage; short ones cost little."""
    edge = 2.0 if at in {0, len(told) - 1} else 0.0
    return edge + 5 / (5 + len(_WORD.findall(told[at])))


def _split(sentence: str) -> list[str]:
    parts = [part for piece in _SEMICOLON.split(sentence) for part in _SPLIT.split(piece)]
    if len(parts) < 2 or any(len(_WORD.findall(part)) < _LEAST_SENTENCE for part in parts):  # noqa: PLR2004 - nothing to split
        return [sentence]
    last = re.search(r"[.!?…]+$", sentence)
    return [
        part[0].upper()
        + part[1:].rstrip(",;")
        + ("." if at < len(parts) - 1 or last is None else "")
        for at, part in enumerate(parts)
    ]


def _joined(old: str, told: Sequence[str]) -> str:
    """The sentences as one text, with the old one's paragraphs where they still can be told."""
    gaps = {old[start:end]: old[:start].endswith("\n") for start, end in spans(old)}
    text = ""
    for sentence in told:
        text += ("\n\n" if gaps.get(sentence) else " ") * bool(text) + sentence
    return text


def _with_articles(text: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
    return re.sub(r"\b([Aa])n (?=[b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z](?!our\b|onest))", r"\1 ", text)


@functools.cache
def _read() -> Mapping[str, Mapping[str, object]]:
    path = Path(__file__).parent / "rewording.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@functools.cache
def _lists() -> Mapping[str, Mapping[str, str]]:
    found = {}
    for wish in REWORDED:
        pairs = str(_read()[wish]["words"]).replace("\n", ";").split(";")
        split = (pair.partition(":") for pair in pairs if pair.strip())
        found[wish] = {old.strip(): new.strip() for old, _, new in split}
    return found


@functools.cache
def _after() -> Mapping[str, tuple[str, ...]]:
    read = _read()
    return {
        wish: tuple(lines) if isinstance(lines := read[wish].get("after"), list) else ()
        for wish in REWORDED
    }
