"""What stops the start, with the remedy; and what only delays it."""

import asyncio

import pytest

from adapters.discord import adapter, entering
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.settings import DiscordSettings
from core.errors import SettingsError
from core.session.engine import Engine
from core.storage.library import Library
from tests.adapters.discord.house import House
from tests.fakes import StandInNarrator
from tests.servers.discord_server import DiscordServer


async def started(library: Library, token: str, api_base: str) -> None:
    engine = Engine(library, StandInNarrator())
    async with asyncio.timeout(10):
        await DiscordAdapter(engine, DiscordSettings(token, api_base)).run()


async def test_a_wrong_token_stops_the_start(server: DiscordServer, library: Library) -> None:
    with pytest.raises(SettingsError, match="does not know this token") as refused:
        await started(library, server.token + "x", server.api)
    assert server.token not in str(refused.value)


async def test_an_address_that_is_not_discords_stops_the_start(
    server: DiscordServer, library: Library
) -> None:
    base = server.api.replace("v10", "v1")
    with pytest.raises(SettingsError, match="Look at api_base"):
        await started(library, server.token, base)


async def test_interactions_that_go_elsewhere_stop_the_start(
    server: DiscordServer, library: Library
) -> None:
    server.channel_api.endpoint = "https://elsewhere.example/interactions"
    with pytest.raises(SettingsError, match="Interactions Endpoint URL"):
        await started(library, server.token, server.api)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(4004, entering.REFUSED), (4013, entering.INTENTS), (4014, entering.INTENTS)],
)
async def test_what_the_gateway_refuses_stops_the_start(
    server: DiscordServer, library: Library, code: int, remedy: str
) -> None:
    server.gateway.refuses = code
    with pytest.raises(SettingsError) as refused:
        await started(library, server.token, server.api)
    assert str(refused.value) == remedy


async def test_a_discord_that_is_away_is_waited_for(
    server: DiscordServer, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "ExponentialBackoff", _Impatient)
    house = House(server, library)
    server.cut("GET /users/@me")
    server.fail("GET /users/@me", status=503)
    server.fail("GET /gateway/bot", status=503)
    server.gateway.refuses = 4011
    async with house.open():
        await house.told()
    assert server.gateway.refused == 1


class _Impatient:
    def delay(self) -> float:
        return 0.01


async def test_the_gateway_may_be_away_while_the_rest_is_there(
    server: DiscordServer, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "ExponentialBackoff", _Impatient)
    house = House(server, library)
    fault = server.fail("GET /gateway/bot", status=503, skip=1)
    async with house.open():
        await house.told()
    assert fault.met == 1


def test_the_token_is_not_shown_with_the_settings() -> None:
    assert "secret" not in repr(DiscordSettings(token="secret"))  # noqa: S106  # not one
