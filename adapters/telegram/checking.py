"""A start that is only tried: `taleturn doctor` asks Telegram what `taleturn run` would."""

import asyncio
import logging
from collections.abc import Iterator

from telegram import User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from adapters.checking import Checked
from adapters.telegram.calling import bot_of
from adapters.telegram.receiving import refused
from adapters.telegram.settings import TelegramSettings, Tempo
from core.errors import SettingsError

_LONGEST = 15.0  # seconds
AWAY = (
    "Telegram is out of reach ({error}). Look at the network, and whether Telegram may be called "
    "from there; `taleturn run` goes on trying."
)
NO_GROUPS = "No group can add it. Let them: @BotFather, /setjoingroups, Enable."
WEBHOOK_LEFT = (
    "Its updates go to {host} now. `taleturn run` takes them over by polling; whatever listens "
    "there hears nothing then."
)
WEBHOOK_FAILS = (
    "Telegram could not bring the last update to {host}: {error}. Look at telegram.webhook_url and "
    "at the proxy in front of telegram.webhook_port."
)


async def check(settings: TelegramSettings) -> Checked:
    """Ask who the bot is and where its updates go. Raises SettingsError for a refused token."""
    # At INFO the HTTP client logs every address it calls, and the token is part of them.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    bot = bot_of(settings, Tempo())
    try:
        async with asyncio.timeout(_LONGEST):
            await bot.initialize()
            hook = await bot.get_webhook_info()
        return Checked(_said(bot.bot), tuple(_worries(settings, bot.bot, hook)))
    except InvalidToken:
        raise SettingsError(refused(settings)) from None  # the library's error holds the token
    except TelegramError as error:
        return Checked("does not answer", (AWAY.format(error=error.message),))
    except TimeoutError:
        return Checked("does not answer", (AWAY.format(error="no answer in time"),))
    finally:
        await bot.shutdown()


def _said(me: User) -> str:
    if me.can_read_all_group_messages:
        sees = "in groups it sees every message (privacy mode is off)"
    else:
        sees = "in groups it sees commands and replies to it (privacy mode is on)"
    inline = (
        "" if me.supports_inline_queries else "; @BotFather, /setinline lets people share with it"
    )
    return f"@{me.username} may come in; {sees}{inline}"


def _worries(settings: TelegramSettings, me: User, hook: WebhookInfo) -> Iterator[str]:
    if not me.can_join_groups:
        yield NO_GROUPS
    host = hook.url.partition("://")[2].partition("/")[0]  # the path may be somebody's secret
    if hook.url and settings.mode == "polling":
        yield WEBHOOK_LEFT.format(host=host)
    if hook.last_error_message and settings.mode == "webhook":
        yield WEBHOOK_FAILS.format(host=host, error=hook.last_error_message)
