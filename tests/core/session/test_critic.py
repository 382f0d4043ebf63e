"""What a discriminator knows chooses among takes, and asks for a rating where it is unsure."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.errors import NarratorError
from core.narrator.narrator import Assignment
from core.narrator.relevance import relevance
from core.session import commands as c
from core.session.critic import Critic, teaches
from core.session.engine import Engine
from core.session.messages import Place, Reply
from core.session.wording import say
from core.story.model import Provenance
from tests.stage import ANN, Stage

PREMISE = "/new A lighthouse keeper finds a shell that sings"
ASKED = say("en", "note.rate")


async def longest(_place: int, _wanted: Assignment, texts: Sequence[str]) -> list[float]:
    """A taste for long passages."""
    return [float(len(text)) for text in texts]


async def unsure(_place: int, _wanted: Assignment, texts: Sequence[str]) -> list[float]:
    return [0.0] * len(texts)


async def sure(_place: int, _wanted: Assignment, texts: Sequence[str]) -> list[float]:
    return [5.0] * len(texts)


async def broken(_place: int, _wanted: Assignment, _texts: Sequence[str]) -> None:
    """The file of the discriminator is broken."""


def taught(stage: Stage, **changes: object) -> Critic:
    """Give the stage's engine a critic that knows every place."""
    critic = replace(Critic(knows=lambda _place: True), **changes)  # type: ignore[arg-type]  # fields by name
    stage.engine = Engine(stage.library, stage.narrator, clock=stage.clock, critic=critic)
    return critic


def facts(stage: Stage, reply: Reply, place: Place | None = None) -> Provenance:
    where = place or stage.place
    with stage.library.begin() as tx:
        session = tx.session(
            platform=where.platform,
            chat=where.chat,
            topic=where.topic,
            private=where.private,
            author=ANN.id,
            name=ANN.name,
            language="en",
            now=stage.clock(),
        )
        found = tx.passage(session.story or 0, reply.passage or 0)
    assert found is not None
    assert found.provenance is not None
    return found.provenance


# ------------------------------------------------------------------ takes
async def test_the_chosen_take_says_so_and_comes_out_the_same_again(stage: Stage) -> None:
    taught(stage, odds=longest, best_of=4)
    for line in (PREMISE, "/continue", "/retry", "/finish"):
        told = await stage.ask(line)
        assert facts(stage, told).best_of == 4
        assert "the best of 4 takes" in (await stage.ask("/explain quick")).text
        again = await stage.ask(c.Again(told.passage))
        assert (again.text, again.note) == (told.text, "word for word the same")


async def test_of_what_was_written_the_best_is_kept_and_only_it_was_shown(stage: Stage) -> None:
    taught(stage, odds=longest, best_of=3)
    stage.narrator.upcoming.extend(["A short one.", "This one is longer than those.", "Tiny."])
    *growing, told = await stage.replies(stage.request(PREMISE))
    assert told.text == "This one is longer than those."
    assert growing
    assert all(told.text.startswith(reply.text) for reply in growing)


async def test_an_unsafe_take_is_not_chosen_however_much_it_is_liked(stage: Stage) -> None:
    taught(stage, odds=longest, best_of=2)
    stage.narrator.upcoming.extend(["Go and kill yourself, all of you there.", "A lamp burned."])
    assert (await stage.ask(PREMISE)).text == "A lamp burned."


async def test_a_seed_that_was_fixed_writes_its_own_passage(stage: Stage) -> None:
    taught(stage, odds=longest, best_of=4)
    await stage.tell(PREMISE, "/seed 7")
    told = await stage.ask("/continue")
    assert (facts(stage, told).seed, facts(stage, told).best_of) == (7, 1)


async def test_while_many_wait_one_take_is_written_for_each(stage: Stage) -> None:
    stage.narrator.delay = 0.002
    taught(stage, odds=longest, best_of=3, room=asyncio.Semaphore(1))
    places = [Place("test", f"chat-{number}") for number in range(4)]
    told = await asyncio.gather(*(stage.ask(PREMISE, place=place) for place in places))
    chosen = [facts(stage, reply, place).best_of for reply, place in zip(told, places, strict=True)]
    assert sorted(chosen) == [1, 1, 1, 3]


async def test_where_nothing_was_learned_the_take_is_chosen_that_follows_best(stage: Stage) -> None:
    taught(stage, odds=longest, best_of=4, knows=lambda _place: False, ask_share=1.0)
    told = await stage.ask(PREMISE)
    assert (facts(stage, told).best_of, facts(stage, told).asked) == (4, False)
    takes = [one for one in stage.narrator.assigned if one.mode == "open"]
    texts = ["".join([text async for text in stage.narrator.write(one)][-1:]) for one in takes]
    follow = await relevance(stage.narrator, takes[0], texts)
    assert told.text == texts[follow.index(max(follow))]


