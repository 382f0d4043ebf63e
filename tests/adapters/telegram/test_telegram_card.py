"""A card comes with its picture, and its buttons work."""

from tests.adapters.telegram.running import running
from tests.servers.telegram_world import text_of
from tests.stage import Stage


async def test_a_card_is_a_text_with_buttons_and_a_picture_that_says_what_it_shows(
    stage: Stage,
) -> None:
    async with running(stage) as here:
        here.press("Explain", message=await here.story())
        picture = await here.shows("<picture> The passage with marked words")
        kept = here.telegram.methods.files[picture["photo"][0]["file_id"]]
        assert kept.content.startswith(b"\x89PNG")
        (card,) = [m for m in here.telegram.said(here.group) if "explained" in text_of(m)]
        here.press("Write it again", message=card)
        await here.shows("word for word the same")


async def test_a_sentence_is_asked_for_and_changed(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        here.say("/say It rained all day.")
        await here.shows("It rained", button="Continue")
        here.say("/whatif “It rained” → “It snowed”")
        await here.shows("so it would have gone")
