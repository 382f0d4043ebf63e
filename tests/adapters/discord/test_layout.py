from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.actions import view_of
from adapters.discord.layout import files_of, pages, with_apology
from core.session import commands as c
from core.session.messages import Action, Media, Reply
from core.session.spelling import from_button
from core.session.wording import Voice
from tests.servers.discord_reading import seen
from tests.servers.discord_rules import message_errors, units

SAY = Voice("en")
PROSE = st.text(alphabet="ab.*_ \n猫🐈#>-1", max_size=6000)
LINE = st.text(alphabet="ab*_猫", max_size=40)


def drawn(*rows: tuple[Action, ...], asks: str = "", answer: c.Command | None = None) -> list[Any]:
    view = view_of(Reply("", actions=rows, asks=asks, answer=answer), SAY)
    assert view is not None
    components = view.to_components()
    assert message_errors({"components": components}) == []
    return components


@given(text=PROSE, heading=LINE, note=LINE)
def test_no_page_is_too_long_and_none_of_the_text_is_lost(
    text: str, heading: str, note: str
) -> None:
    contents = pages(Reply(text=text, heading=heading, note=note))
    assert all(0 < units(content) <= 2000 for content in contents)
    read = "".join(seen(content.strip("\n")).letters for content in contents)
    assert [char for char in text if not char.isspace()] == [
        char for char in _body(read, heading, note, text) if not char.isspace()
    ]


def _body(read: str, heading: str, note: str, text: str) -> str:
    read = read.removeprefix(f"**{heading}**\n") if heading else read
    read = read.removesuffix(f"-# {note}") if note else read
    return read if text.strip() else ""


def test_a_heading_stands_first_and_the_small_print_last() -> None:
    long = "A sentence of the story. " * 100
    first, last = pages(Reply(text=long, heading="The *Shell*", note="take 1 of 2\nbranch x"))
    assert first.startswith("**The \\*Shell\\***\nA sentence")
    assert last.endswith("of the story.\n-# take 1 of 2\n-# branch x")


def test_a_question_is_told_once() -> None:
    assert pages(Reply(text="What about?", asks="What about?")) == ["What about?"]
    assert pages(Reply(text="Hm.", asks="What about?")) == ["Hm.\n\nWhat about?"]


async def test_a_long_list_becomes_a_menu() -> None:
    rows = [(Action(f"{n}. A story", c.Open(n)),) for n in range(1, 9)]
    pager = (Action("◀", c.Shelf(page=1)), Action("▶", c.Shelf(page=3)))
    menu, buttons = drawn(*rows, pager)
    offered = [from_button(o["value"]) for o in menu["components"][0]["options"]]
    assert offered == [c.Open(n) for n in range(1, 9)]
    assert [b["label"] for b in buttons["components"]] == ["◀", "▶"]


async def test_a_short_list_stays_buttons() -> None:
    rows = [(Action(f"{n}. A story", c.Open(n)),) for n in range(1, 4)]
    buttons = [row["components"][0] for row in drawn(*rows)]
    assert [from_button(button["custom_id"]) for button in buttons] == [
        c.Open(n) for n in range(1, 4)
    ]


async def test_a_row_that_is_too_wide_goes_on_in_the_next() -> None:
    row = tuple(Action(f"{n}", c.Takes(7, n)) for n in range(1, 9))
    assert [len(one["components"]) for one in drawn(row)] == [5, 3]


async def test_a_command_is_offered_once() -> None:
    row = (Action("Continue", c.Continue(1)), Action("Go on", c.Continue(1)))
    assert [b["label"] for b in drawn(row, row)[0]["components"]] == ["Continue"]


async def test_a_long_label_is_cut() -> None:
    (row,) = drawn((Action("🐈" * 60, c.Show()),))
    assert row["components"][0]["label"].endswith("🐈…")


async def test_a_question_has_a_button_that_asks_for_words() -> None:
    wishes = tuple(Action(wish, c.Refine(wish, 3)) for wish in ("shorter", "longer"))
    _, write = drawn(wishes, asks="How?", answer=c.Refine("", 3))
    assert write["components"][0]["custom_id"] == "refine..3"
    assert write["components"][0]["label"] == SAY("discord.write")


def test_a_reply_without_actions_has_no_buttons() -> None:
    assert view_of(Reply("Hello."), SAY) is None


@pytest.mark.parametrize(("size", "sent"), [(10, ["story.txt"]), (11, [])])
def test_a_file_that_is_too_big_is_told_of(size: int, sent: list[str]) -> None:
    reply = Reply("Here it is.", media=(Media("story.txt", "text/plain", b"x" * size),))
    files = files_of(reply, 10)
    assert [file.filename for file in files.fresh()] == sent
    told = with_apology(reply, files, SAY).text
    assert told == ("Here it is." if sent else SAY("discord.too_big", name="story.txt"))
