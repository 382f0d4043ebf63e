"""Threads: one for each story, where the operator wants it so and the bot may open them."""

import logging

import discord

from adapters.discord.client import Asked
from adapters.discord.letters import letters
from adapters.discord.ways import Denied, Trouble, tried
from core.session import commands as c
from core.session.texts import MOST_TITLE, short
from core.session.wording import Voice

_log = logging.getLogger(__name__)
_DENIED = "thread denied"


async def opened_thread(asked: Asked, command: c.Command) -> discord.Thread | None:
    """Return a new thread for a story that begins; None: it is told where it was asked for."""
    channel = asked.channel
    if not asked.client.settings.thread_per_story or not isinstance(command, c.New):
        return None
    name = short(command.text, MOST_TITLE)
    if not name or not isinstance(channel, discord.TextChannel):
        return None
    kind = discord.ChannelType.public_thread
    try:
        return await tried(lambda: channel.create_thread(name=name, type=kind))
    except Trouble as trouble:
        asked.extras[_DENIED] = isinstance(trouble, Denied)
        _log.warning("discord: no thread for a story: %s", trouble)
        return None


async def tell_of_missing_right(asked: Asked, say: Voice) -> None:
    """Tell the asker, once a channel, that no thread may be opened there."""
    told = asked.client.threadless
    channel = asked.channel_id
    if not asked.extras.get(_DENIED) or channel is None or channel in told:
        return
    told.add(channel)
    words = letters(say("discord.no_threads"))
    try:
        await tried(lambda: asked.followup.send(words, ephemeral=True))
    except Trouble as trouble:
        _log.info("discord: nobody could be told of a missing right: %s", trouble)
