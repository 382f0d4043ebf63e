"""One story, many people: orders, seats, votes, roles, places that share it."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NarratorError, Refusal
from core.session import group_commands as g
from core.session.engine import Engine
from core.session.messages import Author, Notice, Place, Reply
from tests.stage import ANN, BEN, HERE, Stage, button, by, labels

THERE = Place("other", "channel-9")
CEM = Author("other", "cem", "Cem", "en")
PREMISE = "A keeper finds a shell"


def later(stage: Stage, hours: float) -> None:
    """Let time go by."""
    stage.clock.now += timedelta(hours=hours)


async def ticked(stage: Stage, platform: str = "test") -> list[Notice]:
    """Do what is due, and return what the places of a platform should see."""
    await stage.engine.tick()
    return stage.engine.waiting(platform)


async def begun(stage: Stage, *lines: str) -> Reply:
    """A story of Ann's, and what she asks then."""
    return await stage.tell(f"/new {PREMISE}", *lines)


# ---------------------------------------------------------------- rounds
async def test_in_rounds_one_writes_after_another_and_the_narrator_last(stage: Stage) -> None:
    await begun(stage, "/order rounds 12h")
    await stage.ask("/seat", author=BEN)
    said = await stage.ask("Mara woke.")
    assert "next: Ben" in said.note
    refused = await stage.ask("Me again.")
    assert refused.private
    assert "Ben" in refused.text
    said = await stage.ask("Tom slept.", author=BEN)
    assert "next: the narrator" in said.note
    [notice] = await ticked(stage)
    assert notice.place == HERE
    assert notice.reply.passage is not None
    assert "next: Ann" in notice.reply.note
    assert (await stage.ask("Mara sang.")).text == "Mara sang."


async def test_who_writes_out_of_turn_without_a_seat_is_told_how_to_take_one(stage: Stage) -> None:
    await begun(stage, "/order rounds 12h")
    refused = await stage.ask("May I?", author=BEN)
    assert refused.private
    assert "/seat" in refused.text
    assert "Ann" in refused.text
    await stage.ask("/seat", author=BEN)
    waiting = await stage.ask("May I now?", author=BEN)
    assert waiting.private
    assert "/seat" not in waiting.text
    assert "next: Ben" in (await stage.ask("Mara woke.")).note


async def test_nobody_writes_at_the_narrators_turn(stage: Stage) -> None:
    await begun(stage, "/order rounds", "Mara woke.")
    refused = await stage.ask("And I again.")
    assert refused.private
    assert "narrator's turn" in refused.text


async def test_the_narrator_writes_its_turn_once_whatever_asks(stage: Stage) -> None:
    await begun(stage, "/order rounds", "Mara woke.")
    await asyncio.gather(stage.engine.tick(), stage.engine.tick(), stage.engine.tick())
    await stage.engine.tick()
    assert len(stage.engine.waiting("test")) == 1


async def test_a_narrators_turn_that_fails_is_tried_again_and_then_passes_on(stage: Stage) -> None:
    await begun(stage, "/order rounds", "Mara woke.")
    stage.narrator.upcoming.extend([NarratorError("NaN")] * 3)
    for _ in range(4):
        assert await ticked(stage) == []
        later(stage, 1)
    assert (await stage.ask("Mara waited no longer.")).text == "Mara waited no longer."


async def test_a_deadline_reminds_first_and_then_passes_the_turn_on(stage: Stage) -> None:
    await begun(stage, "/order rounds 2h")
    await stage.ask("/seat", author=BEN)
    assert await ticked(stage) == []
    later(stage, 3)
    [reminder] = await ticked(stage)
    assert reminder.reply.text.startswith("Ann, ")
    assert labels(reminder.reply) == ["Skip me", "Pause"]
    assert await ticked(stage) == []
    later(stage, 3)
    [passed] = await ticked(stage)
    assert "next: Ben" in passed.reply.text
    assert (await stage.ask("I am late.")).private
    assert (await stage.ask("Tom slept.", author=BEN)).text == "Tom slept."


async def test_deadlines_outlast_a_restart(stage: Stage) -> None:
    await begun(stage, "/order rounds 2h")
    later(stage, 3)
    again = Engine(stage.library, stage.narrator, clock=stage.clock)
    await again.tick()
    assert [notice.place for notice in again.waiting("test")] == [HERE]


async def test_one_can_skip_oneself_but_not_others(stage: Stage) -> None:
    await begun(stage, "/order rounds 2h")
    await stage.ask("/seat", author=BEN)
    later(stage, 3)
    [reminder] = await ticked(stage)
    skip = button(reminder.reply, "Skip me")
    assert (await stage.ask(skip, author=BEN)).private
    assert "next: Ben" in (await stage.ask(skip)).text
    assert "moved on" in (await stage.ask(skip)).text  # it was drawn for a turn that is over


