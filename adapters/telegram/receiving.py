"""Where updates come from: long polling, or a webhook that Telegram pushes to."""

import asyncio
import logging
import math
import secrets
import socket
from collections.abc import AsyncGenerator
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from telegram import Update
from telegram.error import BadRequest, Conflict, InvalidToken
from telegram.ext import Updater

from adapters.telegram.settings import API, TelegramSettings
from adapters.telegram.wire import Wire
from core.errors import SettingsError

_log = logging.getLogger(__name__)

# Reactions come only when asked for, and only to admins of a chat. Edited messages do not come:
# what was said stays said, `/edit` rewrites it.
WANTED = [
    Update.MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.MESSAGE_REACTION,
]
REFUSED = (
    "TALETURN_TELEGRAM_TOKEN: Telegram refuses the token. "
    "Copy it again from @BotFather (/mybots, API Token)."
)
_ELSEWHERE = (
    " Or {base} is no server of the Bot API: look at api_base below [telegram] in config.toml; "
    "without it, Telegram's own address is taken."
)


def refused(settings: TelegramSettings) -> str:
    """Return what to do about a refused token; a wrong address looks the same."""
    if settings.api_base == API:
        return REFUSED
    return REFUSED + _ELSEWHERE.format(base=settings.api_base)


async def polled(wire: Wire, settings: TelegramSettings) -> AsyncGenerator[Update]:
    """Ask for updates, and ask again, for ever. Raises SettingsError when the token is revoked.

    A batch is confirmed by asking for the next one; what a shutdown cuts off comes once more, and
    the engine knows what it has answered.
    """
    bot, poll = wire.bot, wire.tempo.poll
    offset: int | None = None
    try:
        await wire.patiently(bot.delete_webhook, patience=math.inf)  # with one set, polling fails
        while True:
            try:
                ask = partial(bot.get_updates, offset, timeout=poll, allowed_updates=WANTED)
                updates = await wire.patiently(ask, patience=math.inf)
            except Conflict as error:
                _log.warning("telegram: %s. Stop the other program.", error.message.rstrip("."))
                await asyncio.sleep(wire.tempo.most_retry)
                continue
            for update in updates:
                offset = update.update_id + 1
                yield update
    except InvalidToken:
        raise SettingsError(refused(settings)) from None  # the library's error holds the token


async def pushed(wire: Wire, settings: TelegramSettings) -> AsyncGenerator[Update]:
    """Listen for updates. Raises SettingsError when the webhook cannot be set."""
    queue: asyncio.Queue[object] = asyncio.Queue()
    updater = Updater(wire.bot, queue)
    await updater.initialize()
    try:
        _check_free(settings.webhook_listen, settings.webhook_port)
        await wire.patiently(
            lambda: updater.start_webhook(
                listen=settings.webhook_listen,
                port=settings.webhook_port,
                url_path=urlsplit(settings.webhook_url).path,
                webhook_url=settings.webhook_url,
                allowed_updates=WANTED,
                secret_token=settings.webhook_secret or secrets.token_urlsafe(32),
            )
        )
    except BadRequest as error:
        raise SettingsError(f"telegram.webhook_url: {error.message}") from error
    except OSError as error:
        raise SettingsError(f"telegram.webhook_port: {settings.webhook_port}: {error}") from error
    try:
        while True:
            yield cast("Update", await queue.get())  # it puts nothing else there
    finally:
        await updater.stop()


def _check_free(listen: str, port: int) -> None:
    """See whether the port can be had, before Telegram is told of it. Raises OSError."""
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    socket.create_server((listen, port), family=family).close()
