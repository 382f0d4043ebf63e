"""What groups agreed on, and where a story is told: kept, moved with its chat, left for good."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.storage.library import Library
from core.story.group import Group, Order, Role, Vote, without
from tests.core.storage.steps import NOW, a_session, a_story, later

people = st.integers(1, 4)


def moved(library: Library) -> None:
    with library.begin() as tx:
        tx.move_places(platform="test", old="old", new="new")


def test_all_that_was_agreed_on_is_kept(library: Library) -> None:
    with library.begin() as tx:
        story = a_story(tx)
        vote = Vote(after=None, takes=(5, 6, 7), votes=((1, 6),))
        group = Group(story.id, host=1, home=1, order=Order.VOTE, seats=(1, 2), due=later(5))
        group = replace(group, vote=vote, roles=((2, Role.READER),), code="ABC")
        tx.keep_group(group)
    with library.begin() as tx:
        assert tx.group(story.id) == group
        assert tx.story_of_code("ABC") == story.id
        assert tx.groups_due(later(4)) == []
        assert tx.groups_due(later(5)) == [story.id]


def test_a_chat_that_moves_takes_its_topics_along(library: Library) -> None:
    with library.begin() as tx:
        stories = {topic: a_story(tx, a_session(tx, chat="old", topic=topic)) for topic in "12"}
        other = a_story(tx, a_session(tx, platform="elsewhere", chat="old"))
    moved(library)
    moved(library)
    with library.begin() as tx:
        for topic, story in stories.items():
            assert a_session(tx, chat="new", topic=topic).story == story.id
        assert a_session(tx, chat="old", topic="1").story is None
        assert a_session(tx, platform="elsewhere", chat="old").story == other.id


def test_what_was_begun_under_the_new_name_joins_what_was_there(library: Library) -> None:
    with library.begin() as tx:
        old = a_session(tx, chat="old")
        shared, new = a_story(tx, old), a_session(tx, chat="new", author="ben", name="Ben")
        later_story = a_story(tx, new)
        tx.put_on_shelf(new.place, shared.id)
        a_session(tx, chat="new")
        turn = tx.open_turn(platform="test", request="7", session=new, command="{}", now=NOW)
        tx.note_screen(platform="test", request="7", screen="m1")
    moved(library)
    with library.begin() as tx:
        ben = a_session(tx, chat="new", author="ben", name="Ben")
        assert (ben.place, ben.joined, ben.story) == (old.place, NOW, later_story.id)
        assert {s.id for s in tx.shelf(old.place, limit=9, offset=0)[0]} == {
            shared.id,
            later_story.id,
        }
        assert [left.id for left in tx.open_turns("test")] == [turn]
        spot = tx.place_of(platform="test", chat="new", screen="m1")
        assert spot is not None
        assert spot.id == old.place


@pytest.mark.parametrize(
    ("old_says", "new_says", "kept"),
    [(True, False, False), (False, True, False), (None, False, False), (False, None, False)],
)
def test_a_chat_that_moves_takes_back_no_refusal_to_be_learned_from(
    library: Library, *, old_says: bool | None, new_says: bool | None, kept: bool
) -> None:
    with library.begin() as tx:
        for chat, learn in (("old", old_says), ("new", new_says)):
            place = a_session(tx, chat=chat).place
            if learn is not None:
                tx.set_place_learns(place, learn=learn, now=NOW)
    moved(library)
    with library.begin() as tx:
        assert tx.place_learns(a_session(tx, chat="new").place) == kept


def test_a_forgotten_host_leaves_neither_rights_nor_a_home_to_whoever_comes_next(
    library: Library,
) -> None:
    with library.begin() as tx:
        ann = a_session(tx, chat="alone", private=True)
        ben = a_session(tx, author="ben", name="Ben")
        story = a_story(tx, ann)
        tx.put_on_shelf(ben.place, story.id)
        tx.keep_group(Group(story.id, host=ann.author, home=ann.place, seats=(ann.author,)))
        others = a_story(tx, ben).id
        untouched = Group(others, host=ben.author, seats=(ben.author,), home=ben.place, due=NOW)
        tx.keep_group(untouched)
        tx.forget_person(ann.author)
    with library.begin() as tx:
        assert tx.group(story.id) == Group(story.id)
        assert tx.group(untouched.story) == untouched


@given(
    seats=st.lists(people, unique=True),
    at=st.integers(0, 4),
    order=st.sampled_from(Order),
    voices=st.dictionaries(people, st.integers(5, 7)) | st.none(),
    gone=people,
)
def test_without_somebody_everybody_else_keeps_their_turn_and_voice(
    seats: list[int], at: int, order: Order, voices: dict[int, int] | None, gone: int
) -> None:
    vote = None if voices is None else Vote(None, (5, 6, 7), tuple(voices.items()))
    given_ = ((gone, Role.READER), (9, Role.HOST))
    before = Group(1, order=order, seats=tuple(seats), at=min(at, len(seats)), due=NOW, vote=vote)
    before = replace(before, host=gone, roles=given_)
    after = without(before, gone)
    assert after.seats == tuple(seat for seat in seats if seat != gone)
    assert after.host is None
    assert after.roles == given_[1:]
    assert vote is None or dict(after.vote.votes if after.vote else ()) == {
        author: take for author, take in (voices or {}).items() if author != gone
    }
    if before.whose not in (None, gone):
        assert after.whose == before.whose
    if after.seats:
        assert after.due == NOW
        assert after.narrators_turn == before.narrators_turn
