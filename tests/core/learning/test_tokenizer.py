from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.learning.tokenizer import END_OF_TEXT, END_OF_TEXT_ID, train_tokenizer
from core.narrator.headings import Field, heading

TEXT = "Once there was a boat.\n\nIt wasn't red, Tom's dog said; it cost 25 coins.\n\nThe end."


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer([TEXT, heading([(Field.MOOD, "sad")]) + TEXT] * 30, 420).save_pretrained(folder)
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return loaded


def test_a_typed_end_mark_is_only_letters(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer.encode(f"He typed {END_OF_TEXT} twice", add_special_tokens=False)
    assert END_OF_TEXT_ID not in ids
    assert tokenizer.decode(ids) == f"He typed {END_OF_TEXT} twice"


@pytest.mark.parametrize(
    "text", [TEXT, "故事開始了。\n\nÇa va?\t✨", "a  b \n c", "\x01Mood: sad\x02No"]
)
def test_every_text_can_be_read_and_written(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_a_text_may_be_cut_at_blank_lines_and_headings(tokenizer: PreTrainedTokenizerBase) -> None:
    parts = ["Once there was", "\n\n", heading([(Field.MOOD, "sad")]), "It wasn't", "\n\n", "Red"]
    together = tokenizer.encode("".join(parts), add_special_tokens=False)
    apart = [i for part in parts for i in tokenizer.encode(part, add_special_tokens=False)]
    assert together == apart


def test_a_blank_line_is_one_token(tokenizer: PreTrainedTokenizerBase) -> None:
    assert len(tokenizer.encode("\n\n", add_special_tokens=False)) == 1


def test_the_end_mark_is_the_first_token(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenizer.convert_tokens_to_ids(END_OF_TEXT) == END_OF_TEXT_ID
    assert tokenizer.eos_token_id == tokenizer.bos_token_id == END_OF_TEXT_ID
