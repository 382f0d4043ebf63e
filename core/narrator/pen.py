"""A passage while it is written: what may be shown of it, what is taken back, where it ends.

Words are shown as soon as they are finished and the guard has let them pass, so nothing that was
shown is ever taken back but the tail after the last sentence.
"""

import functools
import re
from collections.abc import Mapping

from core.narrator.guard import Guard, is_sentence_end
from core.narrator.sampling import Measure
from core.narrator.tokens import Tokens
from core.narrator.wishes import Leaning, Wishes
from core.narrator.worn import NOTHING, Worn

_MOST_REFUSALS = 60  # words taken back in one passage before it ends where it is
_BREAK = 0.6  # a paragraph's end is an end from this share of the target on
_CLOSED = 0.6  # of the passage must be left when a cut avoids an open quotation
_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"))
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LETTERS = re.compile(r"[^\W_\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]{2}")
_SPACES = re.compile(r"\s{2,}|[^\S ]")  # but for single ones, which may stay
_ENDING = tuple(".!?…。！？\"'”’)」』")
_NO_WISHES = Wishes()
_AS_IT_LIKES: Mapping[int, frozenset[int]] = {}
_FAREWELL = re.compile(r"\bthe end[.!]$", re.IGNORECASE)
_FAREWELL_LENGTH = 9  # with what stands before it
_DANGLING = re.compile(
    r"(?:\s+(?:a|an|the|and|but|of|to|in|on|at|with|for|or|her|his|\W+))+$", re.IGNORECASE
)


class Pen:
    """Takes one token after another and says which may not come next."""

    def __init__(
        self,
        tokens: Tokens,
        measure: Measure,
        guard: Guard,
        *,
        barred: frozenset[int] = frozenset(),
        beginning: Mapping[int, frozenset[int]] = _AS_IT_LIKES,
        wishes: Wishes = _NO_WISHES,
        worn: Worn | None = None,
        own: frozenset[int] = frozenset(),
    ) -> None:
        """`barred`: tokens that may never be written; `beginning`: that may not in some places.

        `worn`: phrases that had better not be completed, but with the story's `own` tokens.
        """
        self.ids: list[int] = []
        self.ended = False
        self.shown = ""  # the finished words so far; none of a title
        self.result = ""  # the passage, once it has ended; empty if nothing came of it
        self._tokens = tokens
        self._measure = measure
        self._guard = guard
        self._leaning = Leaning(tokens, wishes)
        self._worn, self._own = worn, own
        first = beginning.get(0, frozenset())
        self._barred_at = {**beginning, 0: _joined(tokens.no_opening, first)}
        self._barred = barred
        self._barred_with_end = _joined(barred, frozenset({tokens.end}))
        self._bytes = bytearray()
        self._text = ""
        self._reach: list[int] = []  # characters of the text up to and with each token
        self._settled = 0  # characters that have passed the guard
        self._whole = 0  # where the last sentence ends
        self._closed = 0  # where the last sentence ends that leaves no quotation open
        self._refusals = 0

    @property
    def barred(self) -> frozenset[int]:
        """Tokens that must not come next; the same object as long as these are the same."""
        usual = self._barred if self._may_end() else self._barred_with_end
        here = self._barred_at.get(len(self.ids))
        return _joined(usual, here) if here else usual

    @property
    def leaning(self) -> Mapping[int, float]:
        """Nats to be added for tokens; the same object as long as these are the same."""
        self._leaning.follow(self._text, self.ids, len(self.ids) / self._measure.most)
        return self._leaning.now

    @property
    def worn(self) -> Mapping[int, float]:
        """Tokens that would complete a worn phrase, and by how many nats it is worn."""
        return self._worn.after(self.ids, self._own) if self._worn else NOTHING

    def take(self, token: int) -> None:
        """Write one token more; `ids` may be shorter afterwards, if the guard refused a word."""
        if token == self._tokens.end:
            self._end_of_story()
            return
        self.ids.append(token)
        self._bytes += self._tokens.bytes_of(token)
        self._text = self._bytes.decode(errors="ignore")
        self._reach.append(len(self._text))
        if self._lengthens_a_settled_word():
            self._take_back()
            return
        settled = self._settled + _finished_words(self._text[self._settled :])
        if settled > self._settled:
            if self._ends_too_early(settled) or self._guard.refuses(
                self._text, self._settled, settled
            ):
                self._take_back()
            else:
                self._settle(settled)
        if not self.ended and len(self.ids) >= self._measure.most:
            self._break_off()

    def _lengthens_a_settled_word(self) -> bool:
        """Whether a word that the guard has read would become another, as after a refusal."""
        around = self._text[max(0, self._settled - 1) : self._settled + 1]
        return bool(self._settled) and len(around) > 1 and _LETTERS.fullmatch(around) is not None

    def _may_end(self) -> bool:
        if len(self.ids) < self._measure.least:
            return False
        text = self._text.rstrip()
        return self._measure.one_line or (text.endswith(_ENDING) and not _open_quotation(text))

    def _ends_too_early(self, settled: int) -> bool:
        """Whether an ending says "The end." before it has told anything."""
        return (
            self._measure.open_end
            and len(self.ids) < self._measure.least
            and self._says_farewell(settled)
        )

    def _says_farewell(self, at: int) -> bool:
        said = self._text[max(0, at - _FAREWELL_LENGTH) : at]
        return said.endswith((".", "!")) and _FAREWELL.search(said) is not None

    def _end_of_story(self) -> None:
        settled = len(self._text.rstrip())
        if settled > self._settled and self._guard.refuses(self._text, self._settled, settled):
            self._take_back()
        else:
            self._settled = settled
            self._end(settled)

    def _settle(self, settled: int) -> None:
        """Take finished words as written; the passage may end with them."""
        fresh, self._settled = self._text[self._settled : settled], settled
        if self._measure.one_line:
            if "\n" in self._text.lstrip():
                self._end(settled)
            return
        self.shown += _spaced(fresh) if self.shown else _spaced(fresh.lstrip())
        if not self._guard.ends_at(settled):
            return
        self._whole = settled
        if _open_quotation(self._text[:settled]):
            return
        self._closed = settled
        if self._measure.open_end:
            if self._says_farewell(settled):
                self._end(settled)
            return
        paragraph = self._text[settled:].startswith("\n")
        enough = self._measure.target * (_BREAK if paragraph else 1)
        if len(self.ids) > enough:
            self._end(settled)

    def _take_back(self) -> None:
        """Drop the refused word and what follows it; it may not begin like this again."""
        kept = next(at for at, reach in enumerate(self._reach) if reach > self._settled)
        while kept < len(self.ids) - 1 and self.ids[kept] in self._tokens.blank:
            kept += 1
        here = self._barred_at.get(kept, frozenset()) | {self.ids[kept]}
        earlier = {at: ids for at, ids in self._barred_at.items() if at < kept}
        self._barred_at = {**earlier, kept: here}
        self.ids = self.ids[:kept]
        self._bytes = bytearray(b"".join(map(self._tokens.bytes_of, self.ids)))
        self._text = self._bytes.decode(errors="ignore")
        self._reach = self._reach[:kept]
        self._refusals += 1
        if self._refusals >= _MOST_REFUSALS:
            self._break_off()

    def _break_off(self) -> None:
        """End at the last sentence; close a quotation, or a sentence if there is none, for it."""
        if self._measure.one_line:
            self._end(self._settled)
        elif self._whole:
            self._end(self._closed if self._closed >= _CLOSED * self._whole else self._whole)
        else:
            self._end(self._settled)

    def _end(self, at: int) -> None:
        self.ended = True
        text = _spaced(self._text[:at].strip())
        self.result = _title(text) if self._measure.one_line else _whole(text)


