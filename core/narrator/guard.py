"""Words that must not be written: banned ones, and those that would only repeat the story."""

import re
from collections.abc import Iterable, Sequence

from core.narrator.headings import plain
from core.narrator.lexicon import Lexicon
from core.narrator.wordforms import forms
from core.story.sentences import spans

_GRAM = 4  # words that a passage does not hold twice in a row like this
_LONG_GRAM = 7  # the same for what stands before the passage, where some echo is style
_UNSPACED = 10  # characters of Chinese or Japanese that weigh as much as _GRAM words
_SENTENCE = 2  # words; "Yes!" may be said again
_JOINS = frozenset(("and", "or"))
_NAMING = "named"
_ENDS, _CLOSES = tuple(".!?…。！？"), "\"'”’)]」』"
_SCRIPT = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # written without spaces
_WORD = re.compile(rf"[{_SCRIPT}]|[^\W_{_SCRIPT}]+(?:['’][^\W_]+)*")
_SPACED = re.compile(rf"[^\W{_SCRIPT}]")


def is_sentence_end(text: str, at: int, start: int = 0) -> bool:
    """Whether a sentence ends there, as far as what follows tells; one begins at `start`."""
    if not text[:at].rstrip(_CLOSES).endswith(_ENDS):
        return False
    follows = text[at:] if text[at:].strip() else " X"
    return any(start + end == at for _, end in spans(text[start:at] + follows))


class Guard:
    """Reads a passage word by word and refuses a word before anybody sees it."""

    def __init__(
        self, banned: Iterable[str], before: Sequence[str], lexicon: Lexicon | None = None
    ) -> None:
        """`before`: the newest passages, for sentences that must not come again.

        With a `lexicon` no other words are let through.
        """
        self._lexicon = lexicon
        self._banned = banned_pattern(banned)
        self._words: list[str] = []
        self._said: set[str] = set()  # words of the passage
        self._grams: set[tuple[str, ...]] = set()
        self._sentences: set[tuple[str, ...]] = set()
        self._sentence: list[str] = []  # words of the sentence that is being written
        self._ended = 0  # where the sentence before it ended
        for passage in before:
            self._remember(passage)

    def refuses(self, text: str, start: int, end: int) -> bool:
        """Whether the words between must not follow what stands before; else they are read."""
        if self._banned and self._banned.search(text, 0, end):
            return True
        fresh = _WORD.findall(text[start:end].lower())
        if self._repeats(fresh) or self._makes_up(fresh):
            return True
        if self._gives_a_taken_name(fresh, _WORD.findall(text[start:end])):
            return True
        ends = is_sentence_end(text, end, self._ended)
        sentence = (*self._sentence, *fresh)
        if ends and len(sentence) >= _SENTENCE and sentence in self._sentences:
            return True
        self._read(fresh, sentence, ends=ends)
        if ends:
            self._ended = end
        return False

    def ends_at(self, at: int) -> bool:
        """Whether a sentence ends there, where the words that were read last do."""
        return self._ended == at

    def _read(self, fresh: list[str], sentence: tuple[str, ...], *, ends: bool) -> None:
        for word in fresh:
            self._words.append(word)
            self._grams.update(gram for gram in _last(self._words) if len(gram) != _LONG_GRAM)
        self._said.update(fresh)
        self._sentence = [] if ends else list(sentence)
        if ends:
            self._sentences.add(sentence)

    def _repeats(self, fresh: list[str]) -> bool:
        words = self._words[-_UNSPACED:]
        for word in fresh:
            words.append(word)
            if len(words) > 2 and words[-1] == words[-2] == words[-3]:  # noqa: PLR2004 - thrice the same
                return True
            if len(words) > 2 and words[-1] == words[-3] and words[-2] in _JOINS:  # noqa: PLR2004 - "Tom and Tom"
                return True
            if words[-2:] == words[-5:-3] and words[-3] in _JOINS:  # "the dark and the dark"
                return True
            if not self._grams.isdisjoint(_last(words)):
                return True
        return False

    def _gives_a_taken_name(self, fresh: list[str], written: list[str]) -> bool:
        """Whether somebody is named as another one in the passage is: "Hana had a crab named Hana".

        `written`: the fresh words with their capitals.
        """
        before = [self._words[-1] if self._words else "", *fresh]
        return any(
            last == _NAMING and word in self._said and as_written[:1].isupper()
            for last, word, as_written in zip(before, fresh, written, strict=False)
        )

    def _makes_up(self, fresh: list[str]) -> bool:
        return self._lexicon is not None and not all(map(self._lexicon.knows, fresh))

    def _remember(self, passage: str) -> None:
        passage = plain(passage)
        words = _WORD.findall(passage.lower())
        for end in range(1, len(words) + 1):
            longest = words[max(0, end - _UNSPACED) : end]
            self._grams.update(gram for gram in _last(longest) if len(gram) != _GRAM)
        for start, end in spans(passage):
            self._sentences.add(tuple(_WORD.findall(passage[start:end].lower())))


def _last(words: list[str]) -> list[tuple[str, ...]]:
    """The newest grams: of a length that counts for the script they are written in."""
    if words and not _SPACED.match(words[-1]):
        return [tuple(words[-_UNSPACED:])] if len(words) >= _UNSPACED else []
    return [tuple(words[-size:]) for size in (_GRAM, _LONG_GRAM) if len(words) >= size]


def banned_pattern(banned: Iterable[str]) -> re.Pattern[str] | None:
    """Whole words in all their forms, and phrases, in any casing; None when there are none."""
    phrases = [
        r"\s+".join(map(re.escape, form.split()))
        for phrase in map(plain, banned)
        for form in sorted(forms(phrase.strip()))
        if form
    ]
    bounded = [_bounded(phrase) for phrase in phrases if phrase]
    return re.compile("|".join(bounded), re.IGNORECASE) if bounded else None


def _bounded(phrase: str) -> str:
    """No word goes on before or after it, where words have ends at all."""
    before = r"(?<!\w)" if _SPACED.match(phrase[0]) else ""
    after = r"(?!\w)" if _SPACED.match(phrase[-1]) else ""
    return before + phrase + after
