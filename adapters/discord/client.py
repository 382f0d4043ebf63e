"""The client: discord.py, set up so that it reads no messages and calls nobody."""

from typing import TypeAlias

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from adapters.discord.settings import DiscordSettings
from core.session.engine import Engine


class Listener(discord.AutoShardedClient):
    """discord.py's client, as little curious as the bot can do with."""

    def __init__(self, settings: DiscordSettings) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nothing here speaks
        super().__init__(
            intents=discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,  # none is remembered, none is needed
        )
        self.settings = settings
        Route.BASE = settings.api_base  # the library knows one address for the whole process

    async def setup_hook(self) -> None:
        """Ask where the gateway is: a session that cannot be resumed begins again there."""
        _, url, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(url)


class TaleClient(Listener):
    """The client, and the engine its events are for."""

    def __init__(self, engine: Engine, settings: DiscordSettings) -> None:
        super().__init__(settings)
        self.engine = engine
        # Channels whose missing right was told of: to write there, to open threads there.
        self.denied: set[int] = set()
        self.threadless: set[int] = set()


Asked: TypeAlias = discord.Interaction[TaleClient]
