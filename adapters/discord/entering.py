"""Entering: token and gateway; what refuses the bot is told with its remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from adapters.discord.settings import DiscordSettings
from core.errors import SettingsError, TaleturnError

_PORTAL = "https://discord.com/developers/applications"
REFUSED = (
    "Discord does not know this token. Copy the bot's token again from "
    f"{_PORTAL} (your application, Bot, Reset Token) into TALETURN_DISCORD_TOKEN."
)
ELSEWHERE = (
    "Discord sends this application's interactions to a web address, so the bot hears none. "
    f'Empty "Interactions Endpoint URL" at {_PORTAL} (your application, General Information).'
)
INTENTS = (
    "Discord refuses what the bot asked to hear (guilds and reactions). Look at "
    f"{_PORTAL} (your application, Bot) whether the application is in good standing."
)
NOT_DISCORD = (
    "{base} does not answer as Discord does. Look at api_base below [discord] in config.toml; "
    "without it, Discord's own address is taken."
)
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
_WRONG_TOKEN, _BAD_INTENTS = 4004, {4013, 4014}
_UNREACHABLE = (
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    discord.HTTPException,
    discord.GatewayNotFound,
)


class OutOfReach(TaleturnError):
    """Discord does not answer now."""


@contextmanager
def told_apart(settings: DiscordSettings) -> Iterator[None]:
    """Tell what cannot work (SettingsError) from what may work later (OutOfReach)."""
    try:
        yield
    except discord.LoginFailure:
        raise SettingsError(REFUSED) from None  # the library's error shows the request
    except discord.NotFound as error:
        raise SettingsError(NOT_DISCORD.format(base=settings.api_base)) from error
    except _UNREACHABLE as error:
        raise OutOfReach(repr(error)) from error


async def log_in(client: discord.Client, settings: DiscordSettings) -> None:
    """Present the token. Raises SettingsError, OutOfReach."""
    with told_apart(settings):
        await client.login(settings.token)
    if client.application is not None and client.application.interactions_endpoint_url:
        raise SettingsError(ELSEWHERE)


async def connected(client: discord.Client) -> TaleturnError:
    """Listen as long as Discord lets the bot; return why it does not any more."""
    try:
        await client.connect()
    except discord.PrivilegedIntentsRequired:
        return SettingsError(INTENTS)
    except discord.ConnectionClosed as error:
        if error.code == _WRONG_TOKEN:
            return SettingsError(REFUSED)
        if error.code in _BAD_INTENTS:
            return SettingsError(INTENTS)
        return OutOfReach(str(error))
    except _UNREACHABLE as error:
        return OutOfReach(repr(error))
    return OutOfReach("the gateway was closed")
