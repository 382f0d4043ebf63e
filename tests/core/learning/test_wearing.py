"""Counting worn phrases."""

import json
import lzma
import sys
from pathlib import Path

import pytest

from core.learning import wearing
from core.narrator.worn import read_shares

STORY = "Tim saw a big tree. He was so happy that he ran home to tell his mum all about it. "


def test_a_phrase_counts_once_in_a_story() -> None:
    found = wearing.counted(["A big tree. A big tree.", "A big dog.", "No."])
    assert found["A big tree"] == found[". A big"] == pytest.approx(333.3)
    assert "A big" not in found
    assert " big tree." not in found  # it ends with no word


def test_what_few_stories_have_is_not_worn() -> None:
    stories = [f"It was {'red' if at == 0 else 'blue'} today." for at in range(1000)]
    assert "It was blue" in wearing.counted(stories)
    assert "It was red" not in wearing.counted(stories)


def test_the_command_counts_the_stories_whose_voice_the_starter_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": STORY + f"{number} stars shone.", "source": "t"} for number in range(4)]
    with lzma.open(tmp_path / "en_tinystories.train.jsonl.xz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    out = tmp_path / "worn.txt"
    monkeypatch.setattr(sys, "argv", ["wearing", "--corpus", str(tmp_path), "--out", str(out)])
    wearing.main()
    shares = read_shares(out)
    assert shares[" a big tree"] == 1000
    assert shares[" 2 stars shone"] == 250
    assert f"{len(shares):,} worn phrases of 4 stories" in capsys.readouterr().out


def test_a_corpus_without_them_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["wearing", "--corpus", str(tmp_path)])
    with pytest.raises(SystemExit):
        wearing.main()
    assert "en_tinystories" in capsys.readouterr().err
