"""A turn that asks the narrator: plan, write, keep.

What refines and explains is imported when it is first asked for: a program that starts has others
waiting for it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from core.errors import Refusal
from core.insight.causes import Depth
from core.narrator.choosing import Draft
from core.narrator.narrator import BASE, Assignment, Mode, Narrator
from core.narrator.screening import may_be_shown, screen
from core.session import commands as c
from core.session import critic as critics
from core.session import menus, voting, whatif, writing
from core.session.assignments import assignment
from core.session.critic import UNTAUGHT, Critic
from core.session.messages import Reply
from core.session.rounds import is_open
from core.session.texts import MOST_WISH, line_text
from core.session.turns import Turn, close
from core.storage.library import Transaction
from core.story.group import Group, Order
from core.story.model import Provenance

T = TypeVar("T")

_LOOK = 300  # characters; the whole text is screened once, when it is written
_ENDS = (*".!?", '."', '!"', '?"', ".”", "!”", "?”")  # of a sentence

# Some of these need no narrator in one of their forms (no premise: ask for one).
Tells = (
    c.New
    | c.Continue
    | c.Finish
    | c.Retry
    | c.Refine
    | c.Explain
    | c.Again
    | c.WhatIf
    | c.Title
    | c.Inspire
)


class Do(Protocol):
    """Runs one transaction in a thread."""

    def __call__(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Return what the work returned, committed."""


