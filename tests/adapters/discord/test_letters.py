import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord.letters import letters, units
from tests.servers.discord_reading import Seen, seen

MARKS = st.text(alphabet="*_~|`<>[]()#@!-+.:/\\ \n1aéß猫🐈", max_size=60)
TRICKS = (
    "**bold** _slanted_ __under__ ~~gone~~ ||spoiler|| `code` ```block```",
    "# heading\n## smaller\n-# small print\n> quote\n>>> quotes",
    "- list\n* list\n1. first\n  2. second",
    "<@123> <@&1> <#1> <:smile:1> <a:dance:1> <t:1:R> </new:1> <https://x.example>",
    "@everyone @here",
    "[a story](https://x.example) https://x.example/a_b_c http://y.example",
    "discord.gg/abc DISCORD.GG/abc discord.com/invite/abc discordapp.com/invite/abc",
    "a\\b \\* \\\\ \\_",
)


@pytest.mark.parametrize("trick", TRICKS)
def test_every_trick_shows_as_its_letters(trick: str) -> None:
    assert seen(trick) != Seen(trick, ())  # it does something where it is sent as it is
    assert seen(letters(trick)) == Seen(trick, ())


@given(MARKS)
@example("0*\n-")
def test_any_text_shows_as_its_letters(text: str) -> None:
    assert seen(letters(text)) == Seen(text, ())


@given(st.text(max_size=80))
def test_a_text_without_marks_is_sent_as_it_is(text: str) -> None:
    assert len(letters(text)) <= 2 * len(text)
    if not set(text) & set("\\*_~|`<[>#-+.:@"):
        assert letters(text) == text


def test_an_emoji_counts_as_two_as_in_the_chat_window() -> None:
    assert units("a猫🐈") == 4
