import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

# discord.py plays sound with a module that leaves Python in 3.13; nothing here does.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    from tests.adapters.discord.house import House

from core.storage.database import open_database
from core.storage.library import Library
from tests.servers.discord_server import DiscordServer


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    yield Library(database)
    database.close()


@pytest.fixture
async def house(library: Library) -> AsyncIterator[House]:
    """A Discord with the bot in it, a guild, a channel, and people."""
    async with DiscordServer() as server:
        house = House(server, library)
        async with house.open():
            yield house
        assert server.violations == []
