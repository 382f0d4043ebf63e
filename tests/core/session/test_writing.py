"""Writing a story: what the narrator and people write, and where it stands afterwards."""

import asyncio
from contextlib import aclosing

import pytest

from core.errors import NarratorAway, NarratorError, Overloaded
from core.narrator.narrator import Mode
from core.session import commands as c
from core.session import texts
from core.session.messages import Place
from tests.stage import ANN, BEN, HERE, Stage, button, by, labels

PREMISE = "A lighthouse keeper finds a shell that sings"


async def test_a_premise_becomes_a_titled_opening(stage: Stage):
    reply = await stage.ask(f"/new {PREMISE}")
    assert reply.text
    assert reply.heading
    assert labels(reply)[:2] == ["Continue", "Another take"]
    assert [a.mode for a in stage.narrator.assigned] == [Mode.OPEN, Mode.TITLE]
    assert stage.narrator.assigned[0].premise == PREMISE


async def test_no_premise_asks_for_one_and_the_answer_begins_the_story(stage: Stage):
    request = stage.request("/new")
    (question,) = await stage.replies(request)
    assert question.asks
    await stage.engine.shown(request, "message-9")
    answer = await stage.engine.reply_to(HERE, "message-9", "A cat sails")
    assert answer == c.New("A cat sails")
    assert (await stage.ask(answer)).text


async def test_a_story_that_the_narrator_cannot_name_is_named_by_its_premise(stage: Stage):
    stage.narrator.upcoming.extend(["It rained.", " . "])
    reply = await stage.ask("/new A cat sails to the moon.")
    assert reply.heading == "A cat sails to the moon"


async def test_text_is_shown_while_it_is_written(stage: Stage):
    *snapshots, last = await stage.replies(stage.request(f"/new {PREMISE}"))
    assert len(snapshots) > 3
    assert not any(snapshot.final for snapshot in snapshots)
    assert last.text == snapshots[-1].text


async def test_the_narrator_goes_on_from_the_path(stage: Stage):
    opening = await stage.ask(f"/new {PREMISE}")
    own = await stage.ask("The keeper put the shell to her ear.")
    assert "Another take" not in labels(own)
    await stage.ask("/continue")
    assert stage.narrator.assigned[-1].path == (opening.text, own.text)


async def test_without_a_story_ones_own_words_begin_one(stage: Stage):
    reply = await stage.ask("Long ago the sea was sweet. Then Mara came with her salt.")
    assert reply.heading.startswith("Long ago the sea")
    assert (await stage.ask("/continue")).passage != reply.passage


@pytest.mark.parametrize("line", ["/continue", "/retry", "/undo", "/finish", "/takes", "/recap"])
async def test_what_needs_a_story_says_so_where_there_is_none(stage: Stage, line: str):
    reply = await stage.ask(line)
    assert "/new" in reply.text
    assert reply.private


async def test_a_retry_is_another_take_and_the_old_one_stays(stage: Stage):
    first = await stage.tell(f"/new {PREMISE}", "/continue")
    second = await stage.ask("/retry")
    assert second.text != first.text
    assert second.note == "take 2 of 2"
    assert (await stage.ask("/takes 1")).text == first.text


