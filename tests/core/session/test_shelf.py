"""The shelf of a place: list, search, open, archive, delete, export, import."""

import json

import pytest

from core.session import commands as c
from core.session.messages import Place
from tests.stage import Stage, button, labels

ELSEWHERE = Place("test", "chat-2")


async def two(stage: Stage) -> None:
    await stage.tell("/new A cat sails to the moon", "/title Moon Cat", "/continue")
    await stage.tell("/new A baker bakes a 100% cloud", "/title Cloud Bread")


async def test_the_shelf_lists_the_newest_first_and_opens_by_number(stage: Stage):
    await two(stage)
    shelf = await stage.ask("/shelf")
    lines = shelf.text.splitlines()
    assert lines[2].startswith("→ 1. Cloud Bread (passages: 1)")
    assert "2. Moon Cat (passages: 2)" in shelf.text
    assert (await stage.ask("/open 2")).heading == "Moon Cat"
    assert (await stage.ask("/show")).heading == "Moon Cat"


async def test_a_story_is_opened_by_its_button_and_a_place_sees_only_its_own(stage: Stage):
    await two(stage)
    shelf = await stage.ask("/shelf")
    press = button(shelf, "2. Moon Cat")
    assert (await stage.ask(press, place=ELSEWHERE)).private
    assert "empty" in (await stage.ask("/shelf", place=ELSEWHERE)).text
    assert (await stage.ask(press)).heading == "Moon Cat"


async def test_search_looks_into_titles_premises_and_passages(stage: Stage):
    await two(stage)
    await stage.ask("The oven hummed like a whale.")
    assert "Moon Cat" in (await stage.ask("/shelf MOON")).text
    assert "Cloud Bread" in (await stage.ask("/shelf whale")).text
    assert "Moon Cat" not in (await stage.ask("/shelf 100%")).text
    assert "No story here" in (await stage.ask("/shelf 50%_")).text


async def test_a_long_shelf_has_pages(stage: Stage):
    for number in range(9):
        await stage.tell(f"/new Story {number}")
    first = await stage.ask("/shelf")
    assert labels(first)[-1] == "▶"
    second = await stage.ask(button(first, "▶"))
    assert labels(second)[-1] == "◀"
    assert second.text.splitlines()[2].strip().startswith("9. ")


async def test_a_story_put_away_leaves_the_shelf_and_comes_back(stage: Stage):
    await two(stage)
    assert "put away" in (await stage.ask("/archive")).text
    assert "Cloud Bread" not in (await stage.ask("/shelf")).text
    archived = await stage.ask("/shelf archived")
    assert "Cloud Bread" in archived.text
    assert (await stage.ask(button(archived, "1. Cloud Bread"))).heading == "Cloud Bread"
    assert "Cloud Bread" in (await stage.ask("/shelf")).text
    await stage.ask("/archive")
    assert "back" in (await stage.ask("/archive")).text


async def test_a_story_is_deleted_only_for_sure(stage: Stage):
    await two(stage)
    question = await stage.ask("/delete")
    assert "Cloud Bread" in question.text
    assert (await stage.ask("/show")).heading == "Cloud Bread"
    await stage.ask(button(question, "Delete for good"))
    assert "/new" in (await stage.ask("/show")).text
    assert "Cloud Bread" not in (await stage.ask("/shelf")).text
    assert (await stage.ask(button(question, "Delete for good"))).private


async def test_the_buttons_of_a_deleted_story_are_refused(stage: Stage):
    old = await stage.ask("/new A cat sails to the moon")
    await stage.ask("/delete yes")
    for label in ("Continue", "Another take", "👍", "Explain", "Refine", "Finish"):
        assert (await stage.ask(button(old, label))).private


@pytest.mark.parametrize("format", ["txt", "md", "epub", "pdf", "json"])
async def test_a_story_is_handed_over_in_every_format(stage: Stage, format: str):
    await two(stage)
    reply = await stage.ask(f"/export {format}")
    assert [media.name for media in reply.media] == [f"Cloud Bread.{format}"]
    assert len(reply.media[0].content) > 100
    assert not reply.media[0].is_picture


async def test_export_asks_for_the_format_and_refuses_others(stage: Stage):
    await two(stage)
    question = await stage.ask("/export")
    assert (await stage.ask(button(question, "md"))).media
    assert "txt, md, epub" in (await stage.ask("/export docx")).text


async def test_nothing_written_is_nothing_to_export(stage: Stage):
    assert "/new" in (await stage.ask("/export md")).text


async def test_an_exported_story_comes_back_whole_elsewhere(stage: Stage):
    await stage.tell("/new A cat sails", "/continue", "/retry", "/lore Mara: a keeper", "/undo")
    (file,) = (await stage.ask("/export json")).media
    shown = await stage.ask(c.Import(file.content.decode()), place=ELSEWHERE)
    assert "imported" in shown.note
    assert (await stage.ask("/redo", place=ELSEWHERE)).note == "take 2 of 2"
    (again,) = (await stage.ask("/export json", place=ELSEWHERE)).media
    ours, theirs = json.loads(file.content), json.loads(again.content)
    assert [p["text"] for p in ours["passages"]] == [p["text"] for p in theirs["passages"]]


@pytest.mark.parametrize("content", ["", "no json", "{}", '{"taleturn": 1}', "[1, 2]"])
async def test_a_file_that_is_no_story_is_refused_and_changes_nothing(stage: Stage, content: str):
    await two(stage)
    assert (await stage.ask(c.Import(content))).private
    assert (await stage.ask("/show")).heading == "Cloud Bread"


async def test_words_being_typed_are_completed(stage: Stage):
    await two(stage)
    await stage.tell("/lore Mara: a keeper", "/branch other")
    here, ann = stage.place, stage.author

    async def suggested(kind, typed: str) -> list[str]:
        return [label for label, _ in await stage.engine.suggestions(here, ann, kind, typed)]

    assert await suggested("story", "moo") == ["Moon Cat"]
    assert await suggested("lore", "MARA") == ["Mara: a keeper"]
    assert await suggested("branch", "") == ["main", "other"]
    assert await suggested("wish", "happ") == ["Happier"]


async def test_no_such_number_on_the_shelf(stage: Stage):
    await two(stage)
    assert "no story 9" in (await stage.ask("/open 9")).text
