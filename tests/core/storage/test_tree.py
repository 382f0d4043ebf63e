"""Any steps in any order: the library's tree is the one that a few dicts in memory describe."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import StaleAction
from core.storage.library import Library, Transaction
from core.story import path as in_memory
from core.story.model import Passage, Story, Volume
from tests.core.storage.steps import NOW, a_session, a_story, grow

_chats = itertools.count(1)
WHICH = st.integers(0, 10**6)  # picks one of what there is at that moment


class Tree(RuleBasedStateMachine):
    """One story, told in the library and, beside it, in memory."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        self.library = library
        self.parents: dict[int, int | None] = {}  # of every passage, in the order written
        self.heirs: dict[int, int] = {}
        self.head: int | None = None
        self.branch = "main"
        self.tips: dict[str, int | None] = {"main": None}
        self.stale: list[Story] = []

    @initialize()
    def begin(self) -> None:
        with self.library.begin() as tx:
            session = a_session(tx, chat=f"tree-{next(_chats)}")
            self.story = a_story(tx, session)

    # ------------------------------------------------------------ the model
    def way(self, passage: int | None) -> list[int]:
        """The ids from a passage up to its opening."""
        found = []
        while passage is not None:
            found.append(passage)
            passage = self.parents[passage]
        return found

    def stand_at(self, passage: int | None) -> None:
        """Move the model's head: every passage on the way leads to the next."""
        self.head = self.tips[self.branch] = passage
        way = self.way(passage)
        self.heirs |= dict(zip(way[1:], way, strict=False))

    def any_passage(self, which: int) -> int:
        return list(self.parents)[which % len(self.parents)]

    def has_passages(self) -> bool:
        return bool(self.parents)

    def stands_somewhere(self) -> bool:
        return self.head is not None

    # ------------------------------------------------------------ steps
    def change(self, step: Callable[[Transaction], Story]) -> None:
        """Do a step in a transaction of its own; the story before it is stale from now on."""
        self.stale.append(self.story)
        with self.library.begin() as tx:
            self.story = step(tx)

    def add(self, parent: int | None) -> None:
        written: list[Passage] = []

        def step(tx: Transaction) -> Story:
            passage, story = grow(tx, self.story, after=parent)
            written.append(passage)
            return story

        self.change(step)
        self.parents[written[0].id] = parent
        self.stand_at(written[0].id)

    def move(self, target: int | None) -> None:
        def step(tx: Transaction) -> Story:
            passage = tx.passage(self.story.id, target) if target is not None else None
            return tx.move_head(self.story, passage, now=NOW)

        self.change(step)
        self.stand_at(target)

    @rule()
    def say(self) -> None:
        self.add(self.head)

    @precondition(stands_somewhere)
    @rule()
    def retry(self) -> None:
        assert self.head is not None
        self.add(self.parents[self.head])

    @precondition(has_passages)
    @rule(which=WHICH)
    def say_after_any(self, which: int) -> None:
        self.add(self.any_passage(which))

    @precondition(stands_somewhere)
    @rule()
    def undo(self) -> None:
        assert self.head is not None
        self.move(self.parents[self.head])

    @precondition(stands_somewhere)
    @rule()
    def redo(self) -> None:
        heir = self.heirs.get(self.head or 0)
        if heir is not None:
            self.move(heir)

    @precondition(stands_somewhere)
    @rule(which=WHICH)
    def pick(self, which: int) -> None:
        assert self.head is not None
        parent = self.parents[self.head]
        siblings = [passage for passage, above in self.parents.items() if above == parent]
        self.move(siblings[which % len(siblings)])

    @precondition(stands_somewhere)
    @rule(which=WHICH)
    def rewind(self, which: int) -> None:
        way = self.way(self.head)
        target = way[which % len(way)]
        with self.library.begin() as tx:
            found = tx.ancestor(way[0], len(self.way(target)))
        assert found
        assert found.id == target
        self.move(target)

    @precondition(has_passages)
    @rule(which=WHICH)
    def go_anywhere(self, which: int) -> None:
        self.move(self.any_passage(which))

    @rule(name=st.sampled_from("abc"))
    def branch_off(self, name: str) -> None:
        if name in self.tips:
            self.change(lambda tx: tx.switch_branch(self.story, name, now=NOW))
            self.branch = name
            self.stand_at(self.tips[name])
        else:
            self.change(lambda tx: tx.add_branch(self.story, name, now=NOW))
            self.branch = name
            self.tips[name] = self.head

    @precondition(lambda self: self.stale)
    @rule(which=WHICH)
    def change_what_has_moved_on(self, which: int) -> None:
        stale = self.stale[which % len(self.stale)]
        with pytest.raises(StaleAction), self.library.begin() as tx:
            tx.move_head(stale, None, now=NOW)
        with pytest.raises(StaleAction), self.library.begin() as tx:
            grow(tx, stale)

    # ------------------------------------------------------------ what always holds
    @invariant()
    def the_library_tells_what_the_model_tells(self) -> None:
        if not hasattr(self, "story"):
            return
        with self.library.begin() as tx:
            volume = tx.volume(self.story.id)
            paths = [tx.path(self.head, most) for most in (1, 3, 999)] if self.head else []
            whole = in_memory.path(volume, self.head)
            takes = [tx.takes(self.story.id, passage) for passage in whole]
        assert volume.story == self.story
        assert (volume.story.head, volume.story.branch) == (self.head, self.branch)
        assert {branch.name: branch.tip for branch in volume.branches} == self.tips
        self.same_passages(volume)
        assert paths == [whole[-most:] for most in (1, 3, 999)][: len(paths)]
        siblings = [in_memory.takes(volume, passage) for passage in whole]
        assert takes == [tuple(passage.id for passage in one) for one in siblings]

    def same_passages(self, volume: Volume) -> None:
        found = {passage.id: passage.parent for passage in volume.passages}
        assert list(found.items()) == list(self.parents.items())
        heirs = {passage.id: passage.heir for passage in volume.passages if passage.heir}
        assert heirs == self.heirs
        for passage in volume.passages:
            assert passage.depth == len(self.way(passage.id))


def test_any_steps_keep_the_tree_whole(library: Library) -> None:
    machine: Any = lambda: Tree(library)  # noqa: E731  # Hypothesis asks for a factory
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