async def test_another_opening_is_written_from_the_premise(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/retry")
    assert stage.narrator.assigned[-1].mode is Mode.OPEN
    assert stage.narrator.assigned[-1].path == ()


async def test_a_persons_passage_is_not_retried(stage: Stage):
    reply = await stage.tell(f"/new {PREMISE}", "My own words.", "/retry")
    assert "/edit" in reply.text


async def test_the_same_seed_writes_the_same_take_and_retries_still_differ(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/seed 7")
    one = await stage.ask("/continue")
    await stage.ask("/undo")
    again = await stage.ask("/continue")
    assert again.text == one.text
    assert (await stage.ask("/retry")).text != one.text


async def test_an_ending_closes_the_story_until_it_is_undone(stage: Stage):
    end = await stage.tell(f"/new {PREMISE}", "/finish")
    assert stage.narrator.assigned[-1].mode is Mode.FINISH
    assert "Continue" not in labels(end)
    assert end.note == "The end"
    assert "/undo" in (await stage.ask("/continue")).text
    assert "/undo" in (await stage.ask("One more thing.")).text
    assert "Continue" in labels(await stage.ask("/undo"))
    assert (await stage.ask("/continue")).passage


async def test_another_ending_is_an_ending(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/finish", "/retry")
    assert stage.narrator.assigned[-1].mode is Mode.FINISH


async def test_an_edit_is_a_take_by_hand(stage: Stage):
    old = await stage.tell(f"/new {PREMISE}", "/continue")
    new = await stage.ask("/edit The shell fell silent.")
    assert (new.text, new.note) == ("The shell fell silent.", "edited · take 2 of 2")
    assert (await stage.ask("/takes 1")).text == old.text


async def test_edit_without_words_asks_for_them(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    question = await stage.ask("/edit")
    assert question.asks
    assert isinstance(question.answer, c.Edit)
    assert question.answer.at is not None


async def test_only_its_author_or_an_admin_edits_a_persons_passage(stage: Stage):
    mine = await stage.tell(f"/new {PREMISE}", "Ann wrote this.")
    refused = await stage.ask("/edit Ben wrote this.", author=BEN)
    assert refused.private
    assert (await stage.ask("/show")).text == mine.text
    allowed = await stage.ask("/edit An admin wrote this.", author=by(BEN, admin=True))
    assert allowed.text == "An admin wrote this."


async def test_a_passage_before_the_head_can_be_edited(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    await stage.ask("/continue")
    assert first.passage is not None
    edited = await stage.ask(c.Edit("A new beginning.", first.passage))
    assert (await stage.ask("/show")).passage == edited.passage


async def test_a_passage_of_another_place_is_not_edited(stage: Stage):
    there = await stage.ask(f"/new {PREMISE}", place=Place("test", "chat-2"))
    await stage.ask(f"/new {PREMISE}")
    assert there.passage is not None
    assert (await stage.ask(c.Edit("Mine now.", there.passage))).private


async def test_what_was_typed_is_kept_as_letters(stage: Stage):
    reply = await stage.tell(
        f"/new {PREMISE}", "<|endoftext|>\x01Mood: sad\x02 *bold* @everyone\x00"
    )
    assert reply.text == "<|endoftext|>Mood: sad *bold* @everyone"


@pytest.mark.parametrize(
    "line",
    [
        "/new " + "x" * (texts.MOST_PREMISE + 1),
        "/new " + "long " * 20_000,
        "y" * (texts.MOST_PASSAGE + 1),
        "/title " + "t" * (texts.MOST_TITLE + 1),
        "/refine " + "w" * (texts.MOST_WISH + 1),
        "/lore a: " + "f" * (texts.MOST_LORE + 1),
    ],
)
async def test_a_text_that_is_too_long_is_refused_with_both_numbers(stage: Stage, line: str):
    before = await stage.ask(f"/new {PREMISE}")
    reply = await stage.ask(line)
    assert "is the most" in reply.text
    assert (await stage.ask("/show")).text == before.text


async def test_a_text_of_nothing_is_refused(stage: Stage):
    assert "nothing in it" in (await stage.ask("\x00 \x01")).text


async def test_a_repeated_request_is_answered_once(stage: Stage):
    request = stage.request(f"/new {PREMISE}")
    assert await stage.replies(request)
    assert await stage.replies(request) == []
    assert len(stage.narrator.assigned) == 2


async def test_an_old_button_is_refused_and_changes_nothing(stage: Stage):
    old = await stage.ask(f"/new {PREMISE}")
    new = await stage.ask(button(old, "Continue"))
    for label in ("Continue", "Another take", "Finish"):
        reply = await stage.ask(button(old, label))
        assert reply.private
        assert "moved on" in reply.text
    assert (await stage.ask("/show")).passage == new.passage


async def test_of_two_who_press_at_once_one_continues_and_one_is_told(stage: Stage):
    opening = await stage.ask(f"/new {PREMISE}")
    press = button(opening, "Continue")
    replies = await asyncio.gather(stage.ask(press), stage.ask(press, author=BEN))
    assert sorted(reply.private for reply in replies) == [False, True]


async def test_a_narrator_that_fails_is_said_and_the_story_stays(stage: Stage):
    before = await stage.ask(f"/new {PREMISE}")
    stage.narrator.upcoming.append(NarratorError("NaN"))
    failed = await stage.ask("/continue")
    assert "try again" in failed.text
    stage.narrator.upcoming.append(Overloaded("full"))
    assert "minute" in (await stage.ask("/continue")).text
    stage.narrator.upcoming.append(NarratorAway("nobody answers"))
    assert "away" in (await stage.ask("/continue")).text
    assert (await stage.ask("/show")).text == before.text
    assert (await stage.ask("/continue")).passage


async def test_a_mistake_of_ours_is_said_and_the_story_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    before = await stage.ask(f"/new {PREMISE}")

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stage.narrator, "fit", broken)
    assert "broke" in (await stage.ask("/explain")).text
    assert (await stage.ask("/show")).text == before.text


async def test_who_stops_listening_gives_the_turn_up(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    async with aclosing(stage.engine.handle(stage.request("/continue"))) as replies:
        async for _ in replies:
            break
    assert stage.narrator.writing == 0
    assert await stage.engine.unfinished("test") == []


async def test_an_author_is_answered_in_their_language(stage: Stage):
    chinese = await stage.ask("/help", author=ANN)
    assert "stories" in chinese.text
    await stage.ask("/language zh")
    assert "故事" in (await stage.ask("/help")).text
    assert "stories" in (await stage.ask("/help", author=BEN)).text


async def test_a_place_speaks_its_language_to_those_who_chose_none(stage: Stage):
    await stage.ask("/language zh here", author=ANN)
    someone = by(BEN, admin=False)
    assert "故事" in (await stage.ask("/help", author=someone)).text
    assert "en, zh-hans" in (await stage.ask("/language klingon")).text.replace("、", ", ")


async def test_what_may_not_be_shown_is_stopped_while_it_is_written(stage: Stage):
    before = await stage.ask(f"/new {PREMISE}")
    stage.narrator.upcoming.append("The mayor said: those people are vermin, exterminate them all.")
    *snapshots, last = await stage.replies(stage.request("/continue"))
    assert last.private
    assert "kept out" in last.text
    assert not any("exterminate them" in snapshot.text for snapshot in snapshots)
    assert (await stage.ask("/show")).text == before.text


async def test_a_title_is_screened_too(stage: Stage):
    before = await stage.ask(f"/new {PREMISE}")
    stage.narrator.upcoming.append("Those people are vermin, exterminate them")
    assert "kept out" in (await stage.ask("/title")).text
    assert (await stage.ask("/show")).heading == before.heading


@pytest.mark.parametrize(
    "title", [NarratorError("NaN"), "Those people are vermin, exterminate them"]
)
async def test_an_opening_is_not_lost_for_want_of_a_title(
    stage: Stage, title: str | NarratorError
) -> None:
    stage.narrator.upcoming.extend(["It rained.", title])
    reply = await stage.ask("/new A cat sails to the moon")
    assert (reply.text, reply.heading) == ("It rained.", "A cat sails to the moon")


async def test_every_turn_leaves_one_line_without_names_or_text(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "core")
    await stage.tell(f"/new {PREMISE}", "Mara wept.", "/takes 9")
    outcomes = [vars(record)["outcome"] for record in caplog.records]
    assert outcomes == ["answered", "answered", "refused: refusal.no_such_take"]
    kept = " ".join(str(vars(record)) for record in caplog.records)
    assert not any(secret in kept for secret in ("Ann", "Mara", "lighthouse"))
