import random

import pytest

from core.learning import describe
from core.learning.corpus import Tale
from core.learning.describe import WordWeights
from core.learning.documents import Document, Piece, document, renamed
from core.narrator.headings import START_OF_HEADING, START_OF_TEXT
from core.story.sentences import sentences
from tests.core.learning.packs import story

STORIES = [story(random.Random(seed)) for seed in range(40)]
WEIGHTS = WordWeights.counted([*STORIES, *(["of no weight"] * 400)])


def tale(seed: int, text: str = "") -> Tale:
    return Tale(text=text or STORIES[seed % len(STORIES)], style="tale", whole=True, title="A Day")


def documents(count: int = 600) -> list[tuple[Tale, Document]]:
    rng = random.Random(11)
    tales = [tale(number) for number in range(count)]
    return [(each, document(each, WEIGHTS, rng)) for each in tales]


def headings(made: Document) -> list[tuple[dict[str, str], str]]:
    """Each heading's lines and the text that follows it, up to the next heading."""
    found = []
    for piece, following in zip(made.pieces, [*made.pieces[1:], Piece("")], strict=True):
        if not piece.learnt and piece.text.strip().endswith(START_OF_TEXT):
            lines = piece.text.strip().strip(START_OF_TEXT).strip(START_OF_HEADING)
            pairs = (line.partition(": ")[::2] for line in lines.split(START_OF_HEADING))
            found.append((dict(pairs), following.text))
    return found


def after(made: Document, following: str) -> str:
    """All text from the passage that follows a heading on."""
    texts = [piece.text for piece in made.pieces]
    return " ".join(texts[texts.index(following) :])


def test_words_of_a_heading_stand_in_the_text_after_it() -> None:
    checked = 0
    for _, made in documents():
        for lines, following in headings(made):
            for word in lines.get("Words", "").split(", "):
                assert word in after(made, following).lower()
                checked += bool(word)
    assert checked > 100


def test_a_mood_before_a_passage_is_the_one_measured_on_it() -> None:
    checked = 0
    for whole, made in documents():
        for lines, following in headings(made)[1:]:
            if "Mood" in lines and "Task" not in lines:
                found = sentences(following)
                passages = [" ".join(found[:count]) for count in range(2, 8)]
                marks = {describe.mood(whole.text[: len(passage)]) for passage in passages}
                marks |= {describe.mood(passage) for passage in passages}
                assert lines["Mood"] in marks
                checked += 1
    assert checked > 10


def test_a_recap_is_of_what_stands_before_the_text() -> None:
    checked = 0
    for whole, made in documents():
        lines, following = (headings(made) or [({}, "")])[0]
        if "Recap" in lines:
            before = whole.text[: whole.text.index(following[:40])]
            for sentence in sentences(lines["Recap"]):
                assert " ".join(sentence.split()) in " ".join(before.split())
            checked += 1
    assert checked > 20


def test_some_stories_are_told_passage_by_passage() -> None:
    guided = [made for _, made in documents() if len(headings(made)) > 2]
    assert len(guided) > 60
    for made in guided:
        for lines, following in headings(made):
            assert lines.get("Mood", describe.mood(following)) == describe.mood(following)


def test_an_asked_for_end_is_near_and_learnt() -> None:
    endings = [
        (made, following)
        for _, made in documents()
        for lines, following in headings(made)
        if lines.get("Task") == "end"
    ]
    assert endings
    assert all(made.ends and 0 < len(following) <= 600 for made, following in endings)


def test_headings_and_questions_are_never_learnt() -> None:
    for _, made in documents():
        for piece in made.pieces:
            asked = START_OF_HEADING in piece.text or not piece.text.strip()
            assert piece.learnt != asked


def test_the_story_itself_is_told_whole_and_unchanged() -> None:
    for whole, made in documents():
        learnt = " ".join(" ".join(p.text for p in made.pieces if p.learnt).split())
        rough = any("Rough:" in piece.text for piece in made.pieces)
        titled = made.pieces[-1].text == " A Day"
        recapped = any("Recap:" in piece.text for piece in made.pieces)
        if not (rough or titled or recapped):
            assert learnt == " ".join(whole.text.split())


def test_refining_gives_back_what_was_roughened() -> None:
    checked = 0
    for whole, made in documents():
        for lines, following in headings(made):
            if "Rough" in lines:
                assert following in " ".join(whole.text.split())
                assert lines["Rough"] != following
                checked += 1
    assert checked > 10


def test_other_names_are_kept_throughout() -> None:
    changed = renamed(tale(0), random.Random(1))
    assert changed.text != STORIES[0]
    assert len(changed.text.split()) == len(STORIES[0].split())
    told = [name for name in ("Lily", "Tom", "Mia", "Ben", "Sue", "Max") if name in STORIES[0]]
    assert not any(name in changed.text for name in told)


@pytest.mark.parametrize("length", [1, 3, 60])
def test_short_and_long_tales_make_documents_too(length: int) -> None:
    text = " ".join(f"Lily saw {number} red boats on the river." for number in range(length))
    rng = random.Random(2)
    for _ in range(60):
        made = document(tale(0, text), WEIGHTS, rng)
        assert any(piece.learnt and piece.text for piece in made.pieces)
