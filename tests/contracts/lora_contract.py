"""What a narrator owes that LoRAs can be laid over: the real one and its stand-in.

Inherit in a test module and give the fixtures `narrator` and `loras`: folders with two LoRAs that
suit the model and change what it writes.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import LoraRefused
from core.narrator.narrator import BASE, Narrator
from tests.contracts.narrator_contract import TOLD, passage


async def _several(narrator: Narrator, lora: str = "") -> list[str]:
    wanted = [replace(TOLD, seed=seed, lora=lora) for seed in range(4)]
    return await asyncio.gather(*(passage(narrator, each) for each in wanted))


class LoraContract:
    async def test_a_lora_changes_what_is_written_and_can_be_taken_off(
        self, narrator: Narrator, loras: Sequence[Path]
    ) -> None:
        before = await _several(narrator)
        await narrator.use(loras[0])
        assert narrator.lora == loras[0].name
        changed = await _several(narrator)
        assert changed != before
        await narrator.use(loras[1])
        assert await _several(narrator) not in (before, changed)
        await narrator.use(None)
        assert narrator.lora is None
        assert await _several(narrator) == before

    async def test_a_refused_lora_leaves_the_old_one(
        self, narrator: Narrator, loras: Sequence[Path], tmp_path: Path
    ) -> None:
        await narrator.use(loras[0])
        before = await _several(narrator)
        with pytest.raises(LoraRefused, match="holds no LoRA"):
            await narrator.use(tmp_path)
        assert narrator.lora == loras[0].name
        assert await _several(narrator) == before

    async def test_what_was_begun_is_finished_when_the_lora_changes(
        self, narrator: Narrator, loras: Sequence[Path]
    ) -> None:
        alone = await passage(narrator, TOLD)
        async with aclosing(narrator.write(TOLD)) as texts:
            text = await anext(texts)
            await narrator.use(loras[0])
            async for longer in texts:
                text = longer
        assert text == alone

    async def test_an_assignment_may_have_a_lora_of_its_own(
        self, narrator: Narrator, loras: Sequence[Path]
    ) -> None:
        base = await _several(narrator)
        one, other = [await _several(narrator, str(lora)) for lora in loras]
        assert base != one != other != base
        mixed = await asyncio.gather(
            *(_several(narrator, str(lora)) for lora in loras), _several(narrator)
        )
        assert mixed == [one, other, base]
        await narrator.use(loras[0])
        assert await _several(narrator, BASE) == base
        assert await _several(narrator, str(loras[1])) == other

    async def test_what_names_the_live_lora_is_written_with_it_whatever_goes_live_before_it_begins(
        self, narrator: Narrator, loras: Sequence[Path]
    ) -> None:
        base = await _several(narrator)
        assert await _several(narrator, BASE) == base
        await narrator.use(loras[0])
        live = await _several(narrator)
        assert await _several(narrator, str(loras[0])) == live != base
        writing = narrator.write(replace(TOLD, seed=1, lora=str(loras[0])))
        await narrator.use(loras[1])
        async with aclosing(writing) as texts:
            assert [text async for text in texts][-1] == live[1]

    async def test_an_assignment_with_a_refused_lora_fails_alone(
        self, narrator: Narrator, tmp_path: Path
    ) -> None:
        with pytest.raises(LoraRefused, match="holds no LoRA"):
            await passage(narrator, replace(TOLD, lora=str(tmp_path)))
        assert await passage(narrator, TOLD)
