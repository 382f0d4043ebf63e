"""Any commands in any order, through the engine: the story stays a whole tree."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.session import commands as c
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.database import Database, open_database
from core.storage.library import Library
from core.story.model import Passage, Volume
from core.story.portable import from_json, to_json
from tests.factories import lines, texts
from tests.fakes import StandInNarrator

ANN = Author("test", "ann", "Ann")
_places = itertools.count(1)
_requests = itertools.count(1)


class Walk(RuleBasedStateMachine):
    """One place of its own for each walk, all in one database."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.library = Library(self.database)
        self.engine = Engine(self.library, StandInNarrator())
        self.place = Place("test", f"walk-{next(_places)}")
        self.story: int | None = None  # the one being told, once the first passage stands
        self.known: dict[int, Passage] = {}  # every passage of it ever seen
        self.version = 0

    # ------------------------------------------------------------ asking
    def ask(self, command: c.Command) -> Reply:
        """Ask as somebody would, and look at what the story is now."""
        request = Request(f"walk-{next(_requests)}", self.place, ANN, command)
        last = asyncio.run(self._last(request))
        assert last.final
        return last

    async def _last(self, request: Request) -> Reply:
        async with aclosing(self.engine.handle(request)) as replies:
            return [reply async for reply in replies][-1]

    def volume(self) -> Volume:
        """The story of this place as it is kept."""
        assert self.story is not None
        with self.library.begin() as tx:
            return tx.volume(self.story)

    def head(self) -> Passage:
        volume = self.volume()
        return next(p for p in volume.passages if p.id == volume.story.head)

    def begun(self) -> bool:
        return self.story is not None

    def look(self) -> None:
        """Find out which story is told here now."""
        with self.library.begin() as tx:
            session = tx.session(
                platform="test",
                chat=self.place.chat,
                topic="",
                private=False,
                author=ANN.id,
                name=ANN.name,
                language="",
                now=self.engine._clock(),
            )
        if session.story != self.story:
            self.story, self.known, self.version = session.story, {}, 0

    # ------------------------------------------------------------ steps with a known outcome
    @rule(premise=lines)
    def new(self, premise: str) -> None:
        reply = self.ask(c.New(premise))
        self.look()
        assert self.head().text == reply.text
        assert self.head().parent is None

    @rule(text=texts)
    def say(self, text: str) -> None:
        reply = self.ask(c.Say(text))
        self.look()
        if reply.passage is not None:
            assert self.head().text == text

    @precondition(begun)
    @rule()
    def go_on(self) -> None:
        before = self.head()
        reply = self.ask(c.Continue())
        assert self.head().parent == before.id if reply.passage else self.head() == before

    @precondition(begun)
    @rule()
    def retry(self) -> None:
        before = self.head()
        reply = self.ask(c.Retry())
        after = self.head()
        assert after.parent == before.parent
        assert (after.id != before.id) == (reply.passage is not None)

    @precondition(begun)
    @rule(text=texts)
    def edit(self, text: str) -> None:
        before = self.head()
        reply = self.ask(c.Edit(text))
        assert self.head().parent == before.parent
        if reply.passage is not None and self.head().id != before.id:
            assert self.head().text == text

    @precondition(begun)
    @rule(back=st.integers(1, 3))
    def undo_and_redo(self, back: int) -> None:
        before = self.head()
        steps = min(back, before.depth - 1)
        for _ in range(back):
            self.ask(c.Undo())
        assert self.head().depth == before.depth - steps
        for _ in range(steps):
            self.ask(c.Redo())
        assert self.head().id == before.id

    @precondition(begun)
    @rule(number=st.integers(1, 5))
    def rewind(self, number: int) -> None:
        before = self.head()
        self.ask(c.Rewind(number))
        assert self.head().depth == min(number, before.depth)

    @precondition(begun)
    @rule(number=st.integers(1, 4))
    def pick(self, number: int) -> None:
        before = self.head()
        takes = [p.id for p in self.volume().passages if p.parent == before.parent]
        self.ask(c.Pick(number=number))
        assert self.head().id == (takes[number - 1] if number <= len(takes) else before.id)

    @precondition(begun)
    @rule(name=st.sampled_from(["main", "the wreck", "the storm"]))
    def branch(self, name: str) -> None:
        tips = {branch.name: branch.tip for branch in self.volume().branches}
        head = self.volume().story.head
        self.ask(c.Branch(name))
        story = self.volume().story
        assert story.branch == name
        assert story.head == (tips.get(name) if name in tips else head)

    # ------------------------------------------------------------ steps that leave the path alone
    @precondition(begun)
    @rule(
        command=st.one_of(
            st.builds(c.Title, lines | st.just("")),
            st.builds(c.Genre, lines),
            st.builds(c.Mood, lines),
            st.builds(c.Length, st.sampled_from(["short", "medium", "long", "?"])),
            st.builds(c.Style, st.sampled_from(["calm", "lively", "wild", "?"])),
            st.builds(c.Ban, st.sampled_from(["", "none", "wolf, bear"])),
            st.builds(c.Seed, st.sampled_from(["7", "none", "x"])),
            st.builds(c.Lore, lines.map("shell: ".__add__), st.booleans()),
            st.builds(c.Forget, st.integers(0, 3)),
            st.builds(c.Rate, st.integers(-2, 2)),
            st.builds(c.Takes, number=st.integers(0, 3)),
            st.builds(c.Language, st.sampled_from(["en", "zh-hans", "tlh"]), st.booleans()),
            st.builds(c.Shelf, lines | st.just(""), st.integers(-1, 3), st.booleans()),
            st.builds(c.Export, st.sampled_from(["txt", "md", "epub", "json", "pdf", "docx"])),
            st.just(c.Recap()),
            st.just(c.Explain()),
            st.just(c.Show()),
            st.just(c.Help()),
        )
    )
    def anything_else(self, command: c.Command) -> None:
        before = self.volume()
        self.ask(command)
        after = self.volume()
        assert after.passages == before.passages
        assert after.story.head == before.story.head

    @precondition(begun)
    @rule(wish=st.sampled_from(["happier", "shorter", "in rhyme"]))
    def refine(self, wish: str) -> None:
        before = self.head()
        self.ask(c.Refine(wish))
        assert self.head().parent == before.parent

    @precondition(begun)
    @rule(sure=st.booleans())
    def end(self, sure: bool) -> None:  # noqa: FBT001  # Hypothesis passes it by name
        self.ask(c.Finish())
        if sure:
            self.ask(c.Delete(sure=True))
        self.look()

    @rule(number=st.integers(0, 3))
    def open_another(self, number: int) -> None:
        self.ask(c.Open(number=number))
        self.look()

    @precondition(begun)
    @rule()
    def archive(self) -> None:
        self.ask(c.Archive())
        self.look()

    @rule(story=st.integers(-5, 10**15), at=st.integers(-5, 10**15))
    def press_forged_buttons(self, story: int, at: int) -> None:
        before = self.volume() if self.story else None
        for command in (
            c.Open(story), c.Delete(story, sure=True), c.Archive(story), c.Pick(at), c.Undo(at),
            c.Continue(at), c.Retry(at), c.Edit("mine", at), c.Rate(1, at), c.Takes(at, 1),
        ):  # fmt: skip
            known = self.story == story or at in self.known
            if not known:
                self.ask(command)
        if before is not None and self.story != story and at not in self.known:
            assert self.volume().passages == before.passages

    @precondition(begun)
    @rule()
    def export_and_import(self) -> None:
        before = self.volume()
        self.ask(c.Import(to_json(before).decode()))
        self.look()
        after = self.volume()
        assert after.story.id != before.story.id
        assert _comparable(after) == _comparable(before)

    # ------------------------------------------------------------ what always holds
    @invariant()
    def the_story_is_whole(self) -> None:
        if self.story is None:
            return
        volume = self.volume()
        by_id = {passage.id: passage for passage in volume.passages}
        assert volume.story.head in by_id or volume.story.head is None
        assert {branch.tip for branch in volume.branches} <= {None, *by_id}
        assert volume.story.branch in {branch.name for branch in volume.branches}
        for passage in volume.passages:
            parent = by_id[passage.parent] if passage.parent is not None else None
            assert passage.depth == (parent.depth + 1 if parent else 1)
            assert passage.heir is None or by_id[passage.heir].parent == passage.id

    @invariant()
    def nothing_written_changes_or_goes(self) -> None:
        if self.story is None:
            return
        volume = self.volume()
        now = {passage.id: replace(passage, heir=None) for passage in volume.passages}
        assert self.known.items() <= now.items()
        assert volume.story.version >= self.version
        self.known, self.version = now, volume.story.version


def _comparable(volume: Volume) -> Volume:
    """The story as a file has it, but for what importing it changes on purpose."""
    read = from_json(to_json(volume))
    return replace(read, story=replace(read.story, told=read.story.begun))


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One database for every walk."""
    Walk.database = open_database(f"sqlite:///{tmp_path_factory.mktemp('walks') / 'walk.db'}")
    yield
    Walk.database.close()


TestWalk: Any = Walk.TestCase
TestWalk.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
