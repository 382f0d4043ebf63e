"""Buttons become lines that can be typed, or numbers where no line would do."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.hints import Hint, hints, line_for
from core.session import commands as c
from core.session.messages import Action, Reply
from core.session.spelling import from_line


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (c.Continue(7), "/continue"),
        (c.Rate(-1, 7), "/rate down"),
        (c.Takes(7, 2), "/takes 2"),
        (c.Export("epub"), "/export epub"),
        (c.Refine("happier", 7), "/refine happier"),
        (c.Shelf(archived=True), "/shelf archived"),
        (c.Delete(sure=True), "/delete yes"),
        (c.Open(story=5), None),
        (c.Delete(5, sure=True), None),
        (c.Pick(passage=5), None),
        (c.Shelf(page=2), None),
    ],
)
def test_a_button_is_typed_as_the_line_that_asks_the_same(command: c.Command, line: str) -> None:
    assert line_for(command) == line


@given(
    st.sampled_from([c.Open, c.Archive, c.Delete, c.Undo, c.Redo, c.Finish, c.Explain]),
    st.none() | st.integers(1, 10**9),
)
def test_a_line_never_asks_for_another_story_than_its_button(
    kind: Callable[..., c.Command], at: int | None
) -> None:
    command = kind(at)
    line = line_for(command)
    if line is None:
        assert at is not None
    else:
        assert from_line(line) == (kind() if hasattr(command, "at") else command)


def test_labels_that_say_the_line_again_are_left_out() -> None:
    reply = Reply(
        "",
        actions=(
            (Action("Continue", c.Continue(1)), Action("Another take", c.Retry(1))),
            (Action("Polish", c.Refine("polish", 1)), Action("The Lamp", c.Open(9))),
        ),
    )
    found = hints(reply)
    assert found.rows == (
        (Hint("/continue", ""), Hint("/retry", "Another take")),
        (Hint("/refine polish", ""), Hint("/1", "The Lamp", numbered=True)),
    )
    assert found.numbered == (c.Open(9),)
