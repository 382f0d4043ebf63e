"""How people, channels, messages and events are written on the wire."""

from typing import Any

from tests.servers.discord_world import DM, GROUP_DM, THREAD, Channel, Guild, Message, User, stamp

Json = Any

_EVERYBODY = 1 << 11 | 1 << 10 | 1 << 6  # send messages, view channel, add reactions
_ADMIN = 1 << 5 | 1 << 4 | 1 << 3  # manage guild, manage channels, administrator
_JOINED = "2026-01-01T00:00:00+00:00"


def user(one: User) -> Json:
    """Write somebody."""
    return {
        "id": one.id,
        "username": one.name.lower().replace(" ", "_")[:32] or "someone",
        "global_name": one.name,
        "discriminator": "0",
        "avatar": None,
        "bot": one.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def me(one: User) -> Json:
    """Write the bot as it sees itself."""
    return {**user(one), "mfa_enabled": False, "locale": "en-US", "verified": True}


def member(one: User) -> Json:
    """Write somebody as one of a guild."""
    return {
        "user": user(one),
        "roles": [],
        "joined_at": _JOINED,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def application(bot: User, owner: User) -> Json:
    """Write the bot's application as its owner sees it."""
    return {
        "id": bot.id,
        "name": bot.name,
        "icon": None,
        "description": "Groups write stories together",
        "type": None,
        "bot": user(bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(owner),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 1,
        "approximate_user_authorization_count": 1,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def channel(one: Channel, bot: User) -> Json:
    """Write a channel, whatever its kind."""
    common = {"id": one.id, "type": one.type, "flags": 0, "last_message_id": None}
    if one.type in (DM, GROUP_DM):
        people = {"recipients": [user(somebody) for somebody in one.people]}
        return {**common, **people, **({"name": one.name} if one.type == GROUP_DM else {})}
    assert one.guild is not None
    named = {**common, "guild_id": one.guild.id, "name": one.name}
    if one.type != THREAD:
        return {**named, "position": 0, "permission_overwrites": [], "nsfw": False}
    assert one.parent is not None
    return {
        **named,
        "parent_id": one.parent.id,
        "owner_id": bot.id,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": _JOINED,
            "auto_archive_duration": 1440,
            "locked": False,
        },
    }


def message(one: Message) -> Json:
    """Write a message."""
    written = {
        "id": one.id,
        "type": 0,
        "channel_id": one.channel.id,
        "author": user(one.author),
        "content": one.content,
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": one.attachments,
        "embeds": [],
        "timestamp": stamp(one.sent),
        "edited_timestamp": stamp(one.edited) if one.edited else None,
        "flags": one.flags,
        "components": one.components,
        "pinned": False,
        "tts": False,
    }
    if one.nonce:
        written["nonce"] = one.nonce
    if one.asked:
        written["webhook_id"] = one.author.id
        written["application_id"] = one.author.id
    return written


def guild(one: Guild, channels: list[Channel], bot: User, owner: User) -> Json:
    """Write a guild as the gateway announces it."""
    nothing = dict.fromkeys(
        "afk_channel_id application_id banner description discovery_splash hub_type icon "
        "incidents_data public_updates_channel_id rules_channel_id safety_alerts_channel_id splash "
        "system_channel_id vanity_url_code".split()
    )
    zero = dict.fromkeys(
        "default_message_notifications explicit_content_filter mfa_level nsfw_level premium_tier "
        "system_channel_flags verification_level".split(),
        0,
    )
    empty: dict[str, list[Json]] = {
        name: []
        for name in "emojis features guild_scheduled_events presences soundboard_sounds "
        "stage_instances voice_states stickers".split()
    }
    return {
        **nothing,
        **zero,
        **empty,
        "id": one.id,
        "name": one.name,
        "owner_id": owner.id,
        "afk_timeout": 300,
        "joined_at": _JOINED,
        "large": False,
        "unavailable": False,
        "member_count": 2,
        "members": [member(bot)],
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "roles": [_everyone(one)],
        "channels": [channel(c, bot) for c in channels if c.type != THREAD],
        "threads": [channel(c, bot) for c in channels if c.type == THREAD],
    }


def _everyone(one: Guild) -> Json:
    return {
        "id": one.id,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": str(_EVERYBODY),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def interaction(
    *,
    id: str,
    token: str,
    kind: int,
    by: User,
    where: Channel,
    data: Json,
    bot: User,  # Discord's name for it
) -> Json:
    """Write what somebody did with the bot."""
    written = {
        "id": id,
        "application_id": bot.id,
        "type": kind,
        "data": data,
        "token": token,
        "version": 1,
        "locale": by.locale,
        "channel": channel(where, bot),
        "channel_id": where.id,
        "app_permissions": str(_EVERYBODY),
        "attachment_size_limit": 10 * 1024 * 1024,
        "entitlements": [],
    }
    if where.guild is None:
        asked_as = {"1": by.id} if where.type == GROUP_DM else {"0": "0", "1": by.id}
        context = 2 if where.type == GROUP_DM else 1
        person = {"user": user(by)}
        return {**written, **person, "context": context, "authorizing_integration_owners": asked_as}
    permissions = _EVERYBODY | (_ADMIN if by.admin else 0)
    return {
        **written,
        "context": 0,
        "guild_id": where.guild.id,
        "guild": {"id": where.guild.id, "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": {**member(by), "permissions": str(permissions)},
        "authorizing_integration_owners": (
            {"0": where.guild.id} if where.guild.has_bot else {"1": by.id}
        ),
    }
