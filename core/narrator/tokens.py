"""What a GPT-2 tokenizer makes of text, and the bytes each of its tokens stands for."""

import functools
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from core.errors import ModelUnavailable
from core.narrator.headings import START_OF_HEADING, START_OF_TEXT, plain

END_OF_TEXT = "<|endoftext|>"
_CONTROL = frozenset(range(0x20)) - {0x0A} | {0x7F}  # bytes no story holds; a line may end
_LONGEST = 12  # characters in a token on a generous average: text beyond is cut before encoding
_REMEMBERED = 2048  # passages whose tokens are kept: those of some dozens of stories
# Words that every sentence needs: repeating them is no repetition.
_LITTLE = frozenset(
    "a an the and or but so of to in on at by for with from into up down out off over as if than "
    "then that this it its he she they we you i him her them his their our my your me us was were "
    "is are be been had has have did do not no there what who said".split()
)


class Tokens:
    """A byte-level tokenizer; `<|endoftext|>` in a text is only letters to it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self.encode = functools.lru_cache(_REMEMBERED)(self._encode)
        self.read = functools.lru_cache(_REMEMBERED)(self._read)
        self.size = tokenizer.get_vocab_size()
        end = tokenizer.token_to_id(END_OF_TEXT)
        if end is None:
            raise ModelUnavailable(f"The tokenizer has no token {END_OF_TEXT}.")
        self.end: int = end
        letters = {char: byte for byte, char in _byte_letters().items()}
        self._bytes = [
            b""
            if token == end
            else bytes(letters[char] for char in self._spelling(token) if char in letters)
            for token in range(self.size)
        ]
        for mark in (START_OF_HEADING, START_OF_TEXT):
            if b"".join(self._bytes[token] for token in self.encode(mark)) != mark.encode():
                raise ModelUnavailable("The tokenizer is not a byte-level one, as GPT-2's is.")
        # Before a word, since GPT-2's own tokenizer reads a blank line at a text's end otherwise.
        self.blank_line = self.encode("\n\nA")[: -len(self.encode("A"))]
        special = tokenizer.get_added_tokens_decoder()
        self.unwritable = frozenset(
            token
            for token, spelled in enumerate(self._bytes)
            if not spelled or not _CONTROL.isdisjoint(spelled) or token in special
        ) - {end}
        self.blank = frozenset(
            token for token, spelled in enumerate(self._bytes) if not spelled.strip()
        )
        self.no_opening = frozenset(
            token for token, spelled in enumerate(self._bytes) if not _opens(spelled)
        )
        self.telling = tuple(map(_tells, self._bytes))  # whether repeating it is felt

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _read(self, passage: str) -> tuple[int, ...]:
        return self._encode(tidy(passage))

    def _spelling(self, token: int) -> str:
        return self._tokenizer.id_to_token(token) or ""

    def bytes_of(self, token: int) -> bytes:
        """The bytes of a token; one may be a part of a character. End-of-text has none."""
        return self._bytes[token]

    def clipped(self, text: str, most: int) -> str:
        """As much of the text's beginning as makes `most` tokens, cut at a word."""
        cut = text[: most * _LONGEST]
        found = self._tokenizer.encode(cut, add_special_tokens=False)
        if len(found.ids) <= most:
            return text if len(cut) == len(text) else _without_last_word(cut)
        cut = _without_last_word(text[: found.offsets[most][0] + 1])
        while len(self._encode(cut)) > most:  # half a word may make more tokens than the whole
            cut = cut[:-1]
        return cut

    def tail(self, text: str, most: int) -> str:
        """As much of the text's end as makes `most` tokens, from a sentence's or a word's start."""
        cut = text[-most * _LONGEST :]
        found = self._tokenizer.encode(cut, add_special_tokens=False)
        if len(found.ids) > most:
            cut = cut[found.offsets[len(found.ids) - most][0] :]
        if len(cut) < len(text):
            cut = _from_a_start(cut)
        while len(self._encode(cut)) > most:
            cut = cut[1:]
        return cut


def read_tokens(folder: Path) -> Tokens:
    """The tokenizer of a model's folder: tokenizer.json, or vocab.json with merges.txt."""
    whole, vocabulary, merges = (
        folder / name for name in ("tokenizer.json", "vocab.json", "merges.txt")
    )
    try:
        if whole.exists():
            return Tokens(Tokenizer.from_file(str(whole)))
        tokenizer = Tokenizer(models.BPE.from_file(str(vocabulary), str(merges)))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([END_OF_TEXT])
        return Tokens(tokenizer)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{folder}: {error}") from None
    except Exception as error:  # tokenizers raises bare Exceptions, whatever is wrong
        raise ModelUnavailable(
            f"{folder} has no readable tokenizer.json (or vocab.json and merges.txt): {error}"
        ) from error


def _byte_letters() -> dict[int, str]:
    """GPT-2's letter for each byte (Radford et al., 2019, `bytes_to_unicode`)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {
        byte: chr(256 + number) for number, byte in enumerate(hidden)
    }


def _opens(spelled: bytes) -> bool:
    """Whether a passage may begin with it: a capital, a quotation, or a letter without case."""
    text = spelled.decode(errors="replace").strip()
    return (
        text[:1] in {'"', "“", "「"}
        or (text[:1].isalpha() and not text[0].islower())
        or (
            text[:1] == "\N{REPLACEMENT CHARACTER}"  # the first byte of some character
        )
    )


def _tells(spelled: bytes) -> bool:
    """Whether a token carries meaning of its own: no mark, little word or name."""
    text = spelled.decode(errors="ignore")
    word = text.strip()
    named = text.startswith(" ") and word[:1].isupper()
    return len(word) > 2 and word.isalpha() and word.lower() not in _LITTLE and not named  # noqa: PLR2004 - shorter ones are parts


def _without_last_word(text: str) -> str:
    head, space, _ = text.rstrip().rpartition(" ")
    return head.rstrip() if space else text


def _from_a_start(text: str) -> str:
    """From the first sentence that begins in it, else from the first word."""
    for mark in (". ", '." ', "! ", "? ", "\n", " "):
        at = text.find(mark)
        if 0 <= at < len(text) // 2:
            return text[at + len(mark) :].lstrip()
    return text


def tidy(text: str) -> str:
    """Plain text as narrators read it: paragraphs with a blank line between, single spaces."""
    paragraphs = (" ".join(part.split()) for part in plain(text).split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)
