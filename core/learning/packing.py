"""Documents as rows of tokens, nearly without padding, most of them opening a document."""

import random
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from core.learning.documents import Document

IGNORED = -100  # torch's cross entropy leaves such targets out
_POOL = 256  # documents to choose from; more fill the rows better and mix the mixture less


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document's tokens and, for each, whether it is to be learnt."""

    ids: tuple[int, ...]
    learnt: tuple[bool, ...]


Row = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # inputs, targets; (window,) each


def encode(document: Document, tokenizer: PreTrainedTokenizerBase) -> Encoded:
    """End-of-text, the pieces, and end-of-text again where the story ends."""
    ids: list[int] = [tokenizer.eos_token_id]
    learnt: list[bool] = [False]
    for piece in document.pieces:
        tokens = tokenizer.encode(piece.text, add_special_tokens=False)
        ids += tokens
        learnt += [piece.learnt] * len(tokens)
    if document.ends:
        ids.append(tokenizer.eos_token_id)
        learnt.append(True)
    return Encoded(tuple(ids), tuple(learnt))


def rows(documents: Iterator[Encoded], window: int, rng: random.Random) -> Iterator[Row]:
    """Rows of `window` tokens and their next tokens.

    A document longer than a row is cut into whole rows; its remainder opens the next row. Every
    other row is opened by a random document and filled up with those that fit best.
    """
    size = window + 1
    pool: list[tuple[int, int, Encoded]] = []  # length, tie-breaker, document; sorted by length
    openers: list[Encoded] = []
    counter = 0
    while True:
        for document in documents:
            for part in _cut(document, size):
                if len(part.ids) == size:
                    yield _row([part], size)
            rest = _cut(document, size)[-1]
            if rest is not document and len(rest.ids) < size:
                openers.append(rest)
            elif len(rest.ids) < size:
                insort(pool, (len(rest.ids), counter, rest))
                counter += 1
            if len(pool) >= _POOL:
                break
        if not pool and not openers:
            return
        opener = openers.pop() if openers else pool.pop(rng.randrange(len(pool)))[2]
        yield _row(_filled(opener, pool, size), size)


def _cut(document: Encoded, size: int) -> list[Encoded]:
    """Parts of at most `size` tokens, each beginning with the last token of the one before."""
    if len(document.ids) <= size:
        return [document]
    starts = range(0, len(document.ids) - 1, size - 1)
    return [
        Encoded(document.ids[start : start + size], document.learnt[start : start + size])
        for start in starts
    ]


def _filled(opener: Encoded, pool: list[tuple[int, int, Encoded]], size: int) -> list[Encoded]:
    chosen = [opener]
    space = size - len(opener.ids)
    while (best := bisect_right(pool, space, key=lambda entry: entry[0])) > 0:
        length, _, document = pool.pop(best - 1)
        chosen.append(document)
        space -= length
    return chosen


def _row(documents: Sequence[Encoded], size: int) -> Row:
    ids = [token for document in documents for token in document.ids]
    learnt = [flag for document in documents for flag in document.learnt]
    padding = size - len(ids)
    ids += [0] * padding  # any token: what is not learnt at the end is not read either
    learnt += [False] * padding
    tokens = np.array(ids, dtype=np.int64)
    targets = np.where(np.array(learnt), tokens, IGNORED)
    return tokens[:-1], targets[1:]
