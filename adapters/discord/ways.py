"""Ways to a channel: by an interaction's token for 15 minutes, as the bot where it may write."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import aiohttp
import discord
from discord import ui
from discord.utils import DEFAULT_FILE_SIZE_LIMIT_BYTES, MISSING

from adapters.discord.client import Asked, TaleClient
from adapters.discord.layout import Files
from adapters.discord.places import channel_of
from core.errors import TaleturnError
from core.session.messages import Place, Request
from core.session.wording import Voice

_log = logging.getLogger(__name__)
T = TypeVar("T")

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
_UNKNOWN_MESSAGE = 10008
_UNKNOWN_WEBHOOK = 10015
_INVALID_TOKEN = 50027
_TOO_MANY = 429
_BROKEN = 500  # and above


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one message is to show."""

    content: str
    view: ui.View | None
    files: Files | None

    def fresh(self) -> list[discord.File]:
        """Return the files, to be sent once."""
        return self.files.fresh() if self.files else []


class Trouble(TaleturnError):
    """Discord did not take a message; `passing`: it may take it later; `code`: its own."""

    def __init__(self, text: str, *, code: int = 0, passing: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.passing = passing


class Gone(Trouble):
    """The message is not there any more."""


class Denied(Trouble):
    """The bot may not write there."""


class _Expired(Trouble):
    """The interaction's token has come to its end."""


class ChannelWay:
    """As the bot, where it may see the channel and write."""

    private = False
    most_bytes = DEFAULT_FILE_SIZE_LIMIT_BYTES

    def __init__(self, client: TaleClient, place: Place, *, request: Request | None = None) -> None:
        self._client = client
        self._channel = client.get_partial_messageable(channel_of(place))
        self._request = request
        self._nonce = request.id[-20:] if request else uuid4().hex[:20]
        self.alone = place.private  # nobody but the asker reads this channel

    async def send(self, sheet: Sheet, number: int) -> int:
        """Send a message and return its id."""
        message = await tried(
            lambda: self._channel.send(
                sheet.content,
                view=sheet.view or MISSING,
                files=sheet.fresh(),
                suppress_embeds=True,
                # Discord keeps only one message of a nonce, should an answer of its own be lost.
                nonce=f"{self._nonce}.{number}",
            )
        )
        return message.id

    async def edit(self, message: int, sheet: Sheet) -> None:
        """Let a message show something else."""
        partial = self._channel.get_partial_message(message)
        files = sheet.fresh()
        await tried(
            lambda: partial.edit(
                content=sheet.content, view=sheet.view, attachments=files or MISSING
            )
        )

    async def delete(self, message: int) -> None:
        """Delete a message."""
        await tried(self._channel.get_partial_message(message).delete)

    def to_asker(self) -> "ChannelWay":
        """Return the way to the asker alone. Raises Trouble: without a token there is none."""
        if not self.alone:
            raise Trouble("the answer is private and the interaction is over")
        return self

    async def tell_asker(self, say: Voice) -> None:
        """Tell the asker, once, that the bot may not write in the channel."""
        channel = self._channel.id
        if self._request is None or self.alone or channel in self._client.denied:
            return
        self._client.denied.add(channel)
        asker = discord.Object(int(self._request.author.id))
        words = say("discord.no_right", channel=f"<#{channel}>")
        try:
            direct = await tried(lambda: self._client.create_dm(asker))
            await tried(lambda: direct.send(words))
        except Trouble as error:
            _log.info("nobody could be told of a missing right: %s", error)


class TokenWay:
    """By an interaction's token, which needs no right; as the bot after its end."""

    def __init__(
        self, asked: Asked, channel: ChannelWay, *, original: int | None, private: bool = False
    ) -> None:
        self._asked = asked
        self._bot = channel
        self._original = original
        self._over = False
        self.private = private
        self.alone = channel.alone
        self.most_bytes = asked.filesize_limit

    async def send(self, sheet: Sheet, number: int) -> int:
        """Send one more message and return its id."""

        async def follow_up() -> int:
            message = await self._asked.followup.send(
                sheet.content,
                view=sheet.view or MISSING,
                files=sheet.fresh(),
                ephemeral=self.private,
                suppress_embeds=True,
                wait=True,
            )
            return message.id

        return await self._by_token(follow_up, lambda: self._bot.send(sheet, number))

    async def edit(self, message: int, sheet: Sheet) -> None:
        """Let a message show something else."""

        async def edit() -> None:
            files = sheet.fresh() or MISSING
            if message == self._original:
                await self._asked.edit_original_response(
                    content=sheet.content, view=sheet.view, attachments=files
                )
            else:
                await self._asked.followup.edit_message(
                    message, content=sheet.content, view=sheet.view, attachments=files
                )

        await self._by_token(edit, lambda: self._bot.edit(message, sheet))

    async def delete(self, message: int) -> None:
        """Delete a message."""

        async def delete() -> None:
            if message == self._original:
                await self._asked.delete_original_response()
            else:
                await self._asked.followup.delete_message(message)

        await self._by_token(delete, lambda: self._bot.delete(message))

    def to_asker(self) -> "TokenWay":
        """Return the way to the asker alone."""
        return TokenWay(self._asked, self._bot, original=None, private=True)

    async def tell_asker(self, say: Voice) -> None:
        """Tell the asker, once, that the bot may not write in the channel."""
        await self._bot.tell_asker(say)

    async def _by_token(
        self, with_token: Callable[[], Awaitable[T]], as_bot: Callable[[], Awaitable[T]]
    ) -> T:
        if not self._over:
            try:
                return await tried(with_token)
            except _Expired:
                self._over = True
        if self.private:
            raise Trouble("the answer is private and the interaction is over")
        return await as_bot()


Way = TokenWay | ChannelWay


async def tried(call: Callable[[], Awaitable[T]]) -> T:
    """Await a call to Discord; what it refuses is told apart. Raises Trouble."""
    try:
        return await call()
    except discord.HTTPException as error:
        raise _told_apart(error) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Trouble(f"Discord is out of reach: {error!r}", passing=True) from error


def _told_apart(error: discord.HTTPException) -> Trouble:
    text = f"Discord answered {error.status} ({error.code}): {error.text}"
    if error.code == _UNKNOWN_MESSAGE:
        return Gone(text)
    if error.code in {_UNKNOWN_WEBHOOK, _INVALID_TOKEN}:
        return _Expired(text)
    if isinstance(error, discord.Forbidden):
        return Denied(text)
    passing = error.status == _TOO_MANY or error.status >= _BROKEN
    return Trouble(text, code=error.code, passing=passing)
