"""The narrator on a server elsewhere owes what every narrator owes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.narrator.remote import RemoteNarrator, RemoteSettings
from tests.contracts.narrator_contract import NarratorContract
from tests.servers.completions import CompletionsServer


class Remote(NarratorContract):
    """The contract, and that neither side left the reference."""

    known = False  # whether the server's tokenizer is

    @pytest.fixture
    async def narrator(self, speaking: Path) -> AsyncIterator[RemoteNarrator]:
        async with CompletionsServer(speaking) as server:
            narrator = RemoteNarrator(
                RemoteSettings(
                    url=server.url,
                    model=server.model_name,
                    tokenizer=speaking if self.known else None,
                    window=server.model.window,
                )
            )
            yield narrator
            await narrator.close()
            assert server.breaches == []


@pytest.mark.slow
class TestTokensKnown(Remote):
    known = True


class TestTokensEstimated(Remote):
    pass