async def test_a_pause_stops_the_clock_until_somebody_writes(stage: Stage) -> None:
    await begun(stage, "/order rounds 2h")
    await stage.ask("/seat", author=BEN)
    assert "paused" in (await stage.ask("/pause", author=BEN)).text
    later(stage, 100)
    assert await ticked(stage) == []
    assert "no deadline" in (await stage.ask("/pause")).text
    await stage.ask("Mara woke.")
    later(stage, 3)
    assert "Ben" in (await ticked(stage))[0].reply.text


async def test_a_seat_that_is_left_is_nobodys_turn(stage: Stage) -> None:
    await begun(stage, "/order rounds")
    await stage.ask("/seat", author=BEN)
    assert "Ben → the narrator" in (await stage.ask("/seat")).text
    assert (await stage.ask("Tom slept.", author=BEN)).passage is not None
    await stage.engine.tick()
    await stage.ask("/seat", author=BEN)
    later(stage, 99)
    assert [notice.reply.passage is not None for notice in await ticked(stage)] == [True]
    assert (await stage.ask("Anybody may write now.", author=BEN)).passage is not None


async def test_a_new_seat_is_the_last_before_the_narrators(stage: Stage) -> None:
    await begun(stage, "/order rounds", "Mara woke.")
    await stage.ask("/seat", author=BEN)
    assert (await stage.ask("Tom slept.", author=BEN)).private  # it is the narrator's turn still
    await stage.engine.tick()
    told = (await stage.ask("/order")).text
    assert "Ann → Ben → the narrator" in told
    assert "next: Ann" in told


@pytest.mark.parametrize("line", ["/skip", "/pause"])
async def test_without_rounds_there_is_no_turn_to_pass_on(stage: Stage, line: str) -> None:
    await begun(stage)
    assert (await stage.ask(line)).private


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/order rounds soon", "Write it like this"),
        ("/order chaos", "Write it like this"),
        ("/order vote 1m", "from 5 minutes"),
        ("/order vote 99d", "from 5 minutes"),
        ("/order", "Whoever likes"),
        ("/order vote 90m", "90 min"),
        ("/order rounds 3d", "3 d"),
    ],
)
async def test_an_order_is_set_told_or_refused_in_words(stage: Stage, line: str, told: str) -> None:
    await begun(stage)
    assert told in (await stage.ask(line)).text


async def test_free_order_again_lets_everybody_write(stage: Stage) -> None:
    await begun(stage, "/order rounds", "Mara woke.", "/order free", "And slept.")
    later(stage, 99)
    assert await ticked(stage) == []


# ---------------------------------------------------------------- votes
async def offered(stage: Stage) -> Reply:
    """A vote about three takes."""
    stage.narrator.upcoming.extend(
        ["It rained.", "A shell", "One came.", "Two came.", "None came."]
    )
    await begun(stage, "/order vote 2h")
    return await stage.ask("/continue")


async def test_a_vote_offers_three_takes_and_the_winner_advances_the_story(stage: Stage) -> None:
    ballot = await offered(stage)
    assert sorted(ballot.text.split("\n\n")) == ["A. One came.", "B. Two came.", "C. None came."]
    assert labels(ballot) == ["A", "B", "C", "Close the vote"]
    voted = await stage.ask(button(ballot, "B"))
    assert voted.private
    assert "1 of 2" in voted.text
    won = await stage.ask(button(ballot, "B"), author=BEN)
    assert not won.private
    assert won.text == "Two came."
    assert "B won (A 0 · B 2 · C 0)" in won.note
    assert (await stage.ask("/show")).text == "Two came."
    assert "3" in (await stage.ask("/takes")).note


async def test_whoever_takes_a_seat_for_a_vote_sees_who_has_one_and_what_decides(
    stage: Stage,
) -> None:
    assert "Ann" in (await begun(stage, "/order vote 2h")).text
    seated = (await stage.ask("/seat", author=BEN)).text
    assert "Ann · Ben" in seated
    assert "2 votes decide" in seated
    assert "Ben" not in (await stage.ask("/seat", author=BEN)).text


async def test_votes_become_preferences(stage: Stage) -> None:
    ballot = await offered(stage)
    await stage.ask(button(ballot, "B"))
    await stage.ask(button(ballot, "C"), author=BEN)
    with stage.library.begin() as tx:
        rows = tx._db.exec_driver_sql("SELECT winner, loser, how FROM picks").all()
    takes = [action.command.passage for action in ballot.actions[0]]  # type: ignore[union-attr] # votes
    assert {(row.winner, row.loser, row.how) for row in rows} == {
        (takes[1], takes[0], "vote"),
        (takes[1], takes[2], "vote"),
        (takes[2], takes[0], "vote"),
        (takes[2], takes[1], "vote"),
    }


