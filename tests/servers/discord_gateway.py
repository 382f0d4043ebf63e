"""The gateway: identify, resume, heartbeats, and events to the shard they belong to."""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers import discord_json, discord_specs
from tests.servers.discord_world import Channel, User, World

Json = Any

_DISPATCH, _HEARTBEAT, _IDENTIFY, _RESUME = 0, 1, 2, 6
_RECONNECT, _INVALID, _HELLO, _ACK = 7, 9, 10, 11
_WRONG_TOKEN, _PRIVILEGED, _DROPPED = 4004, 4014, 4000
_GUILDS, _REACTIONS, _DIRECT_REACTIONS = 1 << 0, 1 << 10, 1 << 13
_MEMBERS, _PRESENCES, _MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
_NEEDS = {
    "GUILD_CREATE": _GUILDS,
    "THREAD_CREATE": _GUILDS,
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
}


@dataclass(eq=False)
class Session:
    """One shard's session: it outlives its connection, and keeps what was missed meanwhile."""

    id: str
    shard: int
    shards: int
    intents: int
    sequence: int = 0
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=1000))
    socket: web.WebSocketResponse | None = None
    valid: bool = True

    async def send(self, name: str, data: Json) -> None:
        """Send an event, or keep it until the session is resumed."""
        self.sequence += 1
        event = {"op": _DISPATCH, "s": self.sequence, "t": name, "d": data}
        self.sent.append(event)
        if self.socket is not None and not self.socket.closed:
            await self.socket.send_str(json.dumps(event))


class Gateway:
    """Discord's end of the websocket."""

    def __init__(self, world: World, token: str, complain: Callable[[str], None]) -> None:
        self.sessions: list[Session] = []
        self.shards = 1
        self.url = ""
        self.privileged = False  # whether the application was granted message content
        self.refuses = 0  # a code to close the next connection with
        self.refused = 0
        self.identified = 0
        self.resumed = 0
        self._world = world
        self._token = token
        self._complain = complain
        self._count = itertools.count(1)

    @property
    def live(self) -> list[Session]:
        """The sessions with a connection."""
        return [s for s in self.sessions if s.socket is not None and not s.socket.closed]

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Speak with one connection until it ends."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": _HELLO, "d": {"heartbeat_interval": 41250}}))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, json.loads(message.data))
        self._world.changed()
        return socket

    async def _hear(self, socket: web.WebSocketResponse, heard: Json) -> None:
        if heard["op"] == _HEARTBEAT:
            await socket.send_str(json.dumps({"op": _ACK}))
        elif heard["op"] == _IDENTIFY:
            await self._identify(socket, heard["d"])
        elif heard["op"] == _RESUME:
            await self._resume(socket, heard["d"])
        else:
            self._complain(f"gateway: op {heard['op']} is not expected from this bot")

    async def _identify(self, socket: web.WebSocketResponse, wanted: Json) -> None:
        if self.refuses:
            self.refused += 1
            code, self.refuses = self.refuses, 0
            await socket.close(code=code)
            return
        if wanted["token"] != self._token:
            await socket.close(code=_WRONG_TOKEN, message=b"Authentication failed.")
            return
        asked = wanted["intents"] & (_MEMBERS | _PRESENCES | _MESSAGE_CONTENT)
        if asked and not self.privileged:
            await socket.close(code=_PRIVILEGED, message=b"Disallowed intent(s).")
            return
        shard, shards = wanted.get("shard", (0, 1))
        session = Session(f"session-{next(self._count)}", shard, shards, wanted["intents"])
        session.socket = socket
        self.sessions.append(session)
        self.identified += 1
        await session.send("READY", self._ready(session))
        for guild in [g for g in self._world.guilds.values() if g.has_bot]:
            if self._belongs(session, guild.id):
                await self._announce(session, guild.id)
        self._world.changed()

    def _ready(self, session: Session) -> Json:
        bot = self._world.bot
        ready = {
            "v": 10,
            "user": discord_json.me(bot),
            "guilds": [
                {"id": guild.id, "unavailable": True}
                for guild in self._world.guilds.values()
                if guild.has_bot and self._belongs(session, guild.id)
            ],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shards],
            "application": {"id": bot.id, "flags": 0, "flags_new": "0"},
        }
        self._check("READY", ready)
        return ready

    async def _announce(self, session: Session, guild_id: str) -> None:
        guild = self._world.guilds[guild_id]
        channels = [c for c in self._world.channels.values() if c.guild is guild]
        owner = self._world.bot
        data = discord_json.guild(guild, channels, self._world.bot, owner)
        self._check("GUILD_CREATE", data)
        await session.send("GUILD_CREATE", data)

    async def _resume(self, socket: web.WebSocketResponse, wanted: Json) -> None:
        found = [s for s in self.sessions if s.id == wanted["session_id"] and s.valid]
        if not found or wanted["token"] != self._token:
            await socket.send_str(json.dumps({"op": _INVALID, "d": False}))
            return
        session = found[0]
        session.socket = socket
        self.resumed += 1
        for event in [event for event in session.sent if event["s"] > wanted["seq"]]:
            await socket.send_str(json.dumps(event))
        await session.send("RESUMED", {})
        self._world.changed()

    async def tell(self, name: str, data: Json, where: Channel) -> None:
        """Send an event to the shard of its channel, if that asked for such events."""
        self._check(name, data)
        need = _NEEDS.get(name, 0)
        if where.guild is None and need == _REACTIONS:
            need = _DIRECT_REACTIONS
        home = where.guild.id if where.guild else "0"
        for session in self._newest():
            if self._belongs(session, home) and session.intents & need == need:
                await session.send(name, data)

    def _newest(self) -> list[Session]:
        """Return one session a shard: a bot that identified again has left the older one."""
        return list({session.shard: session for session in self.sessions}.values())

    def _belongs(self, session: Session, guild_id: str) -> bool:
        return (int(guild_id) >> 22) % session.shards == session.shard

    def _check(self, name: str, data: Json) -> None:
        for error in discord_specs.event_errors(name, data):
            self._complain(f"event {name}: {error}")

    async def drop(self, *, for_good: bool = False) -> None:
        """Cut every connection; for good: the sessions cannot be resumed."""
        for session in self.live:
            session.valid = not for_good
            assert session.socket is not None
            await session.socket.close(code=_DROPPED)

    async def ask_to_reconnect(self) -> None:
        """Ask every shard to come back over a new connection, as Discord does when it deploys."""
        for session in self.live:
            assert session.socket is not None
            await session.socket.send_str(json.dumps({"op": _RECONNECT}))


async def reaction(gateway: Gateway, by: User, message_id: str, where: Channel, face: str) -> None:
    """Tell that somebody reacted to a message."""
    data: Json = {
        "user_id": by.id,
        "channel_id": where.id,
        "message_id": message_id,
        "emoji": {"id": None, "name": face},
        "burst": False,
        "type": 0,
    }
    if where.guild:
        data |= {"guild_id": where.guild.id, "member": discord_json.member(by)}
    await gateway.tell("MESSAGE_REACTION_ADD", data, where)
    await asyncio.sleep(0)
