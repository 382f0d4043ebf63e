"""What people do in Discord, and what they see then: the real engine, the real library."""

import json
from typing import Any

import pytest

from core.session import commands as c
from core.session.spelling import NAMES, from_button
from core.session.wording import Voice, languages, menu
from core.storage.library import Tally
from core.story.export import FORMATS
from core.story.model import Length, Preset
from tests.adapters.discord.house import House
from tests.servers.discord_people import CannotDo, Person
from tests.servers.discord_world import GROUP_DM, THREAD, Message

SAY = Voice("en")


async def test_a_story_begins_where_it_was_asked_for(house: House) -> None:
    opening = await house.told(premise="a lighthouse keeper")
    assert opening.channel is house.channel
    assert opening.content.startswith("**")
    assert SAY("button.continue") in opening.labels
    assert len(opening.history) > 1  # it was shown while it was written


async def test_going_on_writes_a_new_message(house: House) -> None:
    opening = await house.told()
    said = opening.content
    asked = await house.tom.press(opening, SAY("button.continue"))
    passage = await house.answer(asked)
    assert passage is not opening
    assert opening.content == said
    assert SAY("button.undo") in passage.labels


async def test_takes_are_turned_like_pages(house: House) -> None:
    opening = await house.told()
    asked = await house.mara.press(opening, SAY("button.retry"))
    second = await house.answer(asked)
    assert SAY("note.take", number=2, count=2) in second.content
    turned = await house.mara.press(second, SAY("button.takes", count=2))
    await house.server.until(lambda: "◀" in second.labels)
    assert turned.sent == []
    await house.mara.press(second, "◀")
    await house.server.until(lambda: SAY("button.pick") in second.labels)
    await house.mara.press(second, SAY("button.pick"))
    await house.server.until(lambda: SAY("note.picked") in second.content)


async def test_an_explanation_is_for_the_asker_alone(house: House) -> None:
    opening = await house.told()
    asked = await house.mara.press(opening, SAY("button.explain"))
    explained = await house.answer(asked)
    assert explained.only_for is house.mara.user
    with pytest.raises(CannotDo):
        await house.tom.press(explained, "anything")


async def test_a_thumb_is_counted_and_told_to_its_giver_alone(house: House) -> None:
    opening = await house.told()
    answer = await house.answer(await house.tom.press(opening, "👍"))
    assert answer.only_for is house.tom.user
    assert answer.content == SAY("rate.up", up=1, down=0)


async def test_a_reaction_is_a_thumb(house: House) -> None:
    opening = await house.told()
    await house.idle()
    await house.tom.react(opening, "👍🏽")
    await house.mara.react(opening, "🎉")
    await house.server.until(lambda: house.tally(opening) == Tally(1, 0))
    assert len(house.server.in_channel(house.channel)) == 1


async def test_a_reaction_of_a_bot_is_no_thumb(house: House) -> None:
    opening = await house.told()
    await house.idle()
    for bot in (
        house.server.somebody("Another bot", bot=True),
        Person(house.server, house.server.bot),
    ):
        await bot.react(opening, "👎")
    await house.tom.react(opening, "👍")
    await house.server.until(lambda: house.tally(opening) == Tally(1, 0))


async def test_a_reaction_counts_in_private_and_to_nothing_else(house: House) -> None:
    direct = house.server.direct(house.mara.user)
    opening = await house.told(direct)
    await house.idle()
    await house.mara.react(opening, "👎")
    await house.mara.react(house.server.planted(direct, "show"), "👍")
    await house.server.until(lambda: house.tally(opening) == Tally(0, 1))


async def test_what_is_missing_is_asked_for_in_a_window(house: House) -> None:
    asked = await house.mara.slash(house.channel, "new", genre="mystery. dark")
    written = await house.mara.submit(asked, "a lamp that goes out")
    await house.finished(written)
    assert house.narrator.assigned[0].premise == "a lamp that goes out"
    assert house.narrator.assigned[0].genre == "mystery. dark"


async def test_a_passage_of_ones_own_is_written_in_a_window(house: House) -> None:
    await house.told()
    asked = await house.tom.slash(house.channel, "say")
    written = await house.tom.submit(asked, "Then the lamp went out.\nNobody moved.")
    passage = await house.answer(written)
    assert "Then the lamp went out.\nNobody moved." in passage.content


async def test_a_passage_stands_in_the_window_to_be_rewritten(house: House) -> None:
    await house.told()
    await house.answer(await house.tom.slash(house.channel, "say", passage="The *lamp* went out."))
    asked = await house.tom.slash(house.channel, "edit")
    assert (await house.opened(asked))["components"][0]["component"][
        "value"
    ] == "The *lamp* went out."
    written = await house.tom.submit(asked, "The lamp came back.")
    passage = await house.answer(written)
    assert "The lamp came back." in passage.content
    assert SAY("note.take", number=2, count=2) in passage.content


