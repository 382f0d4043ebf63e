"""Screening by place: who sets it, who is held to it, and what the narrator itself reads."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.narrator.reading import Reading
from core.narrator.screening import Level
from core.session.engine import Engine
from core.session.messages import Author, Place
from core.storage.library import Library
from tests.fakes import StandInNarrator
from tests.stage import ANN, Stage, by

PREMISE = "A keeper finds a shell"
COARSE = "What the fuck is that, said the cat."
HATEFUL = "We should kill all the immigrants, said the fox."
STRANGE = "Something crept along the wall."
THERE = Place("other", "channel-9")
CEM = Author("other", "cem", "Cem", "en", admin=True)
ADMIN = by(ANN, admin=True)


class Reader(StandInNarrator):
    """Reads one sentence as unsafe that no rule names."""

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        found = await super().read(texts)
        return [
            replace(reading, unsafe="Something crept" in text)
            for reading, text in zip(found, texts, strict=True)
        ]


@pytest.fixture
def reading_stage(library: Library) -> Stage:
    return Stage(library, Reader())


async def written(stage: Stage, text: str, *, place: Place | None = None) -> str:
    """What is shown when the narrator writes this next."""
    stage.narrator.upcoming.append(text)
    author = CEM if place == THERE else ANN
    return (await stage.ask("/continue", author=author, place=place)).text


async def test_a_place_is_screened_as_its_admin_chose(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    assert "hatred" in (await stage.ask("/screening")).text
    assert await written(stage, COARSE) == COARSE
    assert "children" in (await stage.ask("/screening strict", author=ADMIN)).text
    assert "kept out" in await written(stage, COARSE)
    assert "children" in (await stage.ask("/screening")).text
    await stage.ask("/screening mild", author=ADMIN)
    assert await written(stage, COARSE) == COARSE
    assert "kept out" in await written(stage, HATEFUL)


async def test_only_an_admin_or_a_private_chat_decides(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    refused = await stage.ask("/screening off")
    assert refused.private
    assert "admin" in refused.text
    alone = Place("test", "alone", private=True)
    assert "children" in (await stage.ask("/screening strict", place=alone)).text


async def test_a_level_that_is_none_is_refused_with_those_there_are(stage: Stage) -> None:
    assert "off, mild, strict" in (await stage.ask("/screening hard", author=ADMIN)).text


async def test_no_place_goes_below_the_operators_level(stage: Stage) -> None:
    stage.engine = Engine(stage.library, stage.narrator, screening=Level.STRICT)
    await stage.ask(f"/new {PREMISE}")
    assert "stays strict" in (await stage.ask("/screening off", author=ADMIN)).text
    assert "kept out" in await written(stage, COARSE)


async def test_with_an_operator_who_screens_nothing_a_place_may_screen_nothing(
    stage: Stage,
) -> None:
    stage.engine = Engine(stage.library, stage.narrator, screening=Level.OFF)
    await stage.ask(f"/new {PREMISE}")
    assert "Nothing is screened" in (await stage.ask("/screening")).text
    assert await written(stage, HATEFUL) == HATEFUL
    await stage.ask("/screening mild", author=ADMIN)
    assert "kept out" in await written(stage, HATEFUL)


async def test_a_story_told_in_two_places_keeps_to_the_stricter_one(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    code = (await stage.ask("/join")).text.split("/join ")[1].split()[0].strip(".")
    await stage.ask(f"/join {code}", author=CEM, place=THERE)
    await stage.ask("/screening strict", author=CEM, place=THERE)
    assert "kept out" in await written(stage, COARSE)
    assert "stays strict" in (await stage.ask("/screening mild", author=ADMIN)).text
    await stage.ask("/screening mild", author=CEM, place=THERE)
    assert await written(stage, COARSE) == COARSE


async def test_where_children_may_be_the_narrator_reads_what_it_wrote(
    reading_stage: Stage,
) -> None:
    stage = reading_stage
    await stage.ask(f"/new {PREMISE}")
    assert await written(stage, STRANGE) == STRANGE
    await stage.ask("/screening strict", author=ADMIN)
    assert "kept out" in await written(stage, f"{STRANGE} And then it was gone")
    assert "kept out" in await written(stage, f"It was dark. {STRANGE}")
    assert await written(stage, "It was dark.") == "It was dark."
    stage.narrator.upcoming.append(STRANGE)
    assert "kept out" in (await stage.ask("/title", author=ADMIN)).text


async def test_a_snapshot_is_stopped_where_its_sentence_ends(reading_stage: Stage) -> None:
    stage = reading_stage
    await stage.tell(f"/new {PREMISE}")
    await stage.ask("/screening strict", author=ADMIN)
    stage.narrator.upcoming.append(f"{STRANGE} Nobody heard it, and the lamp went out.")
    replies = await stage.replies(stage.request("/continue"))
    assert not any("Nobody" in reply.text for reply in replies)