async def test_among_equals_the_earliest_take_wins(stage: Stage) -> None:
    ballot = await offered(stage)
    await stage.ask(button(ballot, "C"))
    won = await stage.ask(button(ballot, "B"), author=BEN)
    assert "B won (A 0 · B 1 · C 1)" in won.note


async def test_a_vote_can_be_changed_and_counts_once(stage: Stage) -> None:
    ballot = await offered(stage)
    await stage.ask(button(ballot, "A"))
    assert "1 of 2" in (await stage.ask("/vote c")).text
    assert "C won (A 0 · B 0 · C 2)" in (await stage.ask("/vote 3", author=BEN)).note


async def test_two_votes_at_once_close_it_once(stage: Stage) -> None:
    ballot = await offered(stage)
    told = await asyncio.gather(
        stage.ask(button(ballot, "A")),
        stage.ask(button(ballot, "B"), author=BEN),
        stage.ask(button(ballot, "B"), author=replace(BEN, id="cy", name="Cy")),
    )
    assert sorted(reply.private for reply in told) == [False, True, True]
    with stage.library.begin() as tx:
        assert tx.groups_due(stage.clock() + timedelta(days=9)) == []


async def test_a_vote_after_the_vote_is_refused(stage: Stage) -> None:
    ballot = await offered(stage)
    await stage.ask(button(ballot, "A"))
    await stage.ask(button(ballot, "A"), author=BEN)
    late = await stage.ask(button(ballot, "B"))
    assert late.private
    assert "No vote" in late.text
    assert "No vote" in (await stage.ask(button(ballot, "Close the vote"))).text


async def test_the_time_closes_a_vote(stage: Stage) -> None:
    ballot = await offered(stage)
    await stage.ask(button(ballot, "C"))
    later(stage, 3)
    [notice] = await ticked(stage)
    assert notice.reply.text == "None came."
    assert "C won" in notice.reply.note


async def test_a_vote_that_nobody_cast_stays_open(stage: Stage) -> None:
    ballot = await offered(stage)
    later(stage, 3)
    [notice] = await ticked(stage)
    assert "stays open" in notice.reply.text
    later(stage, 99)
    assert await ticked(stage) == []
    again = await stage.ask("/continue")
    assert (again.text, labels(again)) == (ballot.text, labels(ballot))


async def test_only_a_host_closes_a_vote(stage: Stage) -> None:
    ballot = await offered(stage)
    close = button(ballot, "Close the vote")
    assert "Nobody has voted" in (await stage.ask(close)).text
    await stage.ask(button(ballot, "C"), author=BEN)
    assert (await stage.ask(close, author=BEN)).private
    assert (await stage.ask(close)).text == "None came."


async def test_while_a_vote_goes_on_nobody_passes_by_it(stage: Stage) -> None:
    await offered(stage)
    for line in ("I say so.", "/finish", "/redo", "/retry", "/pick 1", "/refine sadder"):
        refused = await stage.ask(line)
        assert refused.private, line
        assert "vote" in refused.text
    assert (await stage.ask("/undo")).private  # the opening is the first passage
    await stage.ask("/order free")
    assert (await stage.ask("I say so.")).text == "I say so."


async def test_a_vote_that_the_story_left_behind_ends_by_itself(stage: Stage) -> None:
    await begun(stage, "Mara woke.", "/order vote 2h", "/continue", "/undo")
    assert "No vote" in (await stage.ask("/vote a")).text
    later(stage, 3)
    assert await ticked(stage) == []


async def test_alone_with_the_narrator_one_vote_is_enough(stage: Stage) -> None:
    alone = replace(HERE, chat="private", private=True)
    await stage.ask(f"/new {PREMISE}", place=alone)
    await stage.ask("/order vote", place=alone)
    ballot = await stage.ask("/continue", place=alone)
    assert (await stage.ask(button(ballot, "A"), place=alone)).passage is not None


@pytest.mark.parametrize("line", ["/vote 4", "/vote"])
async def test_a_take_that_is_not_on_offer_is_refused(stage: Stage, line: str) -> None:
    await offered(stage)
    assert (await stage.ask(line)).private
    assert "moved on" in (await stage.ask(g.Vote(passage=999))).text


