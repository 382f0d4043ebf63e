import pytest
from sqlalchemy import func, select

from core.storage.library import Library, Outcome, Spine
from core.storage.tables import branches, lore, passages, picks, ratings, shelf, turns
from core.story.model import State
from tests.core.storage.steps import NOW, a_session, a_story, grow, grown, later, told
from tests.factories import a_volume


def titles(library: Library, search: str = "", *, archived: bool = False) -> list[str]:
    with library.begin() as tx:
        place = a_session(tx).place
        spines, total = tx.shelf(place, search=search, archived=archived, limit=99, offset=0)
    assert total == len(spines)
    return [spine.title for spine in spines]


def test_the_shelf_shows_a_place_s_stories_newest_first(library: Library) -> None:
    with library.begin() as tx:
        ann, other = a_session(tx), a_session(tx, chat="other")
        first = a_story(tx, ann, title="First")
        a_story(tx, ann, title="Second")
        a_story(tx, other, title="Elsewhere")
        (one, _), first = grown(tx, first, "One.", "Two.")
        tx.move_head(first, one, now=later(5))
        spines, total = tx.shelf(ann.place, limit=10, offset=0)
        assert not tx.on_shelf(other.place, first.id)
    assert total == 2
    assert [spine.title for spine in spines] == ["First", "Second"]
    premise = "A keeper finds a shell."
    assert spines[0] == Spine(first.id, "First", premise, 1, State.TOLD, later(5))
    assert spines[1].passages == 0


def test_a_page_of_the_shelf_knows_how_many_there_are_in_all(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        for number in range(5):
            a_story(tx, ann, title=str(number), now=later(number))
        pages = [tx.shelf(ann.place, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    found = [([spine.title for spine in spines], total) for spines, total in pages]
    assert found == [(["4", "3"], 5), (["2", "1"], 5), (["0"], 5), ([], 5)]


def test_archived_stories_stand_apart(library: Library) -> None:
    with library.begin() as tx:
        a_story(tx, title="Here")
        tx.change_story(a_story(tx, title="Away"), state=State.ARCHIVED, now=NOW)
        tx.change_story(a_story(tx, title="Ended"), state=State.FINISHED, now=later(-1))
    assert titles(library) == ["Here", "Ended"]
    assert titles(library, archived=True) == ["Away"]


def test_a_search_looks_into_titles_premises_and_passages(library: Library) -> None:
    with library.begin() as tx:
        a_story(tx, title="By TITLE: Лампа", premise="")
        a_story(tx, title="By premise", premise="An old ЛАМПА", now=later(-1))
        story = a_story(tx, title="By passage", premise="", now=later(-2))
        grown(tx, story, "Nothing.", "Die Lampe; 灯塔; лампа.", "Nothing.")
        a_story(tx, title="Not", premise="")
    assert sorted(titles(library, "лАМПа")) == ["By TITLE: Лампа", "By passage", "By premise"]
    assert titles(library, "灯塔") == ["By passage"]
    assert titles(library, "title") == ["By TITLE: Лампа"]
    assert titles(library, "nowhere") == []


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", '"; DROP TABLE stories; --', "[a-z]", "*"])
def test_nothing_searched_for_is_a_wildcard_or_a_command(library: Library, search: str) -> None:
    with library.begin() as tx:
        a_story(tx, title="Plain", premise="")
        a_story(tx, title=f"With {search} in it", premise="")
    assert titles(library, search) == [f"With {search} in it"]


def test_a_search_for_a_whole_book_finds_nothing(library: Library) -> None:
    told(library, "One.")
    assert titles(library, "lamp " * 20_000) == []


def test_a_story_is_opened_in_a_place(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        first, second = a_story(tx, ann), a_story(tx, ann)
        assert a_session(tx).story == second.id
        tx.open_story(ann.place, first.id)
        assert a_session(tx).story == first.id


def test_a_deleted_story_leaves_nothing_behind(library: Library) -> None:
    (first, second), story = told(library, "One.", "Two.")
    (other,), others = told(library, "Another.")
    with library.begin() as tx:
        ann = a_session(tx)
        third, story = grow(tx, story, after=first.id)
        story = tx.add_branch(story, "b", now=NOW)
        story = tx.add_lore(story, keywords=("a",), text="b", always=True, now=NOW)
        tx.rate(second.id, ann.author, 1, now=NOW)
        tx.note_pick(third.id, [second.id], ann.author, how="pick", now=NOW)
        turn = tx.note_answered(platform="test", request="1", session=ann, now=NOW, story=story.id)
        assert turn is not None
        tx.close_turn(turn, outcome=Outcome.ANSWERED, passage=third.id, answer=None, now=NOW)
        tx.open_story(ann.place, story.id)
        tx.delete_story(story.id)
    with library.begin() as tx:
        assert tx.story(story.id) is None
        assert a_session(tx).story is None
        assert tx.path(third.id, 9) == ()
        assert tx.volume(others.id).passages == (other,)
        counts = {
            table.name: tx._db.scalar(select(func.count()).select_from(table))
            for table in (lore, ratings, picks, branches, shelf, passages, turns)
        }
    assert counts == {
        **dict.fromkeys(["lore", "ratings", "picks"], 0),
        **dict.fromkeys(["branches", "shelf", "passages", "turns"], 1),
    }


def test_a_deleted_story_s_numbers_are_not_given_again(library: Library) -> None:
    """An old button must not open, or delete, another story."""
    (passage,), story = told(library, "One.")
    with library.begin() as tx:
        tx.delete_story(story.id)
    (new,), other = told(library, "Another.")
    assert other.id != story.id
    assert new.id != passage.id


def test_a_story_of_two_thousand_passages_can_be_deleted(library: Library) -> None:
    volume = a_volume(*(f"Sentence {number}." for number in range(2000)))
    with library.begin() as tx:
        story = tx.import_volume(a_session(tx), volume, now=NOW)
    with library.begin() as tx:
        tx.delete_story(story.id)
        assert tx.story(story.id) is None
