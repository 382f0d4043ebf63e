from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from core.errors import StaleAction, StorageError
from core.storage.library import Library, Transaction
from core.story.model import Origin, Passage, Preset, Provenance
from tests.core.storage.steps import NOW, a_session, a_story, grow, grown, later, told

ZONE = timezone(timedelta(hours=9))
PROVENANCE = Provenance("starter", "lora-7", 2**63 - 1, Preset.CALM, "happier")


def test_a_passage_comes_back_as_it_was_written(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        story = a_story(tx, session)
        passage, after = tx.add_passage(
            story,
            parent=None,
            text="The sea\u2028sang \u202eback 🐚 <|endoftext|> \x01Title: no",
            origin=Origin.OPENED,
            author=session.author,
            provenance=PROVENANCE,
            recap="It sang.",
            now=later(1),
        )
    with library.begin() as tx:
        assert tx.passage(story.id, passage.id) == passage
        assert tx.story(story.id) == after
    assert passage.provenance == PROVENANCE
    assert (passage.depth, passage.parent, passage.heir) == (1, None, None)
    assert after == replace(story, head=passage.id, version=2, told=later(1))


def test_the_path_is_the_newest_passages_oldest_first(library: Library) -> None:
    passages, story = told(library, "One.", "Two.", "Three.", "Four.")
    with library.begin() as tx:
        assert tx.path(passages[-1].id, 100) == tuple(passages)
        assert tx.path(passages[-1].id, 2) == tuple(passages[-2:])
        assert tx.path(passages[1].id, 1) == (passages[1],)
        assert tx.path(story.id + 10**6, 5) == ()
    assert [passage.depth for passage in passages] == [1, 2, 3, 4]


def test_an_ancestor_is_found_by_its_depth(library: Library) -> None:
    passages, _ = told(library, "One.", "Two.", "Three.")
    with library.begin() as tx:
        head = passages[-1].id
        assert [tx.ancestor(head, depth) for depth in (1, 2, 3)] == passages
        assert tx.ancestor(head, 4) is None
        assert tx.ancestor(head, 0) is None


def test_passages_with_one_parent_are_takes_oldest_first(library: Library) -> None:
    (first, second), story = told(library, "One.", "Two.")
    with library.begin() as tx:
        third, story = grow(tx, story, "Two again.", after=first.id)
        assert tx.takes(story.id, second) == tx.takes(story.id, third) == (second.id, third.id)
        assert tx.takes(story.id, first) == (first.id,)
        kept = tx.passage(story.id, first.id)
    assert kept == replace(first, heir=third.id)
    assert story.head == third.id


def test_the_openings_of_a_story_are_takes_of_one_another(library: Library) -> None:
    (first,), story = told(library, "One.")
    told(library, "Another story's opening.")
    with library.begin() as tx:
        story = tx.move_head(story, None, now=NOW)
        assert story.head is None
        second, story = grow(tx, story, "One again.")
        assert second.depth == 1
        assert tx.takes(story.id, second) == (first.id, second.id)


def test_undo_and_redo_walk_the_same_way(library: Library) -> None:
    (first, second, third), story = told(library, "One.", "Two.", "Three.")
    with library.begin() as tx:
        for passage in (second, first):
            story = tx.move_head(story, passage, now=NOW)
        heirs = []
        head: Passage | None = first
        while head and head.heir:
            head = tx.passage(story.id, head.heir)
            assert head
            story = tx.move_head(story, head, now=NOW)
            heirs.append(head.id)
    assert heirs == [second.id, third.id]
    assert story.version == 1 + 3 + 2 + 2


def test_redo_goes_to_the_take_that_was_picked(library: Library) -> None:
    (first, second), story = told(library, "One.", "Two.")
    with library.begin() as tx:
        third, story = grow(tx, story, "Two again.", after=first.id)
        picked = tx.move_head(story, second, now=NOW)
        assert tx.path(second.id, 9)[0].heir == second.id
        tx.move_head(picked, third, now=NOW)
        assert tx.path(third.id, 9)[0].heir == third.id


def test_a_passage_of_another_story_is_not_to_be_had(library: Library) -> None:
    (mine,), story = told(library, "Mine.")
    (other,), their = told(library, "Theirs.")
    with library.begin() as tx:
        assert tx.passage(story.id, other.id) is None
        assert tx.passage(their.id, other.id) == other
        assert tx.passage(story.id, 999_999_999_999_999_999) is None
    with pytest.raises(StaleAction), library.begin() as tx:
        grow(tx, story, after=other.id)
    with library.begin() as tx:
        assert tx.volume(story.id).passages == (mine,)


@pytest.mark.parametrize("text", ["nul\0l", "half \ud83d a face"])
def test_a_text_no_database_can_keep_is_refused_with_a_clear_sentence(
    library: Library, text: str
) -> None:
    _, story = told(library, "One.")
    with pytest.raises(StorageError, match="strip control characters"), library.begin() as tx:
        grow(tx, story, text)
    with library.begin() as tx:
        assert tx.story(story.id) == story


def test_a_moment_needs_its_time_zone(library: Library) -> None:
    with pytest.raises(StorageError, match="time zone"), library.begin() as tx:
        a_session(tx, now=NOW.replace(tzinfo=None))


def test_moments_are_the_same_in_every_time_zone(library: Library) -> None:
    with library.begin() as tx:
        tokyo = later(0).astimezone(ZONE)
        assert a_session(tx, now=tokyo).joined == NOW
        story = tx.story(a_story(tx, now=tokyo).id)
    assert story
    assert story.begun == NOW
    assert story.begun.utcoffset() == NOW.utcoffset()


def test_a_refusal_inside_a_transaction_undoes_all_of_it(library: Library) -> None:
    (first,), story = told(library, "One.")

    def half_done(tx: Transaction) -> None:
        tx.rate(first.id, a_session(tx).author, 1, now=NOW)
        grown(tx, story, "Two.", "Three.")
        raise StaleAction

    with pytest.raises(StaleAction), library.begin() as tx:
        half_done(tx)
    with library.begin() as tx:
        assert tx.story(story.id) == story
        assert tx.tally(first.id).up == 0
        assert tx.volume(story.id).passages == (first,)
