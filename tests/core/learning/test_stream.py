from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from core.learning import corpus
from core.learning.corpus import MIXTURE, Pack, tales
from core.learning.describe import WordWeights
from core.learning.stream import stream
from tests.core.learning.packs import write_corpus

NO_WEIGHTS = WordWeights({})


def pack(name: str) -> Pack:
    return next(pack for pack in MIXTURE if pack.name == name)


def test_the_shares_of_the_mixture_are_shares() -> None:
    assert sum(pack.early for pack in MIXTURE) == pytest.approx(1)
    assert sum(pack.late for pack in MIXTURE) == pytest.approx(1)


def test_rows_that_are_no_story_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (
        '{"title": "T", "genre": "Sea", "mood": "sad", "words": ["a"], "text": "'
        + "x y " * 40
        + '"}'
    )
    rows = ["{broken", '{"text": "short"}', '{"text": 7}', "[1]", good]
    (tmp_path / "01.jsonl").write_text("\n".join(rows))
    monkeypatch.setattr(corpus, "OWN_STORIES", tmp_path)
    (tale,) = tales(pack("own"), tmp_path)
    assert (tale.title, tale.genre, tale.words) == ("T", "sea", ("a",))


def test_text_becomes_plain_with_one_blank_line_between_paragraphs() -> None:
    assert corpus.tidy("A\x01b  “c”\n d\n\n\n\n e ") == 'Ab "c" d\n\ne'


def test_a_books_chapters_bring_their_own_titles(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    assert tales(pack("en_ccby"), tmp_path)[0].title == "Book 0"


def test_stories_added_later_are_picked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "OWN_STORIES", tmp_path)
    documents = stream(tmp_path, NO_WEIGHTS, 0, lambda: 0.5)
    row = '{"text": "%s"}\n'
    (tmp_path / "1.jsonl").write_text(row % ("One fine day a crab sang. " * 9))
    assert "crab" in str(next(documents))
    (tmp_path / "2.jsonl").write_text(row % ("One fine day a whale sang. " * 9))
    later = " ".join(str(document) for document in islice(documents, 5))
    assert "whale" in later


def test_no_text_makes_no_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "OWN_STORIES", tmp_path)
    assert list(stream(tmp_path, NO_WEIGHTS, 0, lambda: 0.5)) == []


def test_packs_come_in_their_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "OWN_STORIES", tmp_path / "none")
    write_corpus(tmp_path, stories=400)
    tiny, books = pack("en_tinystories"), pack("en_ccby")
    drawn: Counter[str] = Counter()
    monkeypatch.setattr(
        "core.learning.stream.document",
        lambda tale, *_: drawn.update({tale.pack: len(tale.text)}),
    )
    list(islice(stream(tmp_path, NO_WEIGHTS, 0, lambda: 0.0), 300))
    share = drawn[books.name] / drawn.total()
    assert share == pytest.approx(books.early / (tiny.early + books.early), abs=0.03)


def test_a_small_pack_is_not_told_too_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "OWN_STORIES", tmp_path / "none")
    write_corpus(tmp_path, stories=20)
    drawn: Counter[str] = Counter()
    monkeypatch.setattr("core.learning.stream.document", lambda tale, *_: drawn.update([tale.pack]))
    list(islice(stream(tmp_path, NO_WEIGHTS, 0, lambda: 0.5), 150))
    assert drawn["en_tinystories"] <= 20 * (pack("en_tinystories").most * 0.5 + 1) + 1
    assert drawn["en_ccby"] > 80
