"""A reply as the messages it becomes."""

from hypothesis import given
from hypothesis import strategies as st
from telegram import ForceReply, InlineKeyboardMarkup

from adapters.splitting import utf16
from adapters.telegram.letters import Letter, Mention, letters
from core.session import commands as c
from core.session.messages import Action, Reply

TEXTS = st.text(max_size=120)


def marked(letter: Letter) -> list[tuple[str, str]]:
    units = letter.text.encode("utf-16-le")
    return [
        (str(e.type), units[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le"))
        for e in letter.entities
    ]


@given(TEXTS.filter(str.isprintable), TEXTS.filter(str.isprintable), TEXTS.filter(str.isprintable))
def test_what_is_marked_is_the_heading_and_the_note(heading: str, text: str, note: str) -> None:
    made = letters(Reply(text, heading=heading, note=note), 60)
    assert all(1 <= utf16(letter.text) <= 60 for letter in made)
    for letter in made:
        for kind, words in marked(letter):
            assert words == {"bold": heading.strip(), "italic": note.strip()}[kind]


def test_a_heading_that_is_cut_is_not_marked() -> None:
    made = letters(Reply("It rained.", heading="A very long heading indeed"), 12)
    assert [letter.entities for letter in made] == [(), (), (), ()]


def test_a_text_without_a_letter_shows_a_sign() -> None:
    assert letters(Reply("\u200b \u2060"), 60)[0].text == "…"
    assert letters(Reply(""), 60)[0].text == "…"


def test_only_the_last_message_has_buttons() -> None:
    actions = ((Action("Go on", c.Continue(7)),),)
    first, last = letters(Reply("It rained. It blew.", actions=actions), 12)
    assert first.markup is None
    assert isinstance(last.markup, InlineKeyboardMarkup)
    assert last.markup.inline_keyboard[0][0].callback_data == "continue.7"


def test_a_question_with_buttons_shows_those() -> None:
    actions = ((Action("Shorter", c.Refine("shorter", 7)),),)
    reply = Reply("How?", asks="How?", actions=actions)
    assert isinstance(letters(reply, 60)[0].markup, InlineKeyboardMarkup)


def test_a_question_that_is_not_in_the_text_is_asked_below_it() -> None:
    (letter,) = letters(Reply("Here it stands.", asks="How shall it read?"), 60, selective=True)
    assert letter.text == "Here it stands.\n\nHow shall it read?"
    assert isinstance(letter.markup, ForceReply)
    assert letter.markup.selective


def test_a_long_question_is_cut_for_the_field_only() -> None:
    asks = "What shall the story be about? " * 4
    (letter,) = letters(Reply(asks, asks=asks), 4096)
    assert isinstance(letter.markup, ForceReply)
    assert letter.markup.input_field_placeholder == " ".join([asks.strip()[:30]] * 2)


def test_the_one_who_is_asked_is_named() -> None:
    (letter,) = letters(Reply("How?", asks="How?"), 60, selective=True, mention=Mention(7, "𝔸nn"))
    assert letter.text == "𝔸nn\n\nHow?"
    assert marked(letter) == [("text_mention", "𝔸nn")]
    assert letter.entities[0].user is not None
    assert letter.entities[0].user.id == 7
