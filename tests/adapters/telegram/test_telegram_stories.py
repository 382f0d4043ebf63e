"""Stories are told in Telegram: by commands, buttons, replies, in groups, topics and alone."""

import pytest

from core.session import commands as c
from core.session.messages import Notice, Place, Reply
from core.session.spelling import to_button
from tests.adapters.telegram.running import Json, running, until
from tests.servers.telegram_world import buttons, text_of
from tests.stage import Stage

PREMISE = "What shall the story be about?"


def labels(message: Json) -> list[str]:
    return [key["text"] for row in buttons(message) for key in row]


async def test_a_group_writes_a_story_with_commands_and_buttons(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        here.press("Continue")
        await here.telegram.until(lambda: len(here.telegram.said(here.group)) == 2)
        second = await here.shows("", button="Undo")
        here.press("Undo", message=second)
        undone = await here.shows("one step back")
        assert text_of(opening).split("\n\n")[1] in text_of(undone)
        assert here.telegram.refusals == []


async def test_a_text_being_written_is_edited_into_one_message_in_a_group(stage: Stage) -> None:
    stage.narrator.delay = 0.02
    async with running(stage) as here:
        told = await here.story()
        edits = here.telegram.made("editMessageText")
        texts = [text_of(call.result) for call in edits]
        assert len(here.telegram.made("sendMessage")) == 1
        assert len(edits) > 3
        assert {call.result["message_id"] for call in edits} == {told["message_id"]}
        assert len(set(texts)) == len(texts)
        assert here.group.actions > 0
        assert here.telegram.refusals == []


async def test_a_private_chat_sees_drafts_and_gets_one_message(stage: Stage) -> None:
    stage.narrator.delay = 0.015
    async with running(stage) as here:
        told = await here.story(here.home)
        drafts = here.home.drafts
        assert len(drafts) > 3
        assert all(
            text_of(told).endswith(draft[-10:]) or draft in text_of(told) for draft in drafts
        )
        assert here.texts(here.home) == [text_of(told)]
        assert len({call.given["draft_id"] for call in here.telegram.made("sendMessageDraft")}) == 1


async def test_each_topic_tells_a_story_of_its_own(stage: Stage) -> None:
    async with running(stage) as here:
        forum = here.telegram.world.group("Forum", here.ann, forum=True)
        one = here.telegram.world.topic(forum, "One")
        two = here.telegram.world.topic(forum, "Two")
        for topic in (one, two):
            await here.story(forum, topic=topic)
        here.say("/shelf", chat=forum, topic=two)
        shelf = await here.shows("Stories told here: 1", forum)
        assert shelf["message_thread_id"] == two
        here.say("The lamp went out.", chat=forum, answers=here.telegram.said(forum, one)[-1])
        said = await here.shows("The lamp went out.", forum)
        assert said["message_thread_id"] == one


async def test_a_reply_to_the_bot_is_written_into_the_story_and_chatter_is_not(
    stage: Stage,
) -> None:
    async with running(stage, privacy=False) as here:
        told = await here.story()
        here.say("Did you see the match?")
        here.say("And you?", answers=here.say("Hello Ben"), by=here.ben)
        here.say("The keeper woke.", answers=told, by=here.ben)
        await here.shows("The keeper woke.")
        assert len(here.texts()) == 2


async def test_in_a_private_chat_every_line_is_written_into_the_story(stage: Stage) -> None:
    async with running(stage) as here:
        here.say("It rained.", chat=here.home)
        await here.shows("It rained.", here.home, button="Continue")


async def test_a_question_is_put_to_the_one_who_asked_and_its_reply_is_the_answer(
    stage: Stage,
) -> None:
    async with running(stage) as here:
        asked = here.say("/new", by=here.ann)
        question = await here.noted(await here.shows(PREMISE))
        assert question["reply_markup"]["force_reply"]
        assert question["reply_markup"]["selective"]
        assert question["reply_to_message"]["message_id"] == asked["message_id"]
        here.say("a fox in a lift", answers=question)
        await here.shows("", button="Continue")
        assert stage.narrator.assigned[0].premise == "a fox in a lift"


async def test_a_button_that_asks_names_the_one_who_pressed_it(stage: Stage) -> None:
    async with running(stage) as here:
        told = await here.story()
        here.telegram.people.press_data(told, to_button(c.Edit()), here.ann)
        question = await here.noted(await here.shows("How shall this passage read?"))
        entity = question["entities"][0]
        assert (entity["type"], entity["user"]["id"]) == ("text_mention", here.ann.id)
        assert text_of(question).startswith("Ann\n")
        here.say("It snowed.", answers=question)
        await here.shows("It snowed.")


async def test_a_wish_is_chosen_by_button_or_written_in_own_words(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        here.press("Refine")
        menu = await here.noted(await here.shows("How shall it be told?", button="Happier"))
        here.say("as a letter", answers=menu)
        await here.shows("refined: as a letter")


async def test_takes_and_the_shelf_turn_their_pages_in_place(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        here.press("Another take")
        told = await here.shows("take 2 of 2", button="Takes")
        here.press("Takes", message=told)
        await here.shows("take 2 of 2", button="◀")
        here.press("◀", message=here.last())
        await here.shows("take 1 of 2", button="▶")
        assert len(here.texts()) == 2
        here.press("Go on", message=here.last())
        await here.shows("picked")


async def test_reactions_rate_a_passage_where_the_bot_is_an_admin(stage: Stage) -> None:
    async with running(stage) as here:
        react = here.telegram.people.react
        here.group.bot = "administrator"
        told = await here.story()
        react(here.group, told, here.ben, "👍 🤔")
        await here.rated(told, up=1, down=0)
        react(here.group, told, None, "🔥")
        react(here.group, told, here.ann, "🔥")
        await here.rated(told, up=2, down=0)
        react(here.group, told, here.ben, "👎", "👍 🤔")
        await here.rated(told, up=1, down=1)
        react(here.group, told, here.ben, "👎 🤔", "👎")
        react(here.group, told, here.ann, "", "🔥")
        await here.rated(told, up=0, down=1)
        assert len(here.texts()) == 1


async def test_a_reaction_in_a_topic_finds_the_topic(stage: Stage) -> None:
    async with running(stage) as here:
        forum = here.telegram.world.group("Forum", here.ann, forum=True, bot="administrator")
        told = await here.story(forum, topic=here.telegram.world.topic(forum, "One"))
        here.telegram.people.react(forum, told, here.ben, "❤")
        await here.rated(told, up=1, down=0)
        here.telegram.people.press_data(told, to_button(c.Rate(1)), here.ann, lost=True)
        await here.alerts("(2 up, 0 down)")


async def test_a_reaction_to_something_else_is_no_rating(stage: Stage) -> None:
    async with running(stage) as here:
        here.group.bot = "administrator"
        here.say("/help")
        usage = await here.shows("/undo")
        here.telegram.people.react(here.group, usage, here.ben, "👍")
        told = await here.story()
        here.press("👎", message=told)
        await here.alerts("(0 up, 1 down)")


async def test_ones_own_story_can_be_shared_into_any_chat(stage: Stage) -> None:
    async with running(stage) as here:
        shared = here.telegram.methods.shared
        nothing = here.telegram.people.type_inline(here.ann)
        await here.telegram.until(lambda: nothing in shared)
        told = await here.story(here.home)
        query = here.telegram.people.type_inline(here.ann)
        await here.telegram.until(lambda: query in shared)
        (article,) = shared[query]
        assert shared[nothing] == []
        assert article["input_message_content"]["message_text"] == text_of(told)


async def test_whoever_shares_looks_for_a_story_by_its_words(stage: Stage) -> None:
    async with running(stage) as here:
        shared = here.telegram.methods.shared
        await here.story(here.home)
        here.say("/new a whale bakes bread", chat=here.home)
        await here.telegram.until(lambda: len(here.telegram.said(here.home)) == 2)
        asked = [
            here.telegram.people.type_inline(here.ann, typed) for typed in ("", "WHALE", "owl")
        ]
        await here.telegram.until(lambda: set(asked) <= shared.keys())
        assert [len(shared[query]) for query in asked] == [2, 1, 0]
        stranger = here.telegram.people.type_inline(here.ben)
        await here.telegram.until(lambda: stranger in shared)
        assert shared[stranger] == []


@pytest.mark.parametrize("kind", ["txt", "md", "epub", "json"])
async def test_a_story_is_handed_over_as_a_file(stage: Stage, kind: str) -> None:
    async with running(stage) as here:
        await here.story()
        here.say("/export")
        await here.shows("As which kind of file?", button=kind)
        here.press(kind)
        handed = await here.shows(f".{kind}")
        assert handed["document"]["file_name"].endswith(f".{kind}")
        assert "Here is" in handed["caption"]


async def test_an_exported_story_is_taken_in_again(stage: Stage) -> None:
    async with running(stage) as here:
        told = await here.story()
        here.say("/export json")
        handed = await here.shows(".json")
        file = here.telegram.methods.files[handed["document"]["file_id"]]
        people = here.telegram.people
        people.upload(here.home, here.ann, "story.json", file.content)
        assert text_of(told).split("\n\n")[1] in text_of(await here.shows("imported", here.home))
        people.upload(here.group, here.ann, "story.json", file.content, "/import@taleturn_bot")
        await here.shows("imported")


async def test_a_file_for_somebody_else_is_left_alone(stage: Stage) -> None:
    async with running(stage, privacy=False) as here:
        people = here.telegram.people
        people.upload(here.group, here.ann, "plan.json", b"{}")
        people.upload(here.group, here.ann, "plan.json", b"{}", "/import@other_bot")
        people.upload(here.group, here.ann, "plan.json", b"{}", "/help")
        await here.shows("/undo")
        assert len(here.texts()) == 1
        assert here.telegram.made("getFile") == []


async def test_a_file_that_is_no_story_or_too_big_is_refused(stage: Stage) -> None:
    async with running(stage) as here:
        here.telegram.people.upload(here.home, here.ann, "odd.json", b"\xff{")
        await here.shows("cannot be taken in", here.home)
        here.telegram.people.upload(here.home, here.ann, "big.json", bytes(20_000_001))
        await here.shows("20 MB", here.home)
        assert len(here.telegram.made("getFile")) == 1


async def test_everybody_is_answered_in_their_own_language(stage: Stage) -> None:
    async with running(stage) as here:
        mei = here.telegram.world.person("Mei", language="zh-hans")
        here.say("/help", by=mei)
        await here.shows("我们一起写故事")


async def test_a_bot_that_is_added_to_a_group_says_what_it_can_do(stage: Stage) -> None:
    async with running(stage) as here:
        here.telegram.people.invite(here.group, here.ann, here.ben)
        here.telegram.people.invite(here.group, here.ann, here.telegram.world.bot)
        await here.shows("We write stories together.")
        assert len(here.texts()) == 1


async def test_admins_may_rewrite_what_others_wrote(stage: Stage) -> None:
    async with running(stage) as here:
        said = here.say("/say The tide came in.", by=here.ben)
        await here.shows("The tide came in.")
        here.say("/edit The tide went out.", by=here.ann)
        await here.shows("The tide went out.")
        here.say("/edit Nothing moved.", by=here.ben)
        refused = await here.shows("Only who wrote this passage")
        assert refused["reply_to_message"]["from"]["id"] == here.ben.id
        assert said["message_id"] < refused["message_id"]


async def test_an_anonymous_admin_is_an_admin(stage: Stage) -> None:
    async with running(stage) as here:
        here.say("/say The tide came in.", by=here.ben)
        await here.shows("The tide came in.")
        ghost = here.telegram.world.person("Group", is_bot=True)
        here.say("/edit The tide went out.", by=ghost, sender_chat=here.group.json)
        await here.shows("The tide went out.")


async def test_other_bots_and_their_commands_are_left_alone(stage: Stage) -> None:
    async with running(stage) as here:
        other = here.telegram.world.person("Other", is_bot=True)
        here.say("/new a fox", by=other)
        here.say("/new@other_bot a fox")
        here.say("/weather")
        here.say("/new a fox", via_bot=here.telegram.world.bot.json)
        here.say("/rate sideways")
        await here.shows("Say /rate up")
        here.say("/weather@Taleturn_Bot")
        await here.shows("I do not know /weather")
        here.say("/weather", chat=here.home)
        await here.shows("I do not know /weather", here.home)
        assert len(here.texts()) == 2


async def test_edited_messages_and_empty_ones_say_nothing(stage: Stage) -> None:
    async with running(stage) as here:
        said = here.say("It rained.", chat=here.home)
        await here.shows("It rained.", here.home)
        here.telegram.updates.wanted.append("edited_message")
        here.telegram.people.edit(said, "It snowed.")
        here.say("", chat=here.home, dice={"emoji": "🎲", "value": 3})
        here.say("/show", chat=here.home)
        await here.telegram.until(lambda: len(here.texts(here.home)) == 2)
        assert all("It rained." in text for text in here.texts(here.home))


async def test_headings_are_bold_and_notes_slanted_where_they_stand(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        here.say("/title 🦊 𝔉ox 🦊")
        await here.shows("called")
        here.press("Another take", message=here.telegram.said(here.group)[0])
        told = await here.shows("take 2 of 2")
        units = told["text"].encode("utf-16-le")
        marked = {
            entity["type"]: units[
                2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])
            ].decode("utf-16-le")
            for entity in told["entities"]
        }
        assert marked == {"bold": "🦊 𝔉ox 🦊", "italic": "take 2 of 2"}


@pytest.mark.parametrize(
    "text",
    [
        "<b>bold</b> *stars* _lines_ `code` [name](https://example.org)",
        "@everyone and @ann, come to t.me/+abcdefgh",
        "&lt; &amp; \\* \\_ ~~gone~~ ||hidden||",
        "שלום, she said, and مرحبا, and zero\u200bwidth",
        "🏳️‍🌈👩‍👩‍👧‍👦🇩🇪 e\u0301",
    ],
)
async def test_a_text_shows_as_the_letters_it_is(stage: Stage, text: str) -> None:
    async with running(stage) as here:
        here.say(text, chat=here.home)
        told = await here.shows("", here.home, button="Continue")
        shown = text.replace("e\u0301", "é")
        assert told["text"].endswith(shown)
        assert all(entity["type"] == "bold" for entity in told.get("entities", []))
        call = here.telegram.made("sendMessage")[-1]
        assert "parse_mode" not in call.given
        assert call.given["link_preview_options"] == {"is_disabled": True}


async def test_a_long_text_is_split_and_the_buttons_hang_below_its_end(stage: Stage) -> None:
    async with running(stage) as here:
        text = ("The sea was 🌊 wide. " * 194).strip()
        here.say(text, chat=here.home)
        last = await here.shows("", here.home, button="Continue")
        parts = here.telegram.said(here.home)
        assert len(parts) == 2
        assert labels(parts[0]) == []
        assert all(part["text"].endswith("wide.") for part in parts)
        here.say("Then it ended.", chat=here.home, answers=last)
        await here.shows("Then it ended.", here.home)


async def test_a_press_in_a_foreign_chat_is_let_go(stage: Stage) -> None:
    async with running(stage) as here:
        query = "shared-1"
        here.telegram.methods.pressed[query] = "Ann"
        here.telegram.updates.deliver(
            callback_query={
                "id": query,
                "from": here.ann.json,
                "inline_message_id": "7",
                "chat_instance": "1",
                "data": "continue",
            }
        )
        await here.telegram.until(lambda: here.telegram.made("answerCallbackQuery"))
        assert here.telegram.refusals == []


async def test_what_nobody_asked_for_is_shown_as_a_new_message(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage) as here:
        place = Place("telegram", str(here.group.id))
        stage.engine._board.post(Notice(place, Reply("It is Ben's turn.", heading="Rounds")))
        await here.shows("It is Ben's turn.")
        here.group.bot = "muted"
        stage.engine._board.post(Notice(place, Reply("It is Ann's turn.")))
        await until(lambda: "did not show a notice" in caplog.text)
