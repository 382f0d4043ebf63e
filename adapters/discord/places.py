"""Who asks, and where: Discord's channels and people as places and authors."""

import discord

from adapters.discord.client import Asked, TaleClient
from core.session.messages import Author, Place

PLATFORM = "discord"


def place_of(asked: Asked) -> Place:
    """Return the place an interaction came from."""
    return _place(asked.channel, asked.channel_id or 0)


def place_at(client: TaleClient, channel_id: int, *, private: bool) -> Place:
    """Return the place of a channel of which little more than its number is known."""
    if private:
        return Place(PLATFORM, str(channel_id), private=True)
    return _place(client.get_channel(channel_id), channel_id)


def _place(channel: object, channel_id: int) -> Place:
    match channel:
        case discord.Thread():
            return Place(PLATFORM, str(channel.parent_id), str(channel.id))
        case discord.DMChannel():
            return Place(PLATFORM, str(channel.id), private=True)
        case _:
            return Place(PLATFORM, str(channel_id))


def channel_of(place: Place) -> int:
    """Return the number of the channel or thread that is a place."""
    return int(place.topic or place.chat)


def author_of(asked: Asked) -> Author:
    """Return who asks; who may manage a channel, or is alone in it, runs what is told there."""
    may = asked.permissions
    return Author(
        platform=PLATFORM,
        id=str(asked.user.id),
        name=asked.user.display_name,
        language=asked.locale.value,
        admin=place_of(asked).private or may.manage_channels or may.administrator,
    )
