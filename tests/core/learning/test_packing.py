import random
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from core.learning.documents import Document, Piece
from core.learning.packing import IGNORED, Encoded, encode, rows
from core.learning.tokenizer import END_OF_TEXT_ID, train_tokenizer
from core.narrator.headings import Field, heading


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(["Once there was a red boat on the river."] * 20, 400)


def made_up(count: int, seed: int, longest: int = 90) -> Iterator[Encoded]:
    rng = random.Random(seed)
    for _ in range(count):
        length = rng.randint(5, longest)
        yield Encoded((END_OF_TEXT_ID, *[rng.randint(1, 99)] * length), (False, *[True] * length))


def test_rows_are_nearly_full() -> None:
    packed = list(islice(rows(made_up(4000, 1), 64, random.Random(0)), 800))
    learnt = sum(int((targets != IGNORED).sum()) for _, targets in packed)
    assert learnt / (800 * 64) > 0.93


def test_most_rows_open_a_document() -> None:
    packed = list(rows(made_up(2000, 2, longest=60), 64, random.Random(0)))
    opened = sum(inputs[0] == END_OF_TEXT_ID for inputs, _ in packed)
    assert opened / len(packed) > 0.7


def test_every_token_is_learnt_once() -> None:
    documents = list(made_up(500, 3))
    packed = list(rows(iter(documents), 64, random.Random(0)))
    learnt = sum(int((targets != IGNORED).sum()) for _, targets in packed)
    assert learnt == sum(sum(document.learnt) for document in documents)


def test_a_target_is_the_next_token() -> None:
    for inputs, targets in rows(made_up(100, 4), 32, random.Random(0)):
        known = targets[:-1] != IGNORED
        assert np.array_equal(inputs[1:][known], targets[:-1][known])


def test_headings_are_read_and_not_learnt(tokenizer: PreTrainedTokenizerFast) -> None:
    told = heading([(Field.MOOD, "sad")])
    document = Document((Piece(told, learnt=False), Piece("Once there was a boat.")))
    encoded = encode(document, tokenizer)
    skipped = len(tokenizer.encode(told))
    assert encoded.ids[0] == END_OF_TEXT_ID
    assert encoded.ids[-1] == END_OF_TEXT_ID
    assert encoded.learnt == (False,) * (1 + skipped) + (True,) * (len(encoded.ids) - 1 - skipped)


def test_an_excerpt_has_no_end(tokenizer: PreTrainedTokenizerFast) -> None:
    encoded = encode(Document((Piece("a red boat"),), ends=False), tokenizer)
    assert encoded.ids[-1] != END_OF_TEXT_ID
