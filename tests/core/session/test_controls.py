"""Genre, mood, length, lore and the rest of what a group sets."""

import pytest

from core.session import commands as c
from core.story.model import Length, Preset
from tests.stage import Stage

PREMISE = "A lighthouse keeper finds a shell that sings"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("/genre fairy tale", "genre", "fairy tale"),
        ("/mood sad", "mood", "sad"),
        ("/length long", "length", Length.LONG),
        ("/style WILD", "preset", Preset.WILD),
        ("/ban blood,  gun , blood", "banned", ("blood", "gun")),
        ("/ban 血，枪", "banned", ("血", "枪")),
        ("/seed 42", "seed", 42),
    ],
)
async def test_what_is_set_reaches_the_narrator(stage: Stage, line, field, value):
    await stage.ask(f"/new {PREMISE}")
    reply = await stage.ask(line)
    assert str(value if not isinstance(value, tuple) else value[0]) in reply.text
    await stage.ask("/continue")
    assert getattr(stage.narrator.assigned[-1], field) == value


@pytest.mark.parametrize("name", ["genre", "mood", "ban", "seed"])
async def test_what_is_set_is_shown_and_cleared(stage: Stage, name: str):
    await stage.ask(f"/new {PREMISE}")
    unset = (await stage.ask(f"/{name}")).text
    await stage.ask(f"/{name} 7")
    assert "7" in (await stage.ask(f"/{name}")).text
    assert (await stage.ask(f"/{name} none")).text == unset


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/length huge", "short, medium, long"),
        ("/style bold", "calm, lively, wild"),
        ("/seed -1", "not a number"),
        ("/seed 99999999999", "not a number"),
        ("/ban " + "w" * 41, "At most 50"),
        ("/ban " + ",".join(f"w{n}" for n in range(51)), "At most 50"),
        ("/genre " + "g" * 41, "the most"),
        ("/mood " + "g" * 41, "the most"),
        ("/lore", "No lore yet"),
        ("/lore Mara is afraid", "Write it like this"),
        ("/lore : a fact of nothing", "Write it like this"),
        ("/lore " + "k" * 41 + ": fact", "At most 50"),
        ("/forget 1", "no lore 1"),
    ],
)
async def test_what_cannot_be_set_is_refused_with_what_can(stage: Stage, line, said):
    await stage.ask(f"/new {PREMISE}")
    assert said in (await stage.ask(line)).text


@pytest.mark.parametrize("line", ["/length", "/style"])
async def test_a_choice_without_a_word_is_shown(stage: Stage, line: str):
    await stage.ask(f"/new {PREMISE}")
    assert (await stage.ask(line)).text.endswith(("medium", "lively"))


async def test_a_new_story_takes_genre_and_mood_with_it(stage: Stage):
    await stage.ask(c.New(PREMISE, genre="sea", mood="calm"))
    await stage.ask("/continue")
    asked = stage.narrator.assigned[-1]
    assert (asked.genre, asked.mood) == ("sea", "calm")


async def test_lore_fires_when_its_keyword_is_told_and_always_lore_always(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/lore gull, egg: Mara is afraid of birds")
    await stage.ask("/lore always weather: It never stops raining")
    await stage.tell("The door stood open.", "/continue")
    quiet = stage.narrator.assigned[-1]
    assert (quiet.fired, quiet.lore) == ((), ("It never stops raining",))
    await stage.tell("A gull sat there.", "/continue")
    assert stage.narrator.assigned[-1].fired == ("Mara is afraid of birds",)


async def test_lore_is_listed_and_forgotten_by_number(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/lore a: first", "/lore always b: second")
    listed = (await stage.ask("/lore")).text
    assert "1. a: first" in listed
    assert "2. ★ b: second" in listed
    assert "first" in (await stage.ask("/forget 1")).text
    assert "1. ★ b: second" in (await stage.ask("/lore")).text


async def test_a_title_is_given_or_found(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    assert (await stage.ask("/title The Shell")).heading == "The Shell"
    stage.narrator.upcoming.append("A Better Name")
    assert (await stage.ask("/title")).heading == "A Better Name"
    stage.narrator.upcoming.append(" ")
    assert "your own words" in (await stage.ask("/title")).text
    assert (await stage.ask("/show")).heading == "A Better Name"


@pytest.mark.parametrize(
    ("line", "says"),
    [("/rate up", "1 up, 0 down"), ("/rate down", "0 up, 1 down"), ("/rate none", "0 up, 0 down")],
)
async def test_a_thumb_is_kept_once_an_author(stage: Stage, line: str, says: str):
    await stage.tell(f"/new {PREMISE}", "/rate down", "/rate up")
    reply = await stage.ask(line)
    assert says in reply.text
    assert reply.private


async def test_a_thumb_that_is_no_thumb_is_refused(stage: Stage):
    reply = await stage.ask(f"/new {PREMISE}")
    assert "moved on" in (await stage.ask(c.Rate(5, reply.passage))).text