async def test_a_narrator_that_fails_at_a_take_leaves_no_vote(stage: Stage) -> None:
    await begun(stage, "/order vote")
    stage.narrator.upcoming.extend(["One.", NarratorError("NaN"), "Three."])
    assert "stumbled" in (await stage.ask("/continue")).text
    assert "No vote" in (await stage.ask("/vote a")).text


async def test_takes_grow_side_by_side_while_they_are_written(stage: Stage) -> None:
    await begun(stage, "/order vote")
    replies = await stage.replies(stage.request("/continue"))
    assert not replies[0].final
    assert all("A. " in reply.text and "C. " in reply.text for reply in replies)


# ---------------------------------------------------------------- roles
async def test_a_reader_reads_rates_and_writes_nothing(stage: Stage) -> None:
    await begun(stage, "/seat")
    await stage.ask("/seat", author=BEN)
    assert "Ben reads along" in (await stage.ask("/role reader Ben")).text
    for line in ("I write.", "/continue", "/undo", "/seat", "/new other", "/order free"):
        refused = await stage.ask(line, author=BEN)
        assert refused.private, line
        assert "read along" in refused.text
    assert "noted" in (await stage.ask("/rate up", author=BEN)).text
    assert "narrator" in (await stage.ask("/explain", author=BEN)).text
    assert "Ben: reader" in (await stage.ask("/role")).text
    await stage.ask("/role author ben")
    assert (await stage.ask("I write.", author=BEN)).text == "I write."


async def test_only_hosts_and_who_runs_the_chat_set_roles_and_order(stage: Stage) -> None:
    await begun(stage)
    await stage.ask("/show", author=BEN)
    for line in ("/order vote", "/role host Ben", "/join"):
        refused = await stage.ask(line, author=BEN)
        assert refused.private
        assert "Only a host" in refused.text
    assert "Order: vote" in (await stage.ask("/order vote", author=by(BEN, admin=True))).text
    await stage.ask("/role host Ben")
    assert "Order: rounds" in (await stage.ask("/order rounds", author=BEN)).text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/role reader", "Write it like this"),
        ("/role king Ben", "Write it like this"),
        ("/role reader Nobody", "Nobody called"),
        ("/role reader Ann", "stays its host"),
    ],
)
async def test_a_role_that_cannot_be_given_is_refused(stage: Stage, line: str, told: str) -> None:
    await begun(stage)
    assert told in (await stage.ask(line)).text


async def test_two_people_of_one_name_are_not_taken_for_one_another(stage: Stage) -> None:
    await begun(stage)
    for id_ in ("ben", "ben2"):
        await stage.ask("/show", author=replace(BEN, id=id_))
    assert "Several people" in (await stage.ask("/role reader Ben")).text


async def test_a_shared_story_is_deleted_by_its_host_alone(stage: Stage) -> None:
    await begun(stage, "/seat")
    assert (await stage.ask("/delete yes", author=BEN)).private
    assert "deleted" in (await stage.ask("/delete yes")).text


# ---------------------------------------------------------------- two places
async def joined(stage: Stage) -> str:
    """Ann's story is told in the other place too; returns its code."""
    await begun(stage)
    code = (await stage.ask("/join")).text.split("/join ")[1].split()[0]
    reply = await stage.ask(f"/join {code.lower()}", author=CEM, place=THERE)
    assert "told here, too" in reply.note
    return code


async def test_what_one_side_writes_appears_on_the_other(stage: Stage) -> None:
    await joined(stage)
    await stage.ask("Cem was here.", author=CEM, place=THERE)
    [notice] = stage.engine.waiting("test")
    assert (notice.place, notice.reply.text) == (HERE, "Cem was here.")
    assert "Cem, on Other" in notice.reply.note
    assert "Continue" in labels(notice.reply)
    told = await stage.ask(button(notice.reply, "Continue"))
    [notice] = stage.engine.waiting("other")
    assert (notice.place, notice.reply.text) == (THERE, told.text)
    await stage.ask("/rate up")
    assert stage.engine.waiting("other") == []


async def test_both_sides_may_write_at_the_same_moment(stage: Stage) -> None:
    await joined(stage)
    told = await asyncio.gather(
        *(stage.ask(f"Ann {n}.") for n in range(4)),
        *(stage.ask(f"Cem {n}.", author=CEM, place=THERE) for n in range(4)),
    )
    texts = {reply.text for reply in told}
    assert texts == {f"{who} {n}." for who in ("Ann", "Cem") for n in range(4)}
    shown = await stage.ask("/rewind")
    assert all(text in shown.text for text in texts)


