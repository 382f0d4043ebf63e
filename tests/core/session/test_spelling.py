import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.session import commands as c
from core.session.spelling import (
    NAMES,
    SHORT,
    from_button,
    from_json,
    from_line,
    name_of,
    to_button,
    to_json,
)

numbers = st.integers(0, 10**18 - 1)  # more than any row's number, less than 64 bits
buttons = st.one_of(
    st.builds(c.Continue, at=numbers),
    st.builds(c.Rate, value=st.sampled_from([-1, 0, 1]), at=numbers),
    st.builds(c.Takes, at=numbers, number=st.integers(0, 999)),
    st.builds(c.Pick, passage=numbers),
    st.builds(c.Refine, text=st.sampled_from(["happier", "polish", ""]), at=numbers),
    st.builds(c.Shelf, page=st.integers(1, 10**6), archived=st.booleans()),
    st.builds(c.Delete, story=numbers, sure=st.booleans()),
    st.builds(c.Export, text=st.sampled_from(["md", "epub"])),
)


@given(buttons)
def test_a_button_says_what_it_was_made_for(command):
    assert from_button(to_button(command)) == command


@given(buttons)
def test_a_button_fits_into_telegrams_64_bytes(command):
    assert len(to_button(command).encode()) <= 64


@given(st.text(max_size=80))
def test_a_forged_button_is_refused_or_read_and_never_breaks(spelled):
    try:
        command = from_button(spelled)
    except Refusal:
        return
    assert name_of(command) in NAMES


@pytest.mark.parametrize("forged", ["", "boo", "undo.1.2.3", "undo.x", "rate.1.9e9", "pick.-" * 9])
def test_a_button_that_was_never_ours_is_refused(forged):
    with pytest.raises(Refusal):
        from_button(forged)


def test_a_button_without_its_number_means_none():
    assert from_button("rate") == c.Rate(0)


def test_a_button_that_would_not_fit_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="64 bytes"):
        to_button(c.Branch("x" * 70))
    with pytest.raises(ValueError, match="not for a button"):
        to_button(c.Branch("a.b"))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("The door opened.", c.Say("The door opened.")),
        ("  /new  A cat sails ", c.New("A cat sails")),
        ("/NEW a cat", c.New("a cat")),
        ("/continue@taleturn_bot", c.Continue()),
        ("/start", c.Help()),
        ("/takes 2", c.Takes(number=2)),
        ("/takes", c.Takes()),
        ("/lore always : It rains", c.Lore(": It rains", always=True)),
        ("/lore Mara: a keeper", c.Lore("Mara: a keeper")),
        ("/language zh here", c.Language("zh", place=True)),
        ("/language zh", c.Language("zh")),
        ("/shelf archived", c.Shelf(archived=True)),
        ("/search lamp", c.Shelf("lamp")),
        ("/delete", c.Delete()),
        ("/delete yes", c.Delete(sure=True)),
        ("/rate up", c.Rate(1)),
        ("/rate 👎", c.Rate(-1)),
        ("/forget 3", c.Forget(3)),
        ("/undo now", c.Undo()),
    ],
)
def test_a_line_asks_what_it_says(line, command):
    assert from_line(line) == command


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("/dance", "refusal.unknown_command"),
        ("/", "refusal.unknown_command"),
        ("/rate maybe", "refusal.thumb"),
        ("/takes two", "refusal.number"),
        ("/takes ²", "refusal.number"),
        ("/forget", "refusal.number"),
        ("/open 99999999999", "refusal.number"),
    ],
)
def test_a_line_that_asks_nothing_is_refused_with_the_way_out(line, key):
    with pytest.raises(Refusal) as refused:
        from_line(line)
    assert refused.value.key == key


@pytest.mark.parametrize("kind", NAMES.values())
def test_every_command_is_kept_whole_with_its_turn(kind):
    command = kind(1) if kind in {c.Rate, c.Forget} else kind()
    assert from_json(to_json(command)) == command


def test_every_command_of_the_union_can_be_typed():
    assert set(NAMES.values()) == set(c.Command.__args__)
    assert set(SHORT.values()) <= set(NAMES)