@pytest.mark.parametrize("filled", [{"choice": "happier"}, {"text": "as a song"}])
async def test_a_wish_is_chosen_or_written(house: House, filled: dict[str, str]) -> None:
    opening = await house.told()
    asked = await house.mara.press(opening, SAY("button.refine"))
    written = await house.mara.submit(asked, **filled)
    await house.finished(written)
    (wish,) = filled.values()
    assert SAY("note.refined", wish=wish) in written.shown[-1].content


async def test_no_wish_at_all_is_asked_for_again(house: House) -> None:
    opening = await house.told()
    asked = await house.mara.press(opening, SAY("button.refine"))
    question = await house.answer(await house.mara.submit(asked))
    assert SAY("wish.vivid") in question.labels
    again = await house.mara.press(question, SAY("discord.write"))
    written = await house.mara.submit(again, "as a letter")
    assert (await house.answer(written)).content


async def test_stories_live_in_private_and_where_the_bot_is_not(house: House) -> None:
    direct = house.server.direct(house.mara.user)
    group = house.server.channel("the three", type=GROUP_DM, people=[house.mara.user])
    foreign = house.server.text_channel("far", house.server.guild("Far", has_bot=False))
    for where in (direct, group, foreign):
        opening = await house.told(where)
        asked = await house.mara.press(opening, SAY("button.continue"))
        assert (await house.answer(asked)).channel is where
        shelf = await house.answer(await house.mara.slash(where, "shelf"))
        assert SAY("shelf.list", count=1) in shelf.content


async def test_a_thread_is_a_place_of_its_own(house: House) -> None:
    thread = house.server.channel("aside", house.guild, type=THREAD, parent=house.channel)
    await house.told(thread)
    empty = await house.answer(await house.mara.slash(house.channel, "shelf"))
    assert empty.content == SAY("shelf.empty")


async def test_a_long_text_takes_several_messages(house: House) -> None:
    sentence = "The keeper climbed the stairs and looked at the sea. "
    house.narrator.upcoming.append(sentence * 90)
    opening = await house.told()
    await house.idle()
    told = house.server.in_channel(house.channel)
    assert len(told) == 3
    assert [bool(message.buttons) for message in told] == [False, False, True]
    assert "".join(m.content for m in told).count("The keeper") == 90
    assert opening.content.endswith("at the sea.")


async def test_a_long_shelf_is_a_menu(house: House) -> None:
    for number in range(7):
        await house.told(premise=f"story number {number}")
    shelf = await house.answer(await house.mara.slash(house.channel, "shelf"))
    labels = [option["label"] for option in shelf.selects[0]["options"]]
    await house.tom.choose(shelf, labels[3])
    await house.server.until(lambda: SAY("note.opened") in shelf.content)


async def test_a_question_is_replaced_by_its_answer(house: House) -> None:
    opening = await house.told()
    question = await house.answer(await house.mara.slash(house.channel, "delete"))
    await house.mara.press(question, SAY("button.delete"))
    await house.server.until(lambda: not question.buttons)
    assert opening.buttons


async def test_every_kind_of_file_is_handed_over(house: House) -> None:
    await house.told()
    question = await house.answer(await house.mara.slash(house.channel, "export"))
    for kind in question.labels:
        asked = await house.mara.press(question, kind)
        assert (await house.answer(asked)).attachments[0]["filename"].endswith(f".{kind}")


async def test_an_exported_story_comes_back(house: House) -> None:
    await house.told()
    exported = await house.answer(await house.mara.slash(house.channel, "export", kind="json"))
    attachment = exported.attachments[0]
    content = house.server.files[attachment["url"].removeprefix(house.server.channel_api.url)]
    assert json.loads(content)
    direct = house.server.direct(house.mara.user)
    asked = await house.mara.slash(direct, "import", file=("story.json", content))
    assert SAY("note.imported") in (await house.finished(asked)).content


async def test_a_file_that_is_no_story_is_refused(house: House) -> None:
    for file in (("a.json", b"\xff\xfe{"), ("b.json", b""), ("c.json", b"x" * (9 * 1024 * 1024))):
        asked = await house.mara.slash(house.channel, "import", file=file)
        assert (await house.answer(asked)).only_for is house.mara.user


async def test_a_file_that_cannot_be_fetched_is_refused(house: House) -> None:
    asked = await house.mara.slash(house.channel, "import", file=("story.json", b"{}"))
    house.server.files.clear()
    assert (await house.answer(asked)).content == SAY("refusal.no_file")


async def test_words_are_completed(house: House) -> None:
    await house.told(premise="a lighthouse")
    await house.answer(
        await house.mara.slash(house.channel, "lore", keywords="Mara", fact="she sings")
    )
    await house.answer(await house.mara.slash(house.channel, "branch", branch="aside"))
    stories = await house.mara.typing(house.channel, "open", "story", "")
    assert isinstance(from_button(stories[0]["value"]), c.Open)
    opened = await house.answer(
        await house.mara.slash(house.channel, "open", story=stories[0]["value"])
    )
    assert SAY("note.opened") in opened.content
    lore = await house.mara.typing(house.channel, "forget", "number", "1")
    assert [choice["value"] for choice in lore] in ([1], [])
    wishes = await house.mara.typing(house.channel, "refine", "wish", "happ")
    assert [choice["value"] for choice in wishes] == ["happier"]
    branches = await house.mara.typing(house.channel, "branch", "branch", "as")
    assert [choice["value"] for choice in branches] == ["aside"]


