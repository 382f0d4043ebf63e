"""A pen for text that comes from elsewhere in pieces, token boundaries unknown.

It hands whole words to the pen, which keeps out, cleans and ends as it does here. What cannot be
done to another's logits is done to the words instead: see `read`.
"""

from core.narrator.guard import Guard
from core.narrator.headings import plain
from core.narrator.pen import Pen
from core.narrator.sampling import Measure
from core.narrator.tokens import Tokens

_UNSPACED = "\u3000"  # from here on, more or less, scripts are written without spaces


class Scribe(Pen):
    """Takes pieces of text; tokens are only its measure of length."""

    def __init__(self, tokens: Tokens, measure: Measure, guard: Guard) -> None:
        super().__init__(tokens, measure, guard)
        self._spelling = tokens
        self._unread = ""  # a word that is not finished
        self._joins = True  # whether the next piece is the first after what is written

    @property
    def written(self) -> str:
        """The text so far, as another piece may go on from it."""
        spelled = b"".join(map(self._spelling.bytes_of, self.ids))
        return spelled.decode(errors="ignore").rstrip(" ")

    def read(self, piece: str) -> bool:
        """Write a piece; False where a word of it was refused, and what came after it is void.

        Control characters are dropped. A passage begins with a capital, a quotation or a letter
        without case, since a server cannot be told with what it may not begin.
        """
        self._unread += plain(piece)
        if self._joins:
            self._unread = self._joined(self._unread)
            if not self._unread.strip():
                return True
            self._joins = False
        cut = _finished(self._unread)
        words, self._unread = self._unread[:cut], self._unread[cut:]
        return self._write(words)

    def rest(self) -> bool:
        """Write the last word too: nothing follows it. False where it was refused."""
        last, self._unread = self._unread, ""
        return self._write(last)

    def again(self) -> None:
        """Forget the word that is not finished; the next piece goes on from `written`."""
        self._unread = ""
        self._joins = True

    def stop(self) -> bool:
        """End where the text stands, if it may end there."""
        if self._spelling.end in self.barred:
            return False
        self.take(self._spelling.end)
        return self.ended

    def break_off(self) -> None:
        """End with what there is of it, cut at a sentence."""
        self._break_off()

    def _write(self, words: str) -> bool:
        for token in self._spelling.encode(words):
            before = len(self.ids)
            self.take(token)
            if self.ended:
                return True
            if len(self.ids) <= before:
                return False
        return True

    def _joined(self, text: str) -> str:
        """The first piece, as it follows what is written."""
        if self.ids:
            return text.lstrip(" ") if self.ids[-1] in self._spelling.blank else text
        start = next((at for at, char in enumerate(text) if char.isalpha() or char in '"「'), None)
        if start is None:
            return ""
        return text[start].upper() + text[start + 1 :]


def _finished(text: str) -> int:
    """Where the last word begins that may go on; 0 if it is the only one."""
    for at in range(len(text) - 1, 0, -1):
        if text[at].isspace() or text[at - 1] >= _UNSPACED:
            return at
    return 0
