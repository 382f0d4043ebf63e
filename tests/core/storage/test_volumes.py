from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import StaleAction
from core.storage.library import Library
from core.story.model import Branch, Passage, Volume
from tests.core.storage.steps import NOW, a_session, a_story, grown, later, told
from tests.factories import volumes


def shape(volume: Volume) -> Any:
    """The volume with its ids counted from 1, and without what importing changes on purpose."""
    number: dict[int | None, int | None] = {None: None}
    number |= {passage.id: count for count, passage in enumerate(volume.passages, start=1)}

    def counted(passage: Passage) -> Passage:
        return replace(
            passage,
            id=number[passage.id] or 0,
            parent=number[passage.parent],
            heir=number[passage.heir],
            author=None,
        )

    story = volume.story
    facts = tuple(replace(fact, id=0) for fact in story.lore)
    branches = {Branch(branch.name, number[branch.tip]) for branch in volume.branches}
    bare = replace(story, id=0, version=0, told=story.begun, head=number[story.head], lore=facts)
    return bare, tuple(map(counted, volume.passages)), branches


@given(volume=volumes())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_volume_put_back_has_the_same_shape(library: Library, volume: Volume) -> None:
    # The branch being told is always at the head; a file made by hand may say otherwise.
    told_here = Branch(volume.story.branch, volume.story.head)
    others = [branch for branch in volume.branches if branch.name != told_here.name]
    volume = replace(volume, branches=(told_here, *others))
    with library.begin() as tx:
        story = tx.import_volume(a_session(tx), volume, now=NOW)
    with library.begin() as tx:
        back = tx.volume(story.id)
    assert back.story == story
    assert shape(back) == shape(volume)
    assert len({passage.id for passage in back.passages}) == len(volume.passages)


def test_an_imported_story_is_told_on_as_a_new_one(library: Library) -> None:
    _, story = told(library, "One.", "Two.", "Three.")
    with library.begin() as tx:
        other = a_session(tx, chat="other")
        copy = tx.import_volume(other, tx.volume(story.id), now=later(60))
        assert tx.on_shelf(other.place, copy.id)
        assert a_session(tx, chat="other").story == copy.id
        assert (copy.version, copy.begun, copy.told) == (1, story.begun, later(60))
        _, copy = grown(tx, copy, "Four.")
        assert [passage.text for passage in tx.path(copy.head or 0, 9)] == [
            *("One.", "Two.", "Three.", "Four.")
        ]
        assert tx.story(story.id) == story


def test_an_imported_story_s_authors_are_nobody_here(library: Library) -> None:
    (passage,), story = told(library, "One.")
    with library.begin() as tx:
        session = a_session(tx)
        volume = tx.volume(story.id)
        volume = replace(volume, passages=(replace(passage, author=session.author),))
        copy = tx.import_volume(session, volume, now=NOW)
        assert tx.volume(copy.id).passages[0].author is None


def test_a_story_without_passages_is_a_volume_too(library: Library) -> None:
    with library.begin() as tx:
        volume = tx.volume(a_story(tx).id)
        copy = tx.volume(tx.import_volume(a_session(tx), volume, now=NOW).id)
    assert shape(copy) == shape(volume)


def test_a_story_that_is_gone_is_no_volume(library: Library) -> None:
    with pytest.raises(StaleAction), library.begin() as tx:
        tx.volume(4711)
