"""Listening: an update becomes a request, and the engine's replies go to a screen."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from telegram import (
    CallbackQuery,
    Chat,
    Document,
    InlineQuery,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
    MessageReactionUpdated,
    Update,
    User,
)
from telegram.constants import FileSizeLimit, MessageLimit
from telegram.error import TelegramError

from adapters.delivery import NotShown, deliver
from adapters.splitting import split
from adapters.telegram import reading
from adapters.telegram.admins import Admins
from adapters.telegram.letters import Mention, letters
from adapters.telegram.press import Press
from adapters.telegram.screen import Cue, TelegramScreen
from adapters.telegram.sheets import NO_PREVIEW
from adapters.telegram.wire import Wire
from core.errors import Refusal, TaleturnError
from core.session import commands as c
from core.session.engine import Engine
from core.session.messages import Author, Notice, Place, Reply, Request, Unfinished
from core.session.spelling import from_button, from_line
from core.session.wording import Voice

_log = logging.getLogger(__name__)
_MOST_HEARD = 10_000
_DESCRIPTION = 100  # characters; more does not show in the list of results


class Listener:
    """Answers updates, one task each."""

    def __init__(self, engine: Engine, wire: Wire, language: str) -> None:
        self._engine = engine
        self._wire = wire
        self._language = language
        self._admins = Admins(wire.bot, wire.tempo)
        self._heard: OrderedDict[int, None] = OrderedDict()  # update ids of late

    async def hear(self, update: Update) -> None:
        """Answer an update; one that comes twice is answered once."""
        if update.update_id in self._heard:
            return
        self._heard[update.update_id] = None
        if len(self._heard) > _MOST_HEARD:
            self._heard.popitem(last=False)
        try:
            if update.message is not None:
                await self._message(str(update.update_id), update.message)
            elif update.callback_query is not None:
                await self._press(str(update.update_id), update.callback_query)
            elif update.message_reaction is not None:
                await self._reaction(str(update.update_id), update.message_reaction)
            elif update.inline_query is not None:
                await self._share(update.inline_query)
        except Exception:  # noqa: BLE001  # the edge of an update: one that breaks something breaks nothing else
            _log.exception("telegram: an update could not be answered")

    # ------------------------------------------------------------ messages
    async def _message(self, request: str, message: Message) -> None:
        if message.migrate_to_chat_id is not None:
            old, new = message.chat.id, message.migrate_to_chat_id
            self._wire.moved(old, new)
            await self._engine.moved(reading.PLATFORM, str(old), str(new))
            return
        writer = reading.writer_of(message)
        if writer is None:
            return
        place = reading.place_of(message)
        cue = Cue(Mention(writer.id, writer.full_name), message=message.message_id)
        try:
            command = await self._asked(message, place)
        except Refusal as refusal:
            await self._refuse(place, writer, cue, refusal)
            return
        if command is not None:
            author = await self._author(writer, place)
            await self._turn(Request(request, place, author, command), cue)

    async def _asked(self, message: Message, place: Place) -> c.Command | None:
        """Return what a message asks; None: it is not for us. Raises Refusal."""
        me = self._wire.bot.bot
        username = me.username or ""
        to_us = place.private or reading.answers_us(message, me.id)
        if any(member.id == me.id for member in message.new_chat_members):
            return c.Help()
        if message.document is not None:
            caption = message.caption or ""
            if caption.startswith("/") and not reading.is_to_us(caption, username):
                return None
            if not (to_us or caption.startswith("/")):
                return None
            asked = from_line(caption) if caption.startswith("/") else c.Import()
            if isinstance(asked, c.Import):
                asked = c.Import(await self._content(message.document))
            return asked
        text = message.text or ""
        if text.startswith("/"):
            return _line(text, username, surely=to_us)
        if not text or not to_us:
            return None
        if message.reply_to_message is not None and reading.answers_us(message, me.id):
            ref = str(message.reply_to_message.message_id)
            return await self._engine.reply_to(place, ref, text)
        return from_line(text)

    async def _content(self, document: Document) -> str:
        """Return what stands in a file somebody sent."""
        most = FileSizeLimit.FILESIZE_DOWNLOAD
        if (document.file_size or 0) > most:
            raise Refusal("telegram.file_too_big", most=most // 10**6)
        file = await self._wire.patiently(document.get_file)
        content = await self._wire.patiently(file.download_as_bytearray)
        return content.decode("utf-8-sig", "replace")

    # ------------------------------------------------------------ buttons, reactions, sharing
    async def _press(self, request: str, query: CallbackQuery) -> None:
        message, user = query.message, query.from_user
        if message is None or query.data is None:  # of a message shared into a foreign chat
            await Press(self._wire, query.id).release()
            return
        place = await self._place_of_ours(message.chat, message.message_id)
        page = None
        # The library makes a Message of what Telegram holds no more, too: without its topic.
        if isinstance(message, Message) and message.is_accessible:
            place, page = reading.place_of(message), message.message_id
        cue = Cue(Mention(user.id, user.full_name), query=query.id)
        try:
            command = from_button(query.data)
        except Refusal as refusal:
            await self._refuse(place, user, cue, refusal)
            return
        if reading.turns_in_place(command):
            cue = replace(cue, page=page)
        author = await self._author(user, place)
        await self._turn(Request(request, place, author, command), cue)

    async def _reaction(self, request: str, reaction: MessageReactionUpdated) -> None:
        """Rate the passage somebody reacted to; nothing is said to it."""
        value = reading.thumb_of(reaction)
        if value is None or reaction.user is None:
            return
        ref = str(reaction.message_id)
        place = await self._place_of_ours(reaction.chat, reaction.message_id)
        command = await self._engine.reaction_to(place, ref, value)
        if command is not None:
            author = await self._author(reaction.user, place)
            rating = Request(request, place, author, command)
            async with aclosing(self._engine.handle(rating)) as told:
                async for _ in told:
                    pass  # who reacted sees the reaction itself

    async def _share(self, query: InlineQuery) -> None:
        """Offer the newest passages of somebody's own stories, to share one in any chat."""
        place = Place(reading.PLATFORM, str(query.from_user.id), private=True)
        author = await self._author(query.from_user, place)
        shared = await self._engine.shareable(place, author, query.query)
        articles = [_article(reply) for reply in shared]
        try:
            await query.answer(articles, cache_time=0, is_personal=True)
        except TelegramError as error:  # who types on asks again
            _log.debug("telegram: nothing to share: %s", error.message)

    # ------------------------------------------------------------ turns
    async def resume(self, unfinished: Unfinished) -> None:
        """Tell a turn to its end that a restart cut off, in the message where it began."""
        request = unfinished.request
        screen = self._screen(request.place, request.author.language, ref=unfinished.screen)
        await self._tell(request, self._engine.resume(unfinished), screen)

    async def post(self, notice: Notice) -> None:
        """Show what nobody asked for."""
        screen = self._screen(notice.place, "")
        try:
            await screen.show(notice.reply)
            await self._engine.posted(notice, screen.ref)
        except TaleturnError as error:  # nobody waits for it
            _log.warning("telegram did not show a notice: %s", error)

    async def _turn(self, request: Request, cue: Cue) -> None:
        screen = self._screen(request.place, request.author.language, cue=cue)
        await self._tell(request, self._engine.handle(request), screen)

    async def _tell(
        self, request: Request, replies: AsyncGenerator[Reply], screen: TelegramScreen
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(screen.accompany())
            await deliver(self._engine, request, replies, screen)
            await screen.end()

    async def _refuse(self, place: Place, user: User, cue: Cue, refusal: Refusal) -> None:
        """Say why something cannot even be asked."""
        author = reading.author_of(user, admin=False)
        reply = await self._engine.refused(place, author, refusal)
        try:
            await self._screen(place, author.language, cue=cue).show(reply)
        except NotShown as error:
            _log.warning("telegram did not show a refusal: %s", error)

    def _screen(
        self, place: Place, language: str, *, cue: Cue | None = None, ref: str = ""
    ) -> TelegramScreen:
        say = Voice.of(language, self._language)
        return TelegramScreen(self._wire, place, say, cue=cue, ref=ref)

    async def _place_of_ours(self, chat: Chat, message: int) -> Place:
        """Return the place of a message of ours that came without its topic."""
        topic = self._wire.topic_of(chat.id, message)
        if chat.is_forum and not topic:  # sent before a restart
            known = await self._engine.place_of(reading.PLATFORM, str(chat.id), str(message))
            topic = known.topic if known else ""
        return reading.place_in(chat, topic)

    async def _author(self, user: User, place: Place) -> Author:
        admin = place.private or await self._admins.know(int(place.chat), user.id)
        return reading.author_of(user, admin=admin)


def _line(line: str, username: str, *, surely: bool) -> c.Command | None:
    """Read a command; None: it is another bot's. Raises Refusal."""
    if not reading.is_to_us(line, username):
        return None
    try:
        return from_line(line)
    except Refusal as refusal:
        ours = surely or reading.names_us(line) or refusal.key != "refusal.unknown_command"
        if ours:
            raise
        return None


def _article(reply: Reply) -> InlineQueryResultArticle:
    """Return a passage as something to share."""
    letter = letters(reply, MessageLimit.MAX_TEXT_LENGTH)[0]
    return InlineQueryResultArticle(
        id=str(reply.passage),
        title=reply.heading,
        description=split(reply.text, _DESCRIPTION)[0],
        input_message_content=InputTextMessageContent(
            letter.text, entities=letter.entities, link_preview_options=NO_PREVIEW
        ),
    )