def _finished_words(text: str) -> int:
    """Where the last finished word ends: before white space, or where a script has none."""
    bare = text.rstrip()
    if len(bare) < len(text):
        return len(bare)
    head, _, word = bare.rpartition(" ")
    if word.isascii() and len(word.split()) == 1:
        return len(head.rstrip())
    for at in range(len(bare) - 1, 0, -1):
        if bare[at].isspace():
            return len(bare[:at].rstrip())
        if _UNSPACED.match(bare[at - 1]):
            return at
    return 0


def _open_quotation(text: str) -> bool:
    paragraph = text[text.rfind("\n") + 1 :]
    return paragraph.count('"') % 2 == 1 or any(
        paragraph.count(opened) > paragraph.count(closed) for opened, closed in _PAIRS
    )


def _spaced(text: str) -> str:
    """Single spaces, and one blank line between paragraphs; a longer text only adds to it."""
    return _SPACES.sub(_as_one, text)


def _as_one(spaces: re.Match[str]) -> str:
    lines = spaces[0].count("\n")
    return "\n\n" if lines > 1 else "\n" * lines or " "


@functools.lru_cache(maxsize=64)
def _joined(some: frozenset[int], others: frozenset[int]) -> frozenset[int]:
    """Both; remembered, since they are much of the vocabulary, and most passages bar the same."""
    return some | others


def _whole(text: str) -> str:
    """The text as whole sentences; one that was broken off gets its full stop."""
    if not any(char.isalnum() for char in text):
        return ""
    if not is_sentence_end(text, len(text)):
        text = text.rstrip(" \n,;:-–—(") + ("。" if _UNSPACED.match(text[-1]) else ".")
    if _open_quotation(text):
        text += next((b for a, b in _PAIRS if text.count(a) > text.count(b)), '"')
    return text


def _title(text: str) -> str:
    line = _DANGLING.sub("", text.partition("\n")[0].strip(" \"'.,;:-")).strip(" \"'.,;:-")
    return line if any(char.isalnum() for char in line) else ""
