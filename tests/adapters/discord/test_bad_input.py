"""What people should not be able to do, and are told so politely."""

import asyncio

import pytest

from core.session import commands as c
from core.session.spelling import to_button
from core.session.wording import Voice
from tests.adapters.discord.house import House
from tests.servers.discord_reading import seen
from tests.servers.discord_world import EPHEMERAL

SAY = Voice("en")
TRICKY = (
    "**Bold** _slanted_ ||hidden|| `code` @everyone @here <@1> <#2> <t:1:R> "
    "[here](https://x.example) https://x.example discord.gg/abc "
    "zero\u200bwidth \u05d0\u05d1\u05d2 # no heading"
)


async def test_marks_in_what_people_write_show_as_their_letters(house: House) -> None:
    await house.told()
    answer = await house.answer(await house.mara.slash(house.channel, "say", passage=TRICKY))
    heading, _, body = answer.content.partition("\n")
    assert seen(body).letters == TRICKY
    assert seen(body).marks == ()
    assert seen(heading).marks[0].startswith("**")  # ours


@pytest.mark.parametrize("trick", ["@everyone", "# big", "-# small", "discord.gg/abc", "> quote"])
async def test_tricks_in_titles_and_lists_show_as_their_letters(house: House, trick: str) -> None:
    await house.told()
    await house.answer(await house.mara.slash(house.channel, "title", title=trick))
    shelf = await house.answer(await house.mara.slash(house.channel, "shelf"))
    assert trick in seen(shelf.content).letters
    assert all(trick not in mark for mark in seen(shelf.content).marks)


async def test_letters_that_turn_around_do_not(house: House) -> None:
    asked = await house.mara.slash(house.channel, "say", passage="safe \u202eegnad\u202c end")
    assert "safe egnad end" in (await house.answer(asked)).content


async def test_an_old_button_is_refused_to_its_presser_alone(house: House) -> None:
    opening = await house.told()
    await house.answer(await house.mara.press(opening, SAY("button.continue")))
    refused = await house.answer(await house.tom.press(opening, SAY("button.continue")))
    assert refused.content == SAY("refusal.stale")
    assert refused.only_for is house.tom.user
    assert opening.buttons
    assert len([m for m in house.server.in_channel(house.channel) if not m.only_for]) == 2


async def test_a_button_pressed_by_two_at_once_goes_on_once(house: House) -> None:
    opening = await house.told()
    both = await asyncio.gather(
        house.mara.press(opening, SAY("button.continue")),
        house.tom.press(opening, SAY("button.continue")),
    )
    answers = [await house.answer(asked) for asked in both]
    assert sorted(bool(answer.only_for) for answer in answers) == [False, True]
    assert len(house.narrator.assigned) == 3  # the opening, its title, one passage


async def test_a_button_of_a_deleted_story_is_refused(house: House) -> None:
    opening = await house.told()
    question = await house.answer(await house.mara.slash(house.channel, "delete"))
    await house.mara.press(question, SAY("button.delete"))
    await house.server.until(lambda: not question.buttons)
    for label in (SAY("button.continue"), "👍", SAY("button.explain")):
        refused = await house.answer(await house.tom.press(opening, label))
        assert refused.flags & EPHEMERAL


async def test_ids_of_another_channels_story_are_refused(house: House) -> None:
    opening = await house.told()
    number = opening.buttons[0]["custom_id"].rpartition(".")[2]
    elsewhere = house.server.text_channel("elsewhere", house.guild)
    await house.told(elsewhere)
    for command in (c.Continue(int(number)), c.Rate(1, int(number)), c.Open(1)):
        stray = house.server.planted(elsewhere, to_button(command))
        refused = await house.answer(await house.tom.press(stray, "?"))
        assert refused.content == SAY("refusal.stale")
        assert refused.flags & EPHEMERAL


@pytest.mark.parametrize("forged", ["nonsense", "continue.1.2.3.4", "open.abc", "rate.99999999"])
async def test_ids_that_spell_nothing_are_refused(house: House, forged: str) -> None:
    await house.told()
    stray = house.server.planted(house.channel, forged)
    asked = await house.tom.press(stray, "?")
    assert (await house.answer(asked)).content == SAY("refusal.stale")


async def test_a_window_that_spells_nothing_is_refused(house: House) -> None:
    asked = await house.mara.slash(house.channel, "say")
    await house.server.until(lambda: asked.modal is not None)
    for forged, key in (("nonsense", "refusal.stale"), ("show", "refusal.no_story")):
        asked.modal = {**asked.modal, "custom_id": forged}
        refused = await house.answer(await house.mara.submit(asked, "words"))
        assert refused.content == SAY(key)


async def test_too_long_a_text_is_refused_and_kept_from_the_story(house: House) -> None:
    await house.told()
    asked = await house.mara.slash(house.channel, "branch", branch="x" * 40)
    await house.answer(asked)
    asked = await house.mara.slash(house.channel, "ban", words="y" * 2000)
    assert (await house.answer(asked)).only_for is house.mara.user
