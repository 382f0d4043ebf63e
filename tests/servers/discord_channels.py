"""What the bot can do with its own token: channels, threads, messages, commands."""

from typing import Any

from tests.servers import discord_json, discord_rules
from tests.servers.discord_rest import ApiError, Call
from tests.servers.discord_world import (
    DM,
    EPHEMERAL,
    LOADING,
    TEXT,
    THREAD,
    Channel,
    Message,
    User,
    World,
)

Json = Any

UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
MISSING_ACCESS = (403, 50001, "Missing Access")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
CANNOT_SEND_TO_USER = (403, 50007, "Cannot send messages to this user")
INVALID_FORM = (400, 50035)
SUPPRESS_EMBEDS = 1 << 2


class Channels:
    """The answers to requests with the bot's token."""

    def __init__(self, world: World, owner: User) -> None:
        self.commands: list[Json] = []
        self.url = ""  # where files are fetched from
        self.endpoint: str | None = None  # where interactions go instead of the gateway
        self._world = world
        self._owner = owner

    async def me(self, _: Call) -> tuple[int, Json]:
        """Tell who the token belongs to."""
        return 200, discord_json.me(self._world.bot)

    async def user(self, call: Call) -> tuple[int, Json]:
        """Tell who somebody is."""
        user = self._world.users.get(call.names["user_id"])
        if user is None:
            raise ApiError(404, 10013, "Unknown User")
        return 200, discord_json.user(user)

    async def application(self, _: Call) -> tuple[int, Json]:
        """Tell what application the token belongs to."""
        application = discord_json.application(self._world.bot, self._owner)
        told = {"approximate_guild_count": self._world.guild_count}
        return 200, {**application, **told, "interactions_endpoint_url": self.endpoint}

    async def put_commands(self, call: Call) -> tuple[int, Json]:
        """Take the slash commands."""
        refuse(discord_rules.command_errors(call.body))
        self.commands = [
            {
                "description": "",
                "type": 1,
                **command,
                "id": str(number),
                "application_id": "1",
                "version": "1",
                "default_member_permissions": None,
            }
            for number, command in enumerate(call.body, start=1000)
        ]
        return 200, self.commands

    async def direct(self, call: Call) -> tuple[int, Json]:
        """Open a direct message channel."""
        user = self._world.users[str(call.body["recipient_id"])]
        return 200, discord_json.channel(self._world.direct(user), self._world.bot)

    async def thread(self, call: Call) -> tuple[int, Json]:
        """Open a thread in a text channel."""
        parent = self.reached(call)
        if not parent.bot_may_thread:
            raise ApiError(*MISSING_PERMISSIONS)
        if parent.type != TEXT or call.body.get("type") != THREAD:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        name = call.body["name"]
        thread = self._world.channel(name, parent.guild, type=THREAD, parent=parent)
        thread.bot_may_write = parent.bot_may_write
        return 201, discord_json.channel(thread, self._world.bot)

    async def send(self, call: Call) -> tuple[int, Json]:
        """Send a message."""
        channel = self.reached(call)
        self._may_write(channel)
        nonce = str(call.body.get("nonce") or "")
        if nonce and call.body.get("enforce_nonce"):
            for message in self._world.in_channel(channel):
                if message.nonce == nonce:
                    return 200, discord_json.message(message)
        refuse(discord_rules.message_errors(call.body, files=len(call.files)))
        message = self.new_message(channel, nonce=nonce)
        self.write(message, call)
        return 200, discord_json.message(message)

    async def get(self, call: Call) -> tuple[int, Json]:
        """Hand a message over."""
        return 200, discord_json.message(self._found(call))

    async def edit(self, call: Call) -> tuple[int, Json]:
        """Change a message of the bot's."""
        message = self._found(call)
        self._may_write(message.channel)
        refuse(discord_rules.message_errors(_whole(call.body, message), new=False))
        self.write(message, call)
        return 200, discord_json.message(message)

    async def delete(self, call: Call) -> tuple[int, Json]:
        """Delete a message of the bot's."""
        self._found(call).deleted = True
        return 204, None

    def reached(self, call: Call) -> Channel:
        """Return the channel in the path. Raises ApiError where the bot does not get to."""
        channel = self._world.channels.get(call.names["channel_id"])
        if channel is None:
            raise ApiError(*UNKNOWN_CHANNEL)
        if not channel.bot_is_there:
            raise ApiError(*MISSING_ACCESS)
        return channel

    def _may_write(self, channel: Channel) -> None:
        if channel.type == DM and channel.people[0].refuses_dms:
            raise ApiError(*CANNOT_SEND_TO_USER)
        if not channel.bot_may_write:
            raise ApiError(*MISSING_PERMISSIONS)

    def _found(self, call: Call) -> Message:
        channel = self.reached(call)
        message = self._world.messages.get(call.names["message_id"])
        if message is None or message.deleted or message.channel is not channel:
            raise ApiError(*UNKNOWN_MESSAGE)
        if message.flags & EPHEMERAL:
            raise ApiError(*UNKNOWN_MESSAGE)
        return message

    def new_message(self, channel: Channel, **traits: Any) -> Message:
        """Put an empty message of the bot's into a channel."""
        world = self._world
        message = Message(world.new_id(), channel, world.bot, world.now(), **traits)
        world.messages[message.id] = message
        return message

    def write(self, message: Message, call: Call, body: Json = None) -> None:
        """Let a message say what was sent; what was not sent stays as it was."""
        body = call.body if body is None else body
        if message.history or message.loading:
            message.edited = self._world.now()
        message.flags &= ~LOADING
        if body.get("flags") is not None:
            kept = message.flags & EPHEMERAL
            message.flags = kept | (body["flags"] & (SUPPRESS_EMBEDS | EPHEMERAL))
        if "content" in body:
            message.content = (body["content"] or "").strip()
        if "components" in body:
            message.components = _numbered(body["components"] or [])
        if "attachments" in body or call.files:
            self._attach(message, body.get("attachments") or [], call.files)
        message.history.append(message.content)
        self._world.changed()

    def _attach(self, message: Message, kept: list[Json], files: dict[str, bytes]) -> None:
        """Keep the attachments named by id, and add the files that came along."""
        held = {attachment["id"]: attachment for attachment in message.attachments}
        names = {str(a["id"]): a for a in kept}
        message.attachments = [held[one] for one in names if one in held]
        for name, content in files.items():
            described: Json = next((a for a in kept if a.get("filename") == name), {})
            message.attachments.append(self.file(name, content, described.get("description")))

    def file(self, name: str, content: bytes, description: str | None = None) -> Json:
        """Keep a file and return the attachment that stands for it."""
        number = self._world.new_id()
        path = f"/files/{number}/{name}"
        self._world.files[path] = content
        address = self.url + path
        written = {
            "id": number,
            "filename": name,
            "size": len(content),
            "url": address,
            "proxy_url": address,
        }
        return {**written, "description": description} if description else written


def refuse(errors: list[str]) -> None:
    """Raise ApiError if there is something to refuse."""
    if errors:
        raise ApiError(*INVALID_FORM, f"Invalid Form Body: {'; '.join(errors)}")


def _whole(body: Json, message: Message) -> Json:
    """Return an edit together with what it leaves as it was."""
    held = {"content": message.content, "components": message.components, "flags": message.flags}
    return {**held, **body}


def _numbered(rows: list[Json]) -> list[Json]:
    """Give components the numbers that Discord gives them."""
    numbered: list[Json] = []
    first = 1
    for row in rows:
        inside = [
            {"min_values": 1, "max_values": 1, **item, "id": first + number}
            if item["type"] == 3  # a select
            else {**item, "id": first + number}
            for number, item in enumerate(row["components"], start=1)
        ]
        numbered.append({**row, "id": first, "components": inside})
        first += len(inside) + 1
    return numbered
