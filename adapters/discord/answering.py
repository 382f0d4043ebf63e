"""Answering: what people do is acknowledged at once, asked of the engine, and shown."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import discord

from adapters.delivery import deliver
from adapters.discord.actions import shows_passage
from adapters.discord.client import Asked, TaleClient
from adapters.discord.letters import letters
from adapters.discord.modals import Writable, modal_for, wants_words, written
from adapters.discord.places import PLATFORM, author_of, place_at, place_of
from adapters.discord.screen import DiscordScreen
from adapters.discord.threads import opened_thread, tell_of_missing_right
from adapters.discord.ways import ChannelWay, Sheet, TokenWay, Trouble, Way, tried
from core.errors import Refusal, StorageError
from core.session import commands as c
from core.session.messages import Author, Reply, Request
from core.session.spelling import from_button
from core.session.wording import Voice

_log = logging.getLogger(__name__)

_ALREADY_ACKNOWLEDGED = 40060
_MOST_IMPORT = 8 * 1024 * 1024  # bytes; a story of a thousand passages is a tenth of it
_MOST_LOOKING = 1.0  # seconds of the three in which a window has to be open


@dataclass(frozen=True, slots=True)
class Opened:
    """An interaction that was acknowledged."""

    way: Way
    first: int | None  # the message that will hold the answer, if there is one yet


class Answering:
    """Answers what people do with the bot, one task each."""

    def __init__(self, client: TaleClient) -> None:
        self._client = client
        self._engine = client.engine
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def handlers(self) -> tuple[Callable[..., Coroutine[Any, Any, None]], ...]:
        """What is to be called for the client's events; their names say for which."""
        return (
            self.on_asked,
            self.on_file,
            self.on_pressed,
            self.on_interaction,
            self.on_raw_reaction_add,
        )

    # ------------------------------------------------------------ what people do
    async def on_asked(self, asked: Asked, command: c.Command) -> None:
        """Answer a slash command."""
        if isinstance(command, Writable) and wants_words(command):
            await self._ask_for_words(asked, command)
        else:
            await self._answer(asked, command)

    async def on_file(self, asked: Asked, file: discord.Attachment) -> None:
        """Answer a slash command that brings a story as a file."""
        await self._answer(asked, c.Import(), file)

    async def on_pressed(self, asked: Asked, spelled: str) -> None:
        """Answer a button, or what was chosen from a menu."""
        try:
            command = from_button(spelled)
        except Refusal as refusal:
            await self._refuse(asked, refusal)
        else:
            await self.on_asked(asked, command)

    async def on_interaction(self, asked: Asked) -> None:
        """Answer what was written into a modal; all else comes by the other ways."""
        if asked.type is not discord.InteractionType.modal_submit or asked.data is None:
            return
        try:
            command = written(asked.data)
        except Refusal as refusal:
            await self._refuse(asked, refusal)
        else:
            await self._answer(asked, command)

    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """Rate the passage somebody reacted to; nothing is said to it."""
        value = _thumb(reaction.emoji.name)
        ours = self._client.user is not None and reaction.user_id == self._client.user.id
        if value == 0 or ours or (reaction.member is not None and reaction.member.bot):
            return
        place = place_at(self._client, reaction.channel_id, private=reaction.guild_id is None)
        with self._under_way():
            rating = await self._engine.reaction_to(place, str(reaction.message_id), value)
            author = await self._who(reaction) if rating is not None else None
            if rating is not None and author is not None:
                request = Request(_number(reaction), place, author, rating)
                async with aclosing(self._engine.handle(request)) as replies:
                    async for _ in replies:
                        pass  # who reacted sees the reaction itself

    async def _who(self, reaction: discord.RawReactionActionEvent) -> Author | None:
        """Return who reacted; in private the event does not say their name."""
        user: discord.Member | discord.User | None = reaction.member
        try:
            if user is None:
                user = await tried(lambda: self._client.fetch_user(reaction.user_id))
        except Trouble as trouble:
            _log.info("discord: a thumb of somebody unknown is not counted: %s", trouble)
            return None
        return Author(PLATFORM, str(user.id), user.display_name)

    # ------------------------------------------------------------ how it is answered
    async def _answer(
        self, asked: Asked, command: c.Command, file: discord.Attachment | None = None
    ) -> None:
        with self._under_way():
            say = self._voice(asked)
            request = Request(str(asked.id), place_of(asked), author_of(asked), command)
            page = _turns_page(command, asked.message)
            hidden = _is_for_asker(command) and not request.place.private
            opened = await self._acknowledge(asked, request, page=page, hidden=hidden)
            if file is not None:
                request = replace(request, command=c.Import(await _content(file)))
            request, opened = await self._in_thread(asked, request, opened, say)
            screen = DiscordScreen(
                opened.way, say, first=opened.first, turns=command if page else None
            )
            await deliver(self._engine, request, self._engine.handle(request), screen)
            await tell_of_missing_right(asked, say)

    async def _in_thread(
        self, asked: Asked, request: Request, opened: Opened, say: Voice
    ) -> tuple[Request, Opened]:
        """Move a story that begins into a thread of its own, where it should have one."""
        thread = await opened_thread(asked, request.command) if opened.first is not None else None
        if thread is None or opened.first is None:
            return request, opened
        pointer = Sheet(say("discord.thread", thread=thread.mention), None, None)
        try:
            await opened.way.edit(opened.first, pointer)
        except Trouble as trouble:
            _log.warning("discord: nothing points to a thread: %s", trouble)
        request = replace(request, place=replace(request.place, topic=str(thread.id)))
        return request, Opened(ChannelWay(self._client, request.place, request=request), None)

    async def _acknowledge(
        self, asked: Asked, request: Request, *, page: bool, hidden: bool
    ) -> Opened:
        """Tell Discord that an answer comes; this is the first thing that is done, and in time."""
        bot = ChannelWay(self._client, request.place, request=request)
        try:
            answer = await tried(lambda: asked.response.defer(ephemeral=hidden, thinking=not page))
        except Trouble as trouble:
            if trouble.code != _ALREADY_ACKNOWLEDGED:
                _log.warning("discord: an interaction could not be acknowledged: %s", trouble)
                return Opened(bot, None)
            # Delivered twice, or the answer to our first try was lost: the engine knows which.
            return Opened(TokenWay(asked, bot, original=None, private=hidden), None)
        # Discord names the message that says "is thinking"; a page to be turned is there already.
        shown = asked.message.id if page and asked.message is not None else None
        first = answer.message_id if answer is not None and not page else shown
        return Opened(TokenWay(asked, bot, original=first, private=hidden), first)

    async def _ask_for_words(self, asked: Asked, command: Writable) -> None:
        """Open the window in which somebody writes what the command lacks."""
        draft = ""
        if isinstance(command, c.Edit):
            passage = await self._passage(asked, command.at)
            if passage is not None:
                draft, command = passage.text, replace(command, at=passage.passage)
        window = modal_for(command, self._voice(asked), draft)
        try:
            await tried(lambda: asked.response.send_modal(window))
        except Trouble as trouble:
            _log.warning("discord: a window could not be opened: %s", trouble)

    async def _passage(self, asked: Asked, at: int | None) -> Reply | None:
        """Return the passage to be rewritten; None where it cannot be had in time."""
        try:
            async with asyncio.timeout(_MOST_LOOKING):
                return await self._engine.draft(place_of(asked), author_of(asked), at)
        except (StorageError, TimeoutError):
            return None  # the window opens empty, and what is written in it says what is wrong

    async def _refuse(self, asked: Asked, refusal: Refusal) -> None:
        """Say why something cannot even be asked."""
        words = letters(self._voice(asked)(refusal.key, **refusal.values))
        try:
            await tried(lambda: asked.response.send_message(words, ephemeral=True))
        except Trouble as trouble:
            _log.warning("discord: a refusal could not be shown: %s", trouble)

    def _voice(self, asked: Asked) -> Voice:
        return Voice.of(asked.locale.value, self._client.settings.language)

    # ------------------------------------------------------------ tasks
    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """Count the task that this runs in among those to be ended at a shutdown."""
        task = asyncio.current_task()
        if task is not None:  # for the type checker: a coroutine always runs in a task
            self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks -= {task}

    async def finish(self, grace: float) -> None:
        """Wait a moment for the turns that are about to end, then leave the others open."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        late = tuple(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _turns_page(command: c.Command, pressed: discord.Message | None) -> bool:
    """Whether a button turns its own message like a page, or has its answer in a new one."""
    if pressed is None or pressed.flags.ephemeral:
        return False
    if isinstance(command, c.Takes | c.Pick):
        return True
    return isinstance(command, c.Shelf | c.Open | c.Delete) and not shows_passage(pressed)


def _is_for_asker(command: c.Command) -> bool:
    """Whether the answer concerns nobody but the asker."""
    match command:
        case c.Language(place=here):
            return not here
        case c.Comment(text=said):
            return bool(said)  # what asks for it is answered by a reply, and must be seen
        case c.Explain() | c.Rate() | c.Help() | c.Report():
            return True
        case c.Privacy() | c.MyData() | c.ForgetMe():
            return True
        case _:
            return False


async def _content(file: discord.Attachment) -> str:
    """Return what stands in a file; nothing if it cannot be had, which the engine refuses."""
    if file.size > _MOST_IMPORT:
        return ""
    try:
        content = await tried(file.read)
    except Trouble as trouble:
        _log.info("discord: a file could not be fetched: %s", trouble)
        return ""
    return content.decode("utf-8-sig", "replace")


def _thumb(face: str) -> int:
    return 1 if face.startswith("👍") else -1 if face.startswith("👎") else 0


def _number(reaction: discord.RawReactionActionEvent) -> str:
    """Return an id for a reaction: Discord gives it none, and a thumb may come back later."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    return f"{reaction.message_id}.{reaction.user_id}.{now}"
