from dataclasses import replace

import pytest

from core.errors import StaleAction
from core.storage.library import Library
from core.story.model import Branch, Length, Lore, Preset, State, Story, Style
from tests.core.storage.steps import NOW, a_session, a_story, grow, grown, later

STYLE = Style(
    genre="mystery 🕵",
    mood="grim",
    length=Length.LONG,
    preset=Preset.WILD,
    banned=("blood", "крoвь"),
    seed=2**62,
)


def test_a_story_begins_with_nothing_written(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        story = tx.begin_story(
            session=session, title="T", premise="A shell 🐚\nsings", style=STYLE, now=NOW
        )
    with library.begin() as tx:
        assert tx.story(story.id) == story
        assert tx.on_shelf(session.place, story.id)
        assert tx.branches(story.id) == (Branch("main", None),)
    assert story == Story(
        id=story.id,
        title="T",
        premise="A shell 🐚\nsings",
        style=STYLE,
        lore=(),
        state=State.TOLD,
        head=None,
        branch="main",
        version=1,
        begun=NOW,
        told=NOW,
    )


def test_there_is_no_story_under_a_number_nobody_gave(library: Library) -> None:
    with library.begin() as tx:
        assert tx.story(999_999_999_999_999_999) is None  # the most a forged button can name


def test_only_what_is_given_changes(library: Library) -> None:
    with library.begin() as tx:
        story = a_story(tx)
        renamed = tx.change_story(story, title="", now=later(1))
        assert renamed == replace(story, title="", version=2, told=later(1))
        changed = tx.change_story(
            renamed, premise="Other", style=STYLE, state=State.FINISHED, now=later(2)
        )
        assert changed.title == ""
        assert (changed.premise, changed.style) == ("Other", STYLE)
        assert changed.state is State.FINISHED
        assert tx.story(story.id) == changed


def test_a_premise_of_a_hundred_thousand_letters_comes_back_whole(library: Library) -> None:
    premise = "שלום\u202e مرحبا 🐚" * 8000
    with library.begin() as tx:
        story = a_story(tx, premise=premise)
        assert tx.story(story.id) == story


def test_every_change_of_a_story_that_has_moved_on_is_refused(library: Library) -> None:
    with library.begin() as tx:
        old = a_story(tx)
        passage, story = grow(tx, old)
    changes = [
        lambda tx: tx.change_story(old, title="x", now=NOW),
        lambda tx: tx.add_lore(old, keywords=("a",), text="b", always=False, now=NOW),
        lambda tx: tx.remove_lore(old, 1, now=NOW),
        lambda tx: tx.add_branch(old, "b", now=NOW),
        lambda tx: tx.switch_branch(old, "main", now=NOW),
        lambda tx: tx.move_head(old, None, now=NOW),
        lambda tx: tx.move_head(old, passage, now=NOW),
        lambda tx: grow(tx, old),
        lambda tx: grow(tx, old, after=passage.id),
    ]
    for change in changes:
        with pytest.raises(StaleAction), library.begin() as tx:
            change(tx)
    with library.begin() as tx:
        assert tx.story(story.id) == story
        assert tx.volume(story.id).passages == (passage,)


def test_lore_is_added_and_removed(library: Library) -> None:
    with library.begin() as tx:
        story = a_story(tx)
        for keywords, text, always in ((("shell", "it"), "It sings.", False), ((), "Wet.", True)):
            story = tx.add_lore(story, keywords=keywords, text=text, always=always, now=later(1))
        first, second = story.lore
        assert first == Lore(first.id, ("shell", "it"), "It sings.", always=False)
        assert second == Lore(second.id, (), "Wet.", always=True)
        assert tx.story(story.id) == story
        story = tx.remove_lore(story, first.id, now=later(2))
        assert story.lore == (second,)
        assert tx.story(story.id) == story
    assert story.version == 4


def test_a_story_s_lore_cannot_be_removed_through_another_s(library: Library) -> None:
    with library.begin() as tx:
        story = tx.add_lore(a_story(tx), keywords=("a",), text="b", always=False, now=NOW)
        tx.remove_lore(a_story(tx), story.lore[0].id, now=NOW)
        assert tx.story(story.id) == story


def test_a_branch_begins_at_the_head_and_each_keeps_its_tip(library: Library) -> None:
    with library.begin() as tx:
        (first, second), story = grown(tx, a_story(tx), "One.", "Two.")
        story = tx.add_branch(story, "sad", now=later(9))
        assert (story.branch, story.head) == ("sad", second.id)
        story = tx.move_head(story, first, now=later(10))
        other, story = grow(tx, story, "Two, but sad.")
        assert tx.branches(story.id) == (Branch("main", second.id), Branch("sad", other.id))
        story = tx.switch_branch(story, "main", now=later(11))
        assert (story.branch, story.head) == ("main", second.id)
        assert tx.branches(story.id) == (Branch("main", second.id), Branch("sad", other.id))
        assert tx.story(story.id) == story


def test_switching_makes_the_path_lead_to_the_other_branch_s_tip(library: Library) -> None:
    with library.begin() as tx:
        (first, second, third), story = grown(tx, a_story(tx), "One.", "Two.", "Three.")
        story = tx.add_branch(story, "sad", now=NOW)
        story = tx.move_head(story, first, now=NOW)
        _, story = grown(tx, story, "Two, but sad.", "Three, but sad.")
        story = tx.switch_branch(story, "main", now=NOW)
        assert [passage.heir for passage in tx.path(third.id, 9)] == [second.id, third.id, None]


def test_a_story_without_passages_has_branches_too(library: Library) -> None:
    with library.begin() as tx:
        story = tx.add_branch(a_story(tx), "b", now=NOW)
        story = tx.switch_branch(story, "main", now=NOW)
        assert (story.branch, story.head) == ("main", None)


def test_a_branch_s_name_is_given_once_and_an_unknown_one_not_told(library: Library) -> None:
    with library.begin() as tx:
        story = a_story(tx)
    with pytest.raises(StaleAction), library.begin() as tx:
        tx.add_branch(story, "main", now=NOW)
    with pytest.raises(StaleAction), library.begin() as tx:
        tx.switch_branch(story, "nowhere", now=NOW)
    with library.begin() as tx:
        assert tx.story(story.id) == story
