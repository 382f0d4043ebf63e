import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.storage.database import open_database
from core.storage.library import Library
from tests.adapters.discord.house import House
from tests.servers.discord_server import DiscordServer


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    yield Library(database)
    database.close()


@pytest.fixture
async def server(caplog: pytest.LogCaptureFixture) -> AsyncIterator[DiscordServer]:
    """A Discord: nothing may break its rules, and nothing may break in the bot."""
    async with DiscordServer() as server:
        yield server
        assert server.violations == []
    records = [*caplog.get_records("setup"), *caplog.get_records("call"), *caplog.records]
    assert [r.getMessage() for r in records if r.levelno >= logging.ERROR] == []


@pytest.fixture
async def house(server: DiscordServer, library: Library) -> AsyncIterator[House]:
    """A Discord with the bot in it, a guild, a channel, and people."""
    house = House(server, library)
    async with house.open():
        yield house
