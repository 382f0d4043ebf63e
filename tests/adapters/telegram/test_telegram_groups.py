"""A group in Telegram: who writes next, votes, roles, codes, chats that move, restarts."""

from datetime import timedelta

from tests.adapters.telegram.running import Running, running, until
from tests.servers.telegram_world import buttons, text_of
from tests.stage import Stage


async def told(here: Running, line: str, words: str) -> None:
    """Ann asks something in the group, and sees an answer with these words."""
    here.say(line)
    await here.shows(words)


def told_in(stage: Stage) -> list[str]:
    """The chats that tell the first story there is."""
    with stage.library.begin() as tx:
        return [spot.chat for spot in tx.told_in(1)]


async def test_whose_turn_it_is_not_is_told_alone(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        await told(here, "/order rounds 12h", "next: Ann")
        here.say("/seat", by=here.ben)
        await here.shows("Ann → Ben → ")
        here.press("Continue", message=opening, by=here.ben)
        await here.alerts("It is Ann's turn")


async def test_the_narrators_turn_comes_into_the_group_by_itself(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        await told(here, "/order rounds 12h", "next: Ann")
        here.say("Mara woke.", answers=opening)
        await here.shows("next: the narrator")
        await stage.engine.tick()
        await here.shows("next: Ann", button="Continue")


async def test_a_reminder_has_a_button_that_only_the_reminded_may_press(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        await told(here, "/order rounds 12h", "next: Ann")
        here.say("/seat", by=here.ben)
        await here.shows("Ann → Ben → ")
        stage.clock.now += timedelta(hours=13)
        await stage.engine.tick()
        reminder = await here.shows("Ann, the story waits for you", button="Pause")
        here.press("Skip me", message=reminder, by=here.ben)
        await here.alerts("Only a host")
        here.press("Skip me", message=reminder, by=here.ann)
        await here.shows("next: Ben")


async def test_a_vote_is_held_by_buttons_and_everybody_sees_who_won(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        await told(here, "/order vote 30m", "")
        here.press("Continue", message=opening)
        ballot = await here.shows("A. ", button="C")
        assert [key["text"] for key in buttons(ballot)[0]] == ["A", "B", "C"]
        here.press("B", message=ballot, by=here.ann)
        await here.alerts("B")
        here.press("B", message=ballot, by=here.ben)
        won = await here.shows("B won (A 0 · B 2 · C 0)", button="Continue")
        assert text_of(won)
        before = len(here.telegram.methods.alerts)
        here.press("A", message=ballot, by=here.ben)
        await here.telegram.until(lambda: len(here.telegram.methods.alerts) == before + 1)


async def test_a_reader_is_refused_alone_and_may_still_rate(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        here.say("/show", by=here.ben)
        await until(lambda: len(here.telegram.said(here.group)) == 2)
        await told(here, "/role reader Ben", "Ben reads along now.")
        here.press("Continue", message=opening, by=here.ben)
        await here.alerts("You read along in this story")
        here.press("👍", message=opening, by=here.ben)
        await here.rated(opening, up=1, down=0)


async def test_two_groups_write_one_story(stage: Stage) -> None:
    async with running(stage) as here:
        here.group.bot = "administrator"
        await here.story()
        await told(here, "/join", "/join ")
        code = text_of(here.last()).split("/join ")[1].split()[0]
        other = here.telegram.world.group("Shells", here.ben)
        here.say(f"/join {code}", chat=other, by=here.ben)
        joined = await here.shows("", other, button="Continue")
        here.say("The shell sang.", chat=other, by=here.ben, answers=joined)
        seen = await here.shows("The shell sang.", here.group, button="Continue")
        assert "Ben" in text_of(seen)
        here.telegram.people.react(here.group, await here.noted(seen), here.ann, "👍")
        await here.rated(seen, up=1, down=0)
        here.say("/leave", chat=other, by=here.ben)
        await here.shows("no longer told here", other)


async def test_a_story_goes_on_where_its_group_became_a_supergroup(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        new = here.telegram.people.migrate(here.group)
        await until(lambda: told_in(stage) == [str(new.id)])
        here.say("/show", chat=new)
        shown = await here.shows("", new, button="Continue")
        assert text_of(shown).split("\n\n")[1] == text_of(opening).split("\n\n")[1]


async def test_a_notice_comes_after_a_restart_as_before(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        async with here.bot():
            await here.story()
            await told(here, "/order rounds 12h", "next: Ann")
        stage.clock.now += timedelta(hours=13)
        again = Stage(stage.library, stage.narrator)
        again.clock.now = stage.clock.now
        again.engine._clock = again.clock
        here.stage = again
        async with here.bot():
            await again.engine.tick()
            await here.shows("Ann, the story waits for you", button="Pause")
