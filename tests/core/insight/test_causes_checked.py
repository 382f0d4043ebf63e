"""Causes as captum's ablation finds them: an implementation by others, on transformers' GPT-2."""

from collections.abc import AsyncIterator

import pytest

from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.settings import NarratorSettings
from core.narrator.storyteller import model_folder
from tests.benchmarks.insight_explain import agreement, found_first


@pytest.fixture
async def narrator() -> AsyncIterator[Gpt2Narrator]:
    """The narrator that comes with the house."""
    starter = Gpt2Narrator(NarratorSettings())
    yield starter
    await starter.close()


async def test_sentences_are_ranked_as_captum_ranks_them(narrator: Gpt2Narrator) -> None:
    middle, _ = await agreement(narrator, model_folder("starter"), cases=3)
    assert middle >= 0.9


async def test_a_planted_cause_comes_first(narrator: Gpt2Narrator) -> None:
    assert await found_first(narrator, 10) >= 0.8
