"""A card comes with its picture, to the asker alone, and its buttons work."""

from core.session.wording import Voice
from tests.adapters.discord.house import House

SAY = Voice("en")


async def test_a_card_has_a_picture_that_says_what_it_shows(house: House) -> None:
    opening = await house.told()
    card = await house.answer(await house.mara.press(opening, SAY("button.explain")))
    (attachment,) = card.attachments
    assert attachment["filename"] == "explained.png"
    assert attachment["description"].startswith("The passage with marked words")
    again = await house.answer(await house.mara.press(card, SAY("button.again")))
    assert SAY("again.same") in again.content
    assert again.only_for is house.mara.user


async def test_a_card_is_asked_for_as_a_slash_command(house: House) -> None:
    await house.told()
    quick = await house.answer(await house.mara.slash(house.channel, "explain", about="quick"))
    assert quick.attachments == []
    assert SAY("button.explain_full") in quick.labels
    again = await house.answer(await house.mara.slash(house.channel, "again"))
    assert SAY("again.same") in again.content
