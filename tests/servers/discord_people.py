"""What people can do: type a command, press a button, choose, write into a modal, react."""

from typing import TYPE_CHECKING, Any

from tests.servers import discord_gateway
from tests.servers.discord_interactions import COMMAND, COMPONENT, MODAL, TYPING, Interaction
from tests.servers.discord_rules import MOST_TEXT
from tests.servers.discord_world import DM, GROUP_DM, Channel, Message, User

if TYPE_CHECKING:
    from tests.servers.discord_server import DiscordServer

Json = Any

_SELECT, _LABEL = 3, 18  # kinds of component
_STRING, _INTEGER, _BOOLEAN, _ATTACHMENT = 3, 4, 5, 11
_TYPES: dict[int, type] = {_STRING: str, _INTEGER: int, _BOOLEAN: bool, _ATTACHMENT: tuple}


class CannotDo(AssertionError):
    """Discord's client would not let anybody do this."""


class Person:
    """Somebody at their client: what it does not offer cannot be done."""

    def __init__(self, server: "DiscordServer", user: User) -> None:
        self.user = user
        self._server = server

    async def slash(self, where: Channel, name: str, /, **options: Any) -> Interaction:
        """Type a slash command. A file is given as its name and content."""
        command = self._offered(where, name)
        data = {"id": command["id"], "name": name, "type": 1}
        chosen = [self._option(command, key, value) for key, value in options.items()]
        missing = [
            option["name"]
            for option in command.get("options", [])
            if option.get("required") and option["name"] not in options
        ]
        if missing:
            raise CannotDo(f"/{name} needs {missing}")
        files = {o["value"]: o.pop("file") for o in chosen if "file" in o}
        if files:
            data["resolved"] = {"attachments": files}
        return await self._do(COMMAND, where, {**data, "options": chosen})

    async def typing(self, where: Channel, name: str, option: str, typed: str) -> list[Json]:
        """Type into an option that completes, and return what is offered."""
        command = self._offered(where, name)
        described = _described(command, option)
        if not described.get("autocomplete"):
            raise CannotDo(f"{option} of /{name} completes nothing")
        focused = {"name": option, "type": described["type"], "value": typed, "focused": True}
        data = {"id": command["id"], "name": name, "type": 1, "options": [focused]}
        asked = await self._do(TYPING, where, data)
        await self._server.until(lambda: asked.choices is not None)
        assert asked.choices is not None
        return asked.choices

    async def press(self, message: Message, label: str) -> Interaction:
        """Press the button with this label."""
        found = [b for b in message.buttons if b["label"] == label and not b.get("disabled")]
        if not found:
            raise CannotDo(f"no button {label!r} among {message.labels}")
        return await self._component(
            message, {"custom_id": found[0]["custom_id"], "component_type": 2}
        )

    async def choose(self, message: Message, label: str) -> Interaction:
        """Choose the option with this label from a select menu."""
        for select in message.selects:
            for option in select["options"]:
                if option["label"] == label:
                    data = {"custom_id": select["custom_id"], "component_type": 3}
                    return await self._component(message, {**data, "values": [option["value"]]})
        raise CannotDo(f"no option {label!r}")

    async def submit(self, asked: Interaction, text: str = "", **others: str) -> Interaction:
        """Fill the modal that was opened, and send it. What is not named stays as it was drawn."""
        await self._server.until(lambda: asked.modal is not None)
        filled = {"text": text, **others}
        rows = [
            {"type": _LABEL, "id": number, "component": _filled(row["component"], filled)}
            for number, row in enumerate(asked.modal["components"], start=1)
        ]
        data = {"custom_id": asked.modal["custom_id"], "components": rows}
        return await self._do(MODAL, asked.where, data, asked.message)

    async def react(self, message: Message, face: str) -> None:
        """React to a message."""
        where = message.channel
        await discord_gateway.reaction(self._server.gateway, self.user, message.id, where, face)

    async def again(self, asked: Interaction) -> None:
        """Let Discord deliver the same interaction once more."""
        await self._server.interactions.send(asked)

    async def _component(self, message: Message, data: Json) -> Interaction:
        if message.deleted or message.only_for not in (None, self.user):
            raise CannotDo("the message is not there for them")
        return await self._do(COMPONENT, message.channel, {"id": 2, **data}, message)

    async def _do(
        self, kind: int, where: Channel, data: Json, message: Message | None = None
    ) -> Interaction:
        return await self._server.interactions.happen(kind, self.user, where, data, message)

    def _offered(self, where: Channel, name: str) -> Json:
        """Return the command as the client offers it in this channel."""
        context = {DM: 1, GROUP_DM: 2}.get(where.type, 0)
        installed = 0 if where.guild is None or where.guild.has_bot else 1
        installed = 1 if where.type == GROUP_DM else installed
        for command in self._server.channel_api.commands:
            if command["name"] != name:
                continue
            contexts = command.get("contexts") or [context]
            kinds = command.get("integration_types") or [0]
            if context in contexts and installed in kinds:
                return command
        raise CannotDo(f"/{name} is not offered here")

    def _option(self, command: Json, name: str, value: Any) -> Json:
        described = _described(command, name)
        kind = described["type"]
        if not isinstance(value, _TYPES[kind]):
            raise CannotDo(f"{name} is of another type")
        _held(described, value)
        if isinstance(value, tuple):
            attachment = self._server.channel_api.file(*value)
            return {"name": name, "type": kind, "value": attachment["id"], "file": attachment}
        return {"name": name, "type": kind, "value": value}


def _described(command: Json, name: str) -> Json:
    for option in command.get("options", []):
        if option["name"] == name:
            return option
    raise CannotDo(f"/{command['name']} has no option {name}")


def _filled(field: Json, filled: dict[str, str]) -> Json:
    """Return one field as it is sent; refuses what the client refuses."""
    name = field["custom_id"]
    written = {"type": field["type"], "id": 100 + field["type"], "custom_id": name}
    if field["type"] == _SELECT:
        values = [filled[name]] if name in filled else []
        if any(value not in [option["value"] for option in field["options"]] for value in values):
            raise CannotDo(f"{values} is not offered")
        return {**written, "values": values}
    value = filled.get(name, field.get("value") or "")
    least = field.get("min_length") or (1 if field.get("required", True) else 0)
    if not least <= len(value) <= (field.get("max_length") or MOST_TEXT):
        raise CannotDo(f"the modal does not take {len(value)} characters")
    return {**written, "value": value}


def _held(option: Json, value: Any) -> None:
    """Refuse what the client refuses while an option is being filled."""
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise CannotDo(f"{value!r} is none of {choices}")
    size = len(value) if isinstance(value, str) else value
    if isinstance(value, tuple):
        return
    least = option.get("min_length", option.get("min_value"))
    most = option.get("max_length", option.get("max_value"))
    if (least is not None and size < least) or (most is not None and size > most):
        raise CannotDo(f"{option['name']} takes {least} to {most}")
