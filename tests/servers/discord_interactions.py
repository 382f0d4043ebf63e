"""Interactions: what people did with the bot, its one first answer, and what follows it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.servers import discord_json, discord_rules
from tests.servers.discord_channels import UNKNOWN_MESSAGE, Channels, refuse
from tests.servers.discord_gateway import Gateway
from tests.servers.discord_rest import ApiError, Call
from tests.servers.discord_world import EPHEMERAL, LOADING, Channel, Message, User, World

Json = Any

COMMAND, COMPONENT, TYPING, MODAL = 2, 3, 4, 5  # kinds of interaction
_SAY, _THINK, _UPDATE_LATER, _UPDATE, _CHOICES, _ASK = 4, 5, 6, 7, 8, 9  # kinds of first answer
_FITTING = {
    COMMAND: {_SAY, _THINK, _ASK},
    COMPONENT: {_SAY, _THINK, _UPDATE_LATER, _UPDATE, _ASK},
    TYPING: {_CHOICES},
    MODAL: {_SAY, _THINK, _UPDATE_LATER, _UPDATE},
}
ACKNOWLEDGE_IN = 3.0  # seconds
TOKEN_LIVES = 15 * 60.0  # seconds


@dataclass(eq=False)
class Interaction:
    """One thing somebody did, and how the bot answered."""

    id: str
    token: str
    kind: int
    by: User
    where: Channel
    data: Json
    done: float  # when, by the world's clock
    message: Message | None = None  # the one whose button was pressed
    answered: int = 0  # the kind of the first answer
    seconds: float = 0.0  # how long it took
    modal: Json = None
    choices: list[Json] | None = None
    original: Message | None = None  # what `@original` stands for
    sent: list[Message] = field(default_factory=list)  # every message that answers it

    @property
    def shown(self) -> list[Message]:
        """The messages of it that can be read now."""
        return [m for m in self.sent if not m.deleted and not m.loading]


class Interactions:
    """Sends interactions to the bot and takes its answers."""

    def __init__(self, world: World, channels: Channels, gateway: Gateway) -> None:
        self.all: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._world = world
        self._channels = channels
        self._gateway = gateway

    async def happen(
        self, kind: int, by: User, where: Channel, data: Json, message: Message | None = None
    ) -> Interaction:
        """Let somebody do something with the bot."""
        number = self._world.new_id()
        token = f"token-{number}"
        now = self._world.now()
        interaction = Interaction(number, token, kind, by, where, data, now, message)
        self.all[number] = self._by_token[token] = interaction
        await self.send(interaction)
        return interaction

    async def send(self, interaction: Interaction) -> None:
        """Send the event; a second time, as Discord may."""
        written = discord_json.interaction(
            id=interaction.id,
            token=interaction.token,
            kind=interaction.kind,
            by=interaction.by,
            where=interaction.where,
            data=interaction.data,
            bot=self._world.bot,
        )
        if interaction.message is not None:
            written["message"] = discord_json.message(interaction.message)
        await self._gateway.tell("INTERACTION_CREATE", written, interaction.where)

    def forget(self, interaction: Interaction) -> None:
        """Let go of an interaction that is over."""
        self.all.pop(interaction.id, None)
        self._by_token.pop(interaction.token, None)

    async def callback(self, call: Call) -> tuple[int, Json]:
        """Take the first answer, once and in time."""
        interaction = self.all.get(call.names["interaction_id"])
        now = self._world.now()
        late = interaction is None or now > interaction.done + ACKNOWLEDGE_IN
        if interaction is None or late or interaction.token != call.names["interaction_token"]:
            raise ApiError(404, 10062, "Unknown interaction")
        if interaction.answered:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind = call.body["type"]
        fitting = _FITTING[interaction.kind]
        if interaction.kind == MODAL and interaction.message is None:
            fitting = fitting - {_UPDATE_LATER, _UPDATE}
        if kind not in fitting:
            raise ApiError(400, 50035, "Invalid Form Body: type does not fit the interaction")
        self._take(interaction, kind, call)
        interaction.answered = kind
        interaction.seconds = now - interaction.done
        await asyncio.sleep(0)
        return 200, self._told(interaction)

    def _take(self, interaction: Interaction, kind: int, call: Call) -> None:
        data = call.body.get("data") or {}
        if kind in (_SAY, _UPDATE):
            refuse(discord_rules.message_errors(data, files=len(call.files), new=kind == _SAY))
        if kind in (_SAY, _THINK):
            interaction.original = self._new_message(interaction, data.get("flags") or 0)
            if kind == _THINK:
                interaction.original.flags |= LOADING
        elif kind in (_UPDATE_LATER, _UPDATE):
            interaction.original = interaction.message
        elif kind == _CHOICES:
            focused = next(o for o in interaction.data["options"] if o.get("focused"))
            refuse(discord_rules.choice_errors(data["choices"], focused["type"]))
            interaction.choices = data["choices"]
        else:
            refuse(discord_rules.modal_errors(data))
            interaction.modal = data
        if kind in (_SAY, _UPDATE):
            assert interaction.original is not None
            self._channels.write(interaction.original, call, data)

    def _new_message(self, interaction: Interaction, flags: int) -> Message:
        hidden = flags & EPHEMERAL
        message = self._channels.new_message(
            interaction.where,
            asked=interaction.id,
            flags=hidden,
            only_for=interaction.by if hidden else None,
        )
        interaction.sent.append(message)
        return message

    def _told(self, interaction: Interaction) -> Json:
        told: Json = {"id": interaction.id, "type": interaction.kind}
        original = interaction.original
        if original is not None and original is not interaction.message:
            told |= {
                "response_message_id": original.id,
                "response_message_loading": original.loading,
                "response_message_ephemeral": bool(original.flags & EPHEMERAL),
                "channel_id": interaction.where.id,
            }
        if interaction.answered in (_SAY, _UPDATE) and original is not None:
            resource = {"type": interaction.answered, "message": discord_json.message(original)}
            return {"interaction": told, "resource": resource}
        return {"interaction": told}

    def _alive(self, call: Call) -> Interaction:
        """Return the interaction a token belongs to, within its fifteen minutes."""
        interaction = self._by_token.get(call.names["webhook_token"])
        if interaction is None or self._world.now() > interaction.done + TOKEN_LIVES:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if not interaction.answered:
            raise ApiError(404, 10015, "Unknown Webhook")
        return interaction

    def _message(self, call: Call) -> Message:
        interaction = self._alive(call)
        if "message_id" in call.names:
            message = self._world.messages.get(call.names["message_id"])
            if message is not None and message not in (*interaction.sent, interaction.original):
                message = None
        else:
            message = interaction.original
        if message is None or message.deleted:
            raise ApiError(*UNKNOWN_MESSAGE)
        return message

    async def get(self, call: Call) -> tuple[int, Json]:
        """Hand over a message of this interaction."""
        return 200, discord_json.message(self._message(call))

    async def edit(self, call: Call) -> tuple[int, Json]:
        """Change a message of this interaction."""
        message = self._message(call)
        held = {"content": message.content, "components": message.components}
        body = {**held, "flags": message.flags, **call.body}
        refuse(discord_rules.message_errors(body, files=len(call.files), new=message.loading))
        self._channels.write(message, call)
        return 200, discord_json.message(message)

    async def delete(self, call: Call) -> tuple[int, Json]:
        """Delete a message of this interaction."""
        self._message(call).deleted = True
        return 204, None

    async def follow_up(self, call: Call) -> tuple[int, Json]:
        """Send one more message; it takes the place of "is thinking", privacy and all."""
        interaction = self._alive(call)
        refuse(discord_rules.message_errors(call.body, files=len(call.files)))
        original = interaction.original
        if original is not None and original.loading and not original.deleted:
            message = original
        else:
            message = self._new_message(interaction, call.body.get("flags") or 0)
        self._channels.write(message, call)
        return 200, discord_json.message(message)
