"""A start that is only tried: `taleturn doctor` asks Discord what `taleturn run` would."""

import asyncio

import discord

from adapters.checking import Checked
from adapters.discord.client import Listener
from adapters.discord.entering import OutOfReach, connected, log_in
from adapters.discord.settings import DiscordSettings

_LONGEST = 15.0  # seconds; the library itself would try again for half a minute
AWAY = (
    "Discord is out of reach ({error}). Look at the network and at https://discordstatus.com; "
    "`taleturn run` goes on trying."
)
ALONE = "It is in no server yet. Somebody who runs one lets it in by {url}"
# What it needs in a server: to see channels and threads, write, open threads, and hand over files.
_RIGHTS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    attach_files=True,
    read_message_history=True,
)


async def check(settings: DiscordSettings) -> Checked:
    """Log in and listen for a moment. Raises SettingsError for what cannot work."""
    try:
        async with asyncio.timeout(_LONGEST), Listener(settings) as client:
            await log_in(client, settings)
            await _hear(client)
            return _seen(client)
    except OutOfReach as error:
        return Checked("does not answer", (AWAY.format(error=error),))
    except TimeoutError:
        return Checked("does not answer", (AWAY.format(error="no answer in time"),))


async def _hear(client: Listener) -> None:
    """Connect to the gateway, which alone knows the intents. Raises why it does not let the bot."""
    let_in = asyncio.Event()

    async def on_connect() -> None:
        let_in.set()

    client.event(on_connect)
    heard = asyncio.create_task(let_in.wait())
    listening = asyncio.create_task(connected(client))
    await asyncio.wait({heard, listening}, return_when=asyncio.FIRST_COMPLETED)
    await client.close()
    ended = await listening
    if not heard.done():
        heard.cancel()
        raise ended


def _seen(client: Listener) -> Checked:
    """Tell who the bot is and where it is; without a server it has nobody to tell stories with."""
    about = client.application
    servers = (about.approximate_guild_count if about else 0) or 0
    said = f"{client.user} may come in and hears what it asks for; servers it is in: {servers:,}"
    if servers or about is None:
        return Checked(said)
    scopes = ("bot", "applications.commands")
    url = discord.utils.oauth_url(about.id, permissions=_RIGHTS, scopes=scopes)
    return Checked(said, (ALONE.format(url=url),))
