"""A Discord of our own on the loopback: what a bot meets there, and what people do to it.

async with DiscordServer() as server:
    adapter = DiscordAdapter(engine, DiscordSettings(token=server.token, api_base=server.api))
    ...
    mara = server.person("Mara")
    asked = await mara.slash(channel, "new", premise="a lighthouse")
"""

from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.servers.discord_channels import Channels
from tests.servers.discord_gateway import Gateway
from tests.servers.discord_interactions import Interaction, Interactions
from tests.servers.discord_people import Person
from tests.servers.discord_rest import Fault, Handler, Rest
from tests.servers.discord_world import Channel, Guild, Message, World


class DiscordServer(World):
    """REST API and gateway in this process; `violations` is empty as long as all is right."""

    token = "a.discord.token"  # noqa: S105  # it opens this server only

    def __init__(self) -> None:
        super().__init__()
        self.violations: list[str] = []
        self.rest = Rest(self, self.token, self.violations.append)
        self.gateway = Gateway(self, self.token, self.violations.append)
        self.channel_api = Channels(self, self.person("Owner"))
        self.interactions = Interactions(self, self.channel_api, self.gateway)
        self.api = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self._routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.api = f"http://127.0.0.1:{port}/api/v10"
        self.channel_api.url = f"http://127.0.0.1:{port}"
        self.gateway.url = f"ws://127.0.0.1:{port}/gateway"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self.gateway.drop()
        assert self._runner is not None
        await self._runner.cleanup()

    def _routes(self, app: web.Application) -> None:
        api, asked = self.channel_api, self.interactions
        message = "/channels/{channel_id}/messages/{message_id}"
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        answers: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", api.me),
            ("GET", "/users/{user_id}", api.user),
            ("GET", "/oauth2/applications/@me", api.application),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("PUT", "/applications/{application_id}/commands", api.put_commands),
            ("POST", "/users/@me/channels", api.direct),
            ("POST", "/channels/{channel_id}/threads", api.thread),
            ("POST", "/channels/{channel_id}/messages", api.send),
            ("GET", message, api.get),
            ("PATCH", message, api.edit),
            ("DELETE", message, api.delete),
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", asked.callback),
            ("POST", hook, asked.follow_up),
        ]
        for last in ("@original", "{message_id}"):  # in this order: the first that fits answers
            answers += [
                ("GET", f"{hook}/messages/{last}", asked.get),
                ("PATCH", f"{hook}/messages/{last}", asked.edit),
                ("DELETE", f"{hook}/messages/{last}", asked.delete),
            ]
        for method, path, handler in answers:
            self.rest.route(app, method, path, handler)
        app.router.add_get("/gateway", self.gateway.connect)
        app.router.add_get("/gateway/", self.gateway.connect)
        app.router.add_get("/files/{number}/{name}", self._file)

    async def _gateway_bot(self, _: Any) -> tuple[int, Any]:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        url, shards = self.gateway.url, self.gateway.shards
        return 200, {"url": url, "shards": shards, "session_start_limit": limit}

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.path)
        return web.Response(status=404) if content is None else web.Response(body=content)

    # ---------------------------------------------------------------- people
    def somebody(self, name: str, **traits: Any) -> Person:
        """Let somebody be there who can act."""
        return Person(self, self.person(name, **traits))

    def text_channel(self, name: str = "stories", guild: Guild | None = None) -> Channel:
        """Open a text channel, in a guild of its own if none is given."""
        return self.channel(name, guild or self.guild("Tale House"))

    async def ready(self) -> None:
        """Wait until the bot listens and its commands are known."""
        await self.until(lambda: bool(self.gateway.live and self.channel_api.commands))

    def planted(self, channel: Channel, custom_id: str) -> Message:
        """Put a message of the bot's into a channel, as if drawn long ago: one button, `?`."""
        message = self.channel_api.new_message(channel, content="Of old.")
        button = {"type": 2, "id": 2, "style": 2, "label": "?", "custom_id": custom_id}
        message.components = [{"type": 1, "id": 1, "components": [button]}]
        return message

    # ---------------------------------------------------------------- trouble
    def fail(
        self,
        where: str,
        *,
        status: int = 502,
        times: int = 1,
        skip: int = 0,
        done_first: bool = False,
    ) -> Fault:
        """Let requests fail as they do when a proxy of Discord's breaks."""
        fault = Fault(where, times, status=status, skip=skip, done_first=done_first)
        return self._trouble(fault)

    def cut(self, where: str, *, times: int = 1) -> Fault:
        """Break the connection instead of answering."""
        return self._trouble(Fault(where, times, status=502, cut=True))

    def limit(self, where: str, *, seconds: float, times: int = 1, whole: bool = False) -> Fault:
        """Refuse requests for coming too fast."""
        return self._trouble(Fault(where, times, status=429, seconds=seconds, whole=whole))

    def delay(self, where: str, *, seconds: float, times: int = 1) -> Fault:
        """Answer requests late."""
        return self._trouble(Fault(where, times, seconds=seconds))

    def _trouble(self, fault: Fault) -> Fault:
        self.rest.faults.append(fault)
        return fault

    def forget(self, asked: Interaction) -> None:
        """Let go of an interaction that is over and of its messages, where many are had."""
        self.interactions.forget(asked)
        for message in asked.sent:
            self.messages.pop(message.id, None)

    # ---------------------------------------------------------------- watching
    def last(self, channel: Channel) -> Message:
        """Return the newest message that can be read in a channel."""
        return [m for m in self.in_channel(channel) if not m.loading][-1]

    async def message(self, channel: Channel, words: str, *, seconds: float = 10.0) -> Message:
        """Wait for a message with these words and return it."""

        def found() -> list[Message]:
            return [m for m in self.in_channel(channel) if words in m.content and not m.loading]

        await self.until(lambda: bool(found()), seconds=seconds)
        return found()[-1]

    def transcript(self) -> str:
        """Return what can be read, channel by channel, as text."""
        lines: list[str] = []
        for channel in self.channels.values():
            heard = self.in_channel(channel)
            if heard:
                lines.append(f"# {channel.name}")
            lines += [line for message in heard for line in told(message)]
        return "\n".join(lines)


def told(message: Message) -> list[str]:
    """Return a message as lines to print."""
    to = f" (only for {message.only_for.name})" if message.only_for else ""
    lines = [f"{message.author.name}{to}: {message.content}"]
    lines += [f"    📎 {attachment['filename']}" for attachment in message.attachments]
    lines += [f"    [{'] ['.join(labels)}]" for labels in _rows(message)]
    return lines


def _rows(message: Message) -> list[list[str]]:
    return [
        [item.get("label") or f"{item.get('placeholder')} ▾" for item in row["components"]]
        for row in message.components
    ]
