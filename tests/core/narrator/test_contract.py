"""The narrators there are, and what they owe."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Narrator
from core.narrator.settings import NarratorSettings
from tests.contracts.lora_contract import LoraContract
from tests.contracts.narrator_contract import NarratorContract
from tests.fakes import StandInNarrator


class TestStandInNarrator(NarratorContract, LoraContract):
    @pytest_asyncio.fixture
    async def narrator(self) -> Narrator:
        return StandInNarrator()


class TestGpt2Narrator(NarratorContract):
    @pytest_asyncio.fixture
    async def narrator(self, speaking: Path) -> AsyncIterator[Narrator]:
        narrator = Gpt2Narrator(NarratorSettings(model=str(speaking), device="cpu"))
        yield narrator
        await narrator.close()


class TestGpt2Loras(LoraContract):
    @pytest_asyncio.fixture
    async def narrator(self, speaking: Path) -> AsyncIterator[Narrator]:
        # In int8 a model that a LoRA was taken off again differs by the rounding of the two sums.
        narrator = Gpt2Narrator(NarratorSettings(model=str(speaking), precision="fp32"))
        yield narrator
        await narrator.close()