async def test_a_vote_is_seen_and_cast_on_both_sides(stage: Stage) -> None:
    await joined(stage)
    await stage.ask("/order vote")
    await stage.ask("/continue")
    [ballot] = stage.engine.waiting("other")
    assert labels(ballot.reply)[:3] == ["A", "B", "C"]
    await stage.ask("/vote b")
    won = await stage.ask(button(ballot.reply, "B"), author=CEM, place=THERE)
    [notice] = stage.engine.waiting("test")
    assert notice.reply.text == won.text


async def test_a_code_is_longer_than_anybody_could_guess(stage: Stage) -> None:
    code = await joined(stage)
    assert len(code) == 12
    nowhere = Place("other", "channel-10")
    assert "No story has" in (await stage.ask("/join WRONG", author=CEM, place=nowhere)).text
    assert (await stage.ask(f"/join {code}", author=CEM, place=nowhere)).passage is not None


async def test_a_new_code_takes_the_place_of_the_old_one(stage: Stage) -> None:
    code = await joined(stage)
    assert code in (await stage.ask("/join")).text
    assert code not in (await stage.ask("/join new")).text
    elsewhere = replace(THERE, chat="elsewhere")
    assert "No story" in (await stage.ask(f"/join {code}", author=CEM, place=elsewhere)).text


async def test_the_other_side_runs_its_chat_but_not_the_story(stage: Stage) -> None:
    await joined(stage)
    boss = by(CEM, admin=True)
    for line in ("/order vote", "/delete yes", "/join new"):
        assert (await stage.ask(line, author=boss, place=THERE)).private


async def test_a_place_may_leave_and_the_story_goes_on_elsewhere(stage: Stage) -> None:
    await joined(stage)
    assert "no longer told here" in (await stage.ask("/leave", author=CEM, place=THERE)).text
    assert "No story" in (await stage.ask("/show", author=CEM, place=THERE)).text
    await stage.ask("Ann goes on.")
    assert stage.engine.waiting("other") == []
    assert "nowhere else" in (await stage.ask("/leave")).text


async def test_the_clock_rests_while_nobody_tells_the_story(stage: Stage) -> None:
    await begun(stage, "/order rounds 2h", "/new Another story")
    later(stage, 9)
    assert await ticked(stage) == []


# ---------------------------------------------------------------- for adapters
async def test_a_chat_that_moved_keeps_its_stories(stage: Stage) -> None:
    before = await begun(stage)
    await stage.engine.moved("test", "chat-1", "super-chat")
    moved = replace(HERE, chat="super-chat")
    assert (await stage.ask("/show", place=moved)).text == before.text
    await stage.ask("/show")  # the old name is a new place again
    await stage.engine.moved("test", "chat-1", "super-chat")
    assert (await stage.ask("/show", place=moved)).text == before.text


async def test_a_message_knows_its_place(stage: Stage) -> None:
    topic = replace(HERE, topic="7")
    request = stage.request("/help", place=topic)
    await stage.replies(request)
    await stage.engine.shown(request, "message-5")
    assert await stage.engine.place_of("test", "chat-1", "message-5") == topic
    assert await stage.engine.place_of("test", "chat-1", "message-6") is None


async def test_a_line_that_is_no_command_is_refused_in_the_chosen_language(stage: Stage) -> None:
    await stage.ask("/language zh-hans")
    reply = await stage.engine.refused(HERE, ANN, Refusal("refusal.thumb"))
    assert reply.private
    assert "/rate" in reply.text
    assert not reply.text.startswith("Say")


async def test_time_is_kept_until_it_is_told_to_stop(stage: Stage) -> None:
    await begun(stage, "/order rounds")
    keeping = asyncio.create_task(stage.engine.keep_time())
    async with aclosing(stage.engine.notices("test")) as notices:
        await stage.ask("Mara woke.")
        async with asyncio.timeout(10):
            notice = await anext(notices)
    keeping.cancel()
    assert notice.reply.passage is not None


async def test_the_other_place_sees_who_won_a_vote_and_who_stepped_back(stage: Stage) -> None:
    await joined(stage)
    await stage.tell("/order vote 30m", "/continue", "/vote B")
    await stage.ask("/vote C", author=CEM, place=THERE)
    [won] = stage.engine.waiting("test")
    assert won.reply.note.startswith("B won (A 0 · B 1 · C 1)")
    await stage.tell("/continue", "/vote C")
    stage.engine.waiting("other")
    await stage.ask("/decide")
    [won] = stage.engine.waiting("other")
    assert won.reply.note.startswith("C won (A 0 · B 0 · C 1)")
    await stage.ask("/undo")
    [back] = stage.engine.waiting("other")
    assert back.reply.note.startswith("one step back; /redo goes forward again · Ann, on Test")
