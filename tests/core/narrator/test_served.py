"""The narrator in replicas: one dies, another goes on, and nobody in the chat can tell."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import LoraRefused, NarratorAway, NarratorError, Overloaded
from core.narrator import desk as desks
from core.narrator import wire
from core.narrator.faults import Patience
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import BASE, Assignment, Doubt, Mode
from core.narrator.served import ServedNarrator, ServedSettings
from core.narrator.settings import NarratorSettings
from tests.contracts.lora_contract import LoraContract
from tests.contracts.narrator_contract import TOLD, NarratorContract, passage, snapshots
from tests.fakes import StandInNarrator
from tests.servers.replicas import Death, Replicas

QUICK = Patience(timeout=5, retries=3, pause=0.01, breaker=4, rest=0.2)


def served(replicas: Replicas, **changes: object) -> ServedNarrator:
    settings = ServedSettings(replicas.url, "speaking", QUICK, drain_seconds=0.2)
    return ServedNarrator(replace(settings, **changes))  # type: ignore[arg-type]  # each test knows


class TestServedStandIns(NarratorContract, LoraContract):
    @pytest.fixture
    async def narrator(self) -> AsyncIterator[ServedNarrator]:
        async with Replicas([StandInNarrator(), StandInNarrator()]) as replicas:
            narrator = served(replicas)
            yield narrator
            await narrator.close()


class TestServed(NarratorContract, LoraContract):
    @pytest.fixture
    async def narrator(self, speaking: Path) -> AsyncIterator[ServedNarrator]:
        settings = NarratorSettings(model=str(speaking), device="cpu", precision="fp32")
        local = [Gpt2Narrator(settings), Gpt2Narrator(settings)]
        async with Replicas(local) as replicas:
            narrator = served(replicas)
            yield narrator
            await narrator.close()
        for each in local:
            await each.close()


@pytest.fixture
async def replicas() -> AsyncIterator[Replicas]:
    stand_ins = [StandInNarrator(model="twin"), StandInNarrator(model="twin")]
    async with Replicas(stand_ins) as replicas:
        yield replicas


@pytest.mark.parametrize(
    "death",
    [
        Death(),
        Death(after=6),
        Death(status=500),
        Death(status=503),
        Death(after=4, garbage=True),
        Death(after=4, ended=True),
    ],
    ids=str,
)
async def test_another_replica_writes_the_same_when_one_dies(
    replicas: Replicas, death: Death
) -> None:
    narrator = served(replicas)
    undisturbed = await snapshots(narrator, TOLD)
    replicas.deaths.extend([death, death])
    assert await snapshots(narrator, TOLD) == undisturbed
    assert not replicas.deaths
    assert len(replicas.asked) == 4
    await narrator.close()


async def test_another_replica_with_other_words_shows_nothing_until_it_is_done(
    replicas: Replicas,
) -> None:
    """The same seed may draw another word where two were as likely: rare, and no fault."""
    narrator = served(replicas)
    for desk in replicas.desks:
        stand_in = desk._narrator
        assert isinstance(stand_in, StandInNarrator)
        stand_in.upcoming.append(
            "One two three four." if desk is replicas.desks[0] else "Five six."
        )
    replicas.deaths.append(Death(after=2))
    assert await snapshots(narrator, TOLD) == ["One", "One two", "Five six."]
    await narrator.close()


async def test_nobody_there_is_said_and_then_left_alone(replicas: Replicas) -> None:
    narrator = served(replicas, url="http://127.0.0.1:9")
    with pytest.raises(NarratorAway, match="cannot be reached"):
        await narrator.ready()
    with pytest.raises(NarratorAway, match="cannot be reached"):
        await passage(narrator, TOLD)
    with pytest.raises(NarratorAway, match="will be asked again"):
        await passage(narrator, TOLD)
    await narrator.close()


async def test_scores_fits_and_loras_are_asked_again_too(
    replicas: Replicas, loras: Sequence[Path]
) -> None:
    narrator = served(replicas)
    scores, fit = await narrator.score(TOLD, ["The shell sang."]), await narrator.fit(TOLD)
    replicas.deaths.extend([Death()])
    assert await narrator.score(TOLD, ["The shell sang."]) == scores
    weighed = await narrator.weigh([TOLD, replace(TOLD, path=())], "The shell sang.")
    assert weighed[0] == scores[0] != weighed[1]
    doubts = await narrator.doubts(TOLD, "The shell sang.", 2)
    assert [type(doubt) for doubt in doubts] == [Doubt, Doubt]
    assert isinstance(doubts[0].rather[0], tuple)
    replicas.deaths.extend([Death(status=404)])
    assert await narrator.fit(TOLD) == fit
    replicas.deaths.extend([Death(), Death()])
    await narrator.use(loras[0])
    assert {desk.live for desk in replicas.desks} == {str(loras[0])}
    await narrator.close()


async def test_a_replica_born_later_takes_the_live_lora(
    replicas: Replicas, loras: Sequence[Path]
) -> None:
    narrator = served(replicas)
    await narrator.use(loras[0])
    replicas.desks.appendleft(desks.Desk(StandInNarrator()))
    assert await passage(narrator, TOLD)
    assert replicas.desks[0].live == str(loras[0])
    await narrator.close()


async def test_a_passage_taken_over_keeps_the_lora_it_was_begun_with(
    replicas: Replicas, loras: Sequence[Path]
) -> None:
    for desk in replicas.desks:
        assert isinstance(desk._narrator, StandInNarrator)
        desk._narrator.delay = 0.01
    narrator = served(replicas)
    alone = await passage(narrator, TOLD)
    replicas.deaths.append(Death(after=9))
    async with aclosing(narrator.write(TOLD)) as texts:
        text = await anext(texts)
        await narrator.use(loras[0])
        async for longer in texts:
            text = longer
    assert text == alone
    assert replicas.asked[-1]["assignment"]["lora"] == BASE
    assert await passage(narrator, TOLD) != alone
    await narrator.close()


async def test_a_full_replica_is_asked_again_and_opens_no_breaker(replicas: Replicas) -> None:
    narrator = served(replicas)
    stand_in = replicas.desks[0]._narrator
    assert isinstance(stand_in, StandInNarrator)
    stand_in.upcoming.extend([Overloaded("full")] * 3)
    assert await passage(narrator, TOLD)
    stand_in.upcoming.extend([Overloaded("full")] * 4)
    with pytest.raises(Overloaded, match="full"):
        await passage(narrator, TOLD)
    assert await passage(narrator, TOLD)
    await narrator.close()


async def test_what_the_model_could_not_write_is_not_asked_again(replicas: Replicas) -> None:
    narrator = served(replicas)
    stand_in = replicas.desks[0]._narrator
    assert isinstance(stand_in, StandInNarrator)
    stand_in.upcoming.append(NarratorError("NaN"))
    with pytest.raises(NarratorError, match="NaN"):
        await passage(narrator, TOLD)
    assert len(replicas.asked) == 1
    with pytest.raises(LoraRefused):
        await narrator.use(Path("/nowhere"))
    await narrator.close()


async def test_it_is_known_by_what_the_replicas_say(
    replicas: Replicas, loras: Sequence[Path]
) -> None:
    narrator = served(replicas)
    assert (narrator.model, narrator.lora) == ("speaking", None)
    for desk in replicas.desks:
        await desk.use(str(loras[1]))
    await narrator.ready()
    assert (narrator.model, narrator.lora) == ("twin", loras[1].name)
    await narrator.close()


async def test_a_replica_that_is_still_at_it_says_so(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "_BEAT", 0.05)
    for desk in replicas.desks:
        assert isinstance(desk._narrator, StandInNarrator)
        desk._narrator.delay = 0.3
        desk._narrator.upcoming.append("One two.")
    narrator = served(replicas, patience=replace(QUICK, timeout=0.2))
    assert await passage(narrator, TOLD) == "One two."
    assert len(replicas.asked) == 1
    await narrator.close()


async def test_who_stops_listening_frees_the_replica(replicas: Replicas) -> None:
    stand_in = replicas.desks[0]._narrator
    assert isinstance(stand_in, StandInNarrator)
    stand_in.delay = 0.02
    narrator = served(replicas)
    async with aclosing(narrator.write(TOLD)) as texts:
        await anext(texts)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if not stand_in.writing:
            break
    assert stand_in.writing == 0
    await narrator.close()


def test_an_assignment_comes_back_from_the_wire_as_it_was() -> None:
    wanted = replace(TOLD, lore=("a\ud800b", "\x01"), banned=("x",), lora="base", mode=Mode.REFINE)
    assert wire.assignment_from(json.loads(wire.assignment_line(wanted))) == wanted


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"assignment": 3},
        {"assignment": {"mode": "open"}},
        {"assignment": {"mode": "sing", "length": "short", "preset": "calm", "seed": 1}},
        {"assignment": {"mode": "open", "seed": 1, "colour": "red"}},
    ],
    ids=str,
)
async def test_what_is_no_assignment_is_refused(
    replicas: Replicas, said: dict[str, object]
) -> None:
    lines = [line async for line in replicas.desks[0].write(said)]
    error = wire.error_from(json.loads(lines[-1]))
    assert "no assignment of this version" in str(error)
    assert "no assignment" in await replicas.desks[0].answer("/fit", said)


def test_an_error_nobody_knows_is_still_one() -> None:
    assert type(wire.error_from({"error": "Martian", "said": "x"})) is NarratorError
    assert wire.error_from({"text": "x"}) is None


def test_a_whole_assignment_has_every_field_on_the_wire() -> None:
    told = json.loads(wire.assignment_line(Assignment(Mode.OPEN, seed=1), live="x"))
    assert set(told) == {"assignment", "live"}
    assert len(told["assignment"]) == len(Assignment.__dataclass_fields__)