async def test_a_narrator_that_cannot_judge_its_takes_breaks_no_turn(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught(stage, best_of=3, knows=lambda _place: False, seconds=0.2)

    async def fails(_wanted: Assignment, _texts: Sequence[str]) -> list[float]:
        raise NarratorError("The server tells no likelihoods.")

    async def takes_long(_wanted: Assignment, texts: Sequence[str]) -> list[float]:
        await asyncio.sleep(60)
        return [0.0] * len(texts)

    for line, score in ((PREMISE, fails), ("/continue", takes_long)):
        monkeypatch.setattr(stage.narrator, "score", score)
        told = await stage.ask(line)
        assert told.passage is not None
        assert facts(stage, told).best_of == 1


async def test_a_critic_of_one_take_lets_one_be_written(stage: Stage) -> None:
    taught(stage, best_of=1, knows=lambda _place: False)
    told = await stage.ask(PREMISE)
    assert facts(stage, told).best_of == 1
    assert len([one for one in stage.narrator.assigned if one.mode == "open"]) == 1


async def test_a_broken_discriminator_breaks_no_turn(stage: Stage) -> None:
    taught(stage, odds=broken, best_of=3, ask_share=1.0)
    told = await stage.ask(PREMISE)
    assert told.passage is not None
    assert ASKED not in told.note
    assert facts(stage, told).best_of == 1  # nobody has chosen it


# ------------------------------------------------------------------ asking
async def test_a_rating_is_asked_for_in_so_many_turns_at_most(stage: Stage) -> None:
    taught(stage, odds=unsure, ask_share=0.25)
    told = [await stage.ask(PREMISE)] + [await stage.ask("/continue") for _ in range(15)]
    asked = [ASKED in reply.note for reply in told]
    assert [at for at, one in enumerate(asked, 1) if one] == [4, 8, 12, 16]
    assert asked == [facts(stage, reply).asked for reply in told]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45, 0.75, 1.0])
async def test_at_no_moment_more_was_asked_for_than_the_share(stage: Stage, share: float) -> None:
    taught(stage, odds=unsure, ask_share=share)
    lines = (PREMISE, "/continue", "/retry", "/undo", "/continue", "/rate up")
    asked = 0
    for turns in range(1, 31):
        asked += ASKED in (await stage.ask(lines[(turns - 1) % len(lines)])).note
        assert asked <= share * turns
    assert asked > 0


async def test_what_may_be_asked_about_was_not_chosen(stage: Stage) -> None:
    taught(stage, odds=sure, ask_share=0.5, best_of=3)
    told = [await stage.ask(line) for line in (PREMISE, "/continue", "/continue")]
    assert [facts(stage, reply).best_of for reply in told] == [3, 1, 1]
    taught(stage, odds=unsure, ask_share=0.5, best_of=3)
    told = [await stage.ask("/continue") for _ in range(4)]
    chosen = [(facts(stage, reply).best_of, ASKED in reply.note) for reply in told]
    assert chosen == [(1, True), (3, False), (1, True), (3, False)]


async def test_undoing_and_rating_bring_no_further_question(stage: Stage) -> None:
    taught(stage, odds=unsure, ask_share=0.5)
    await stage.tell(PREMISE)
    assert ASKED in (await stage.ask("/continue")).note
    await stage.tell("/rate up", "/undo", "/redo")
    assert ASKED not in (await stage.ask("/continue")).note


async def test_each_place_is_asked_by_itself(stage: Stage) -> None:
    taught(stage, odds=unsure, ask_share=0.5)
    elsewhere = Place("test", "chat-2")
    await stage.ask(PREMISE)
    await stage.ask(PREMISE, place=elsewhere)
    assert ASKED in (await stage.ask("/continue")).note
    assert ASKED in (await stage.ask("/continue", place=elsewhere)).note


async def test_a_restart_does_not_make_it_ask_again(stage: Stage) -> None:
    taught(stage, odds=unsure, ask_share=0.5)
    await stage.ask(PREMISE)
    assert ASKED in (await stage.ask("/continue")).note
    taught(stage, odds=unsure, ask_share=0.5)
    assert ASKED not in (await stage.ask("/continue")).note
    assert ASKED in (await stage.ask("/continue")).note


@pytest.mark.parametrize(("odds", "share"), [(sure, 1.0), (unsure, 0.0)])
async def test_who_is_sure_or_was_told_not_to_asks_nothing(
    stage: Stage, odds: object, share: float
) -> None:
    taught(stage, odds=odds, ask_share=share)
    for line in (PREMISE, "/continue", "/continue"):
        assert ASKED not in (await stage.ask(line)).note


async def test_the_question_is_asked_in_the_author_s_language(stage: Stage) -> None:
    taught(stage, odds=unsure, ask_share=1.0)
    await stage.tell(PREMISE, "/language zh-hans")
    assert say("zh-hans", "note.rate") in (await stage.ask("/continue")).note


def test_a_rating_teaches_most_where_it_is_least_known() -> None:
    assert teaches(0.0) == 1.0
    assert teaches(0.6) > 0.9 > teaches(0.7)
    assert teaches(-40.0) < 0.01
