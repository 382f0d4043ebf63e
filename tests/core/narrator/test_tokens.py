"""What a tokenizer makes of text."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from core.errors import ModelUnavailable
from core.narrator.tokens import Tokens, read_tokens, tidy


@given(st.text(max_size=80))
def test_every_text_is_read_and_written_back(tokens: Tokens, text: str) -> None:
    if text.isprintable():
        ids = tokens.encode(text)
        assert b"".join(map(tokens.bytes_of, ids)).decode() == text
        assert tokens.end not in ids


def test_an_end_of_text_that_was_typed_is_letters(tokens: Tokens) -> None:
    assert tokens.end not in tokens.encode("a <|endoftext|> b")
    assert len(tokens.encode("<|endoftext|>")) > 5


def test_a_blank_line_is_read_as_it_stands_before_a_word(tokens: Tokens) -> None:
    assert tokens.encode("sea.\n\nMara") == (
        *tokens.encode("sea."),
        *tokens.blank_line,
        *tokens.encode("Mara"),
    )


@given(
    st.text(max_size=200) | st.just("Mara slept. " * 50) | st.just("海" * 90), st.integers(1, 40)
)
def test_a_cut_text_has_no_more_tokens_than_asked(tokens: Tokens, text: str, most: int) -> None:
    for cut in (tokens.clipped(text, most), tokens.tail(text, most)):
        assert len(tokens.encode(cut)) <= most
        assert cut in text


def test_a_text_is_cut_at_a_word(tokens: Tokens) -> None:
    text = "Mara found a shell on the sand. Tom woke late."
    assert text.startswith(tokens.clipped(text, 10) + " ")
    assert tokens.tail(text, len(tokens.encode("the sand. Tom woke late."))) == "Tom woke late."
    assert tokens.clipped(text, 200) == tokens.tail(text, 200) == text
    assert len(tokens.clipped("x" * 1000, 10)) == 10


def test_what_no_story_holds_cannot_be_written(tokens: Tokens) -> None:
    for mark in "\x01\x02\x00\t\r\x7f":
        assert tokens.encode(mark)[0] in tokens.unwritable
    assert tokens.encode("\n")[0] not in tokens.unwritable
    assert tokens.end not in tokens.unwritable


def test_repeating_a_name_or_a_little_word_is_not_felt(tokens: Tokens) -> None:
    felt = {text: tokens.telling[tokens.encode(text)[0]] for text in (" the", " shell", ".")}
    assert felt == {" the": False, " shell": True, ".": False}


def test_tidy_text_has_single_spaces_and_blank_lines() -> None:
    assert tidy(" “Oh”,\tshe\r\nsaid. \n\n\n\n So \x01be it.\n\n") == '"Oh", she said.\n\nSo be it.'


def test_vocabulary_and_merges_will_do_as_well(speaking: Path, tmp_path: Path) -> None:
    made = json.loads((speaking / "tokenizer.json").read_text())["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(made["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in made["merges"])
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    text = "Mara found a small red shell.\n\n“海”"
    assert read_tokens(tmp_path).encode(text) == read_tokens(speaking).encode(text)


@pytest.mark.parametrize("broken", ["", "{", '{"model": 1}'])
def test_a_broken_tokenizer_is_refused_with_its_folder(tmp_path: Path, broken: str) -> None:
    if broken:
        (tmp_path / "tokenizer.json").write_text(broken)
    with pytest.raises(ModelUnavailable, match=str(tmp_path)):
        read_tokens(tmp_path)


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    words = models.WordLevel({"<|endoftext|>": 0, "a": 1, "[UNK]": 2}, unk_token="[UNK]")  # noqa: S106 - no password
    Tokenizer(words).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ModelUnavailable, match="byte-level"):
        read_tokens(tmp_path)
    Tokenizer(models.BPE({"a": 0}, [])).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ModelUnavailable, match="endoftext"):
        read_tokens(tmp_path)


def test_added_special_tokens_cannot_be_written(speaking: Path, tmp_path: Path) -> None:
    shutil.copy(speaking / "tokenizer.json", tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.add_special_tokens(["<|pad|>"])
    tokens = Tokens(tokenizer)
    assert tokenizer.token_to_id("<|pad|>") in tokens.unwritable