class Telling:
    """Answers one turn with the narrator's help."""

    def __init__(
        self,
        narrator: Narrator,
        do: Do,
        explaining: Depth = Depth.FULL,
        critic: Critic = UNTAUGHT,
    ) -> None:
        self._narrator = narrator
        self._do = do
        self._depth = explaining
        self._critic = critic

    def replies(self, turn: Turn, command: Tells) -> AsyncGenerator[Reply]:
        """Answer: snapshots while the narrator writes, then what was kept."""
        match command:
            case c.New(text=""):
                return self._asked(turn, menus.ask(turn.say, "ask.premise", command))
            case c.Continue() if turn.group is not None and turn.group.order is Order.VOTE:
                return self._offer(turn, command, turn.group)
            case c.New() | c.Continue() | c.Finish() | c.Retry():
                return self._write(turn, command)
            case c.Inspire(premise=0):
                return self._inspire(turn)
            case c.Inspire():
                return self._take_up(turn, command)
            case c.Refine(text=""):
                return self._wishes(turn, command)
            case c.Refine():
                return self._refine(turn, command)
            case c.Explain():
                return self._explain(turn, command)
            case c.Again():
                return self._again(turn, command)
            case c.WhatIf(text=""):
                return self._asked(turn, menus.ask(turn.say, "ask.whatif", command))
            case c.WhatIf():
                return self._what_if(turn, command)
            case c.Title():
                return self._title(turn, command)

    async def _asked(self, turn: Turn, question: Reply) -> AsyncGenerator[Reply]:
        yield await self._do(lambda tx: close(tx, turn, question))

    async def _wishes(self, turn: Turn, command: c.Refine) -> AsyncGenerator[Reply]:
        from core.session import refining  # noqa: PLC0415 - see the top

        yield await self._do(lambda tx: close(tx, turn, refining.wishes(tx, turn, command)))

    async def _write(self, turn: Turn, command: writing.Writes) -> AsyncGenerator[Reply]:
        planned = await self._do(lambda tx: writing.plan(tx, turn, command))
        turn = await self._curious(turn)
        wanted = planned.assignment
        draft = Draft("", wanted.seed)
        written = critics.drafts(self._critic, self._narrator, turn, wanted, turn.level)
        async with aclosing(written) as drafts:
            async for draft in drafts:
                await self._watch(turn, draft.text)
                yield menus.being_written(turn.story, draft.text)
        text = await self._shown(turn, draft.text)
        title = ""
        if planned.opens is not None:
            title = await writing.title_for(self._narrator, planned, text, turn.level)
        facts = replace(
            self._provenance(wanted, seed=draft.seed),
            best_of=draft.best_of,
            asked=await self._asks(turn, wanted, text),
        )
        yield await self._do(
            lambda tx: close(
                tx, turn, writing.keep(tx, turn, planned, text, narrator=facts, title=title)
            )
        )

    async def _curious(self, turn: Turn) -> Turn:
        """Note whether a rating may be asked for."""
        critic = self._critic
        if not critic.knows(turn.session.place):
            return turn
        may_ask = await self._do(lambda tx: critics.may_ask(tx, turn, critic.ask_share))
        return replace(turn, may_ask=may_ask)

    async def _asks(self, turn: Turn, wanted: Assignment, text: str) -> bool:
        """Whether to ask for a rating of what was written."""
        return turn.may_ask and await critics.is_unsure(self._critic, turn, wanted, text)

    async def _offer(self, turn: Turn, command: c.Continue, group: Group) -> AsyncGenerator[Reply]:
        """Write takes for the group to choose from; while a vote goes on, show it again."""
        if is_open(turn, group):
            yield await self._do(lambda tx: close(tx, turn, voting.shown_again(tx, turn, group)))
            return
        planned = await self._do(lambda tx: writing.plan(tx, turn, command))
        wanted = voting.plans(planned)
        texts: list[str] = []
        async with aclosing(voting.told(self._narrator, wanted)) as snapshots:
            async for texts in snapshots:
                for text in texts:
                    await self._watch(turn, text)
                yield voting.being_told(turn.told, texts)
        for text in texts:
            await self._shown(turn, text)
        facts = self._provenance(planned.assignment)
        yield await self._do(
            lambda tx: close(tx, turn, voting.offer(tx, turn, wanted, texts, facts))
        )

    async def _refine(self, turn: Turn, command: c.Refine) -> AsyncGenerator[Reply]:
        from core.session import refining  # noqa: PLC0415 - see the top

        wish = line_text(command.text, MOST_WISH)
        planned = await self._do(lambda tx: refining.plan_refining(tx, turn, command, wish))
        yield Reply(text=turn.say("refine.working"), final=False)
        found = await refining.best(self._narrator, planned, turn.level)
        facts = self._provenance(planned.assignment, seed=found.seed)
        yield await self._do(
            lambda tx: close(tx, turn, refining.keep_refined(tx, turn, planned, found, facts))
        )

    def _take_up(self, turn: Turn, command: c.Inspire) -> AsyncGenerator[Reply]:
        from core.session import inspiring  # noqa: PLC0415 - see the top

        return self._write(turn, inspiring.own_premise(command))

    async def _inspire(self, turn: Turn) -> AsyncGenerator[Reply]:
        from core.session import inspiring  # noqa: PLC0415 - see the top

        ideas = await self._do(lambda tx: inspiring.gather(tx, turn))
        reply = await inspiring.inspire(self._narrator, turn, ideas)
        yield await self._do(lambda tx: close(tx, turn, reply))

    async def _explain(self, turn: Turn, command: c.Explain) -> AsyncGenerator[Reply]:
        from core.session import explaining, retelling  # noqa: PLC0415 - see the top

        asked = await self._do(lambda tx: explaining.to_explain(tx, turn, command, self._depth))
        tell = retelling.retold if asked.whole else explaining.explained
        reply = await tell(self._narrator, turn, asked)
        yield await self._do(lambda tx: close(tx, turn, reply))

    async def _again(self, turn: Turn, command: c.Again) -> AsyncGenerator[Reply]:
        from core.session import again  # noqa: PLC0415 - see the top

        once = await self._do(lambda tx: again.plan(tx, turn, command))
        text = ""
        async with aclosing(
            self._narrator.write(again.with_lora(self._narrator, turn, once))
        ) as texts:
            async for text in texts:
                await self._watch(turn, text)
        reply = again.reply(self._narrator, turn, once, await self._shown(turn, text))
        yield await self._do(lambda tx: close(tx, turn, reply))

    async def _what_if(self, turn: Turn, command: c.WhatIf) -> AsyncGenerator[Reply]:
        change = whatif.plan(turn, command)
        text = ""
        async with aclosing(writing.stream(self._narrator, change.plan, turn.story)) as snapshots:
            async for snapshot in snapshots:
                text = snapshot.text
                await self._watch(turn, text)
                yield snapshot
        await self._shown(turn, text)
        facts = self._provenance(change.plan.assignment)
        yield await self._do(lambda tx: close(tx, turn, whatif.keep(tx, turn, change, text, facts)))

    async def _title(self, turn: Turn, command: c.Title) -> AsyncGenerator[Reply]:
        title = command.text
        if not title:
            turn.head  # noqa: B018  # refuses when there is nothing to name
            title = await writing.write_title(
                self._narrator, assignment(turn, Mode.TITLE, turn.path)
            )
            title = await self._shown(turn, title)
        if not title:
            raise Refusal("refusal.no_title")
        yield await self._do(lambda tx: close(tx, turn, writing.entitle(tx, turn, title)))

    async def _watch(self, turn: Turn, text: str) -> None:
        """Look at the newest words of a snapshot: even one that is dropped must not slip by.

        The narrator is asked what it makes of them only where a sentence ends.
        """
        newest = text[-_LOOK:]
        if newest.endswith(_ENDS):
            await self._shown(turn, newest)
        elif not screen(newest, turn.level).safe:
            raise Refusal("refusal.unsafe")

    async def _shown(self, turn: Turn, text: str) -> str:
        """Return what the narrator wrote, if it may be shown; refuses it otherwise."""
        if not await may_be_shown(self._narrator, text, turn.level):
            raise Refusal("refusal.unsafe")
        return text

    def _provenance(self, wanted: Assignment, *, seed: int | None = None) -> Provenance:
        lora = Path(wanted.lora).name if wanted.lora else self._narrator.lora
        return Provenance(
            model=self._narrator.model,
            lora=None if lora == BASE else lora,
            seed=wanted.seed if seed is None else seed,
            preset=wanted.preset,
            wish=wanted.wish,
        )