async def test_a_story_is_opened_by_its_number_or_looked_for_by_its_words(house: House) -> None:
    await house.told(premise="a lighthouse")
    opened = await house.answer(await house.mara.slash(house.channel, "open", story="1"))
    assert SAY("note.opened") in opened.content
    for command in ("open", "archive", "delete"):
        asked = await house.mara.slash(house.channel, command, story="nothing of this kind")
        assert (await house.answer(asked)).content == SAY("shelf.none_found")


async def test_every_command_is_offered_in_every_language(house: House) -> None:
    offered = {command["name"]: command for command in house.server.channel_api.commands}
    assert offered.keys() == NAMES.keys()
    for name, line in menu("zh-hans"):
        assert offered[name]["description_localizations"]["zh-CN"] == line


async def test_what_can_be_chosen_is_what_the_story_knows(house: House) -> None:
    known = {
        ("export", "kind"): FORMATS,
        ("length", "length"): tuple(Length),
        ("style", "style"): tuple(Preset),
        ("language", "language"): languages(),
    }
    for command in house.server.channel_api.commands:
        for option in command.get("options", []):
            wanted = known.get((command["name"], option["name"]))
            if wanted is not None:
                assert tuple(choice["value"] for choice in option["choices"]) == wanted


async def test_people_are_answered_in_their_language(house: House) -> None:
    ming = house.server.somebody("小明", locale="zh-CN")
    answer = await house.answer(await ming.slash(house.channel, "shelf"))
    assert answer.content == Voice("zh-hans")("shelf.empty")
    asked = await ming.slash(house.channel, "new")
    assert (await house.opened(asked))["title"] == Voice("zh-hans")("discord.modal.new")


async def test_who_may_manage_the_channel_may_rewrite_what_others_wrote(house: House) -> None:
    await house.told()
    await house.answer(await house.mara.slash(house.channel, "say", passage="Mine."))
    refused = await house.answer(await house.tom.slash(house.channel, "edit", passage="Not."))
    assert refused.only_for is house.tom.user
    host = house.server.somebody("Host", admin=True)
    edited = await house.answer(await host.slash(house.channel, "edit", passage="Ours."))
    assert "Ours." in edited.content


# Options that make each command do something; commands that are not here need none.
OPTIONS: dict[str, dict[str, Any]] = {
    "new": {"premise": "a lighthouse", "genre": "fairy tale", "mood": "eerie"},
    "say": {"passage": "Then nobody spoke."},
    "takes": {"take": 1},
    "pick": {"take": 1},
    "rewind": {"number": 1},
    "branch": {"branch": "aside"},
    "edit": {"passage": "Then everybody spoke."},
    "refine": {"wish": "shorter"},
    "rate": {"thumb": "up"},
    "vote": {"letter": "A"},
    "title": {"title": "The Lamp"},
    "lore": {"keywords": "lamp", "fact": "it is old", "always": True},
    "forget": {"number": 1},
    "genre": {"genre": "none"},
    "mood": {"mood": "happy"},
    "length": {"length": "long"},
    "style": {"style": "wild"},
    "ban": {"words": "blood, gun"},
    "seed": {"seed": "7"},
    "language": {"language": "en", "everybody": True},
    "shelf": {"search": "lamp", "page": 1, "archived": False},
    "open": {"story": "1"},
    "export": {"kind": "epub"},
    "import": {"file": ("story.json", b"{}")},
}
LATE = ("archive", "delete")  # after these no story is told any more


async def test_every_command_is_answered_and_breaks_no_rule(house: House) -> None:
    names = [name for name in NAMES if name not in LATE]
    bare: dict[str, dict[str, Any]] = {}
    for options in (bare, OPTIONS):
        await house.told()
        for name in (*names, *LATE):
            needs = options.get(name, OPTIONS[name] if name in _NEEDING else {})
            asked = await house.mara.slash(house.channel, name, **needs)
            await house.idle()
            assert asked.shown or asked.modal, name
    await house.idle()
    assert house.server.rest.refused == []


_NEEDING = {"pick", "rate", "vote", "forget", "open", "import"}


async def test_every_button_is_answered_and_breaks_no_rule(house: House) -> None:
    opening = await house.told()
    await house.answer(await house.mara.press(opening, SAY("button.retry")))
    pressed: set[str] = set()
    while new := _not_pressed(house, pressed):
        message, label = new
        pressed.add(label)
        asked = await house.tom.press(message, label)
        await house.idle()
        assert asked.answered, label
    assert {SAY(f"button.{name}") for name in ("continue", "refine", "finish", "undo")} <= pressed
    assert house.server.rest.refused == []


def _not_pressed(house: House, pressed: set[str]) -> tuple[Message, str] | None:
    for message in reversed(house.server.in_channel(house.channel)):
        for label in message.labels:
            if label not in pressed:
                return message, label
    return None
