"""What a premise says in the present is told in the past, and nothing else of it changes."""

import pytest

from core.narrator.tense import in_the_past


@pytest.mark.parametrize(
    ("premise", "told"),
    [
        ("the cat who steals a fish", "the cat who stole a fish"),
        ("a fox who hops home, sings and sleeps", "a fox who hopped home, sang and slept"),
        ("a boy who never stops, for he hears it", "a boy who never stopped, for he heard it"),
        ("a girl who bakes a cake but drops it", "a girl who baked a cake but dropped it"),
        ("a girl who plants a seed and waits.", "a girl who planted a seed and waited."),
        ("who sells figs, and a monkey steals one", "who sold figs, and a monkey stole one"),
        ("a fish that can talk, and will not stop", "a fish that could talk, and will not stop"),
        ("a dragon who is afraid and has no friends", "a dragon who was afraid and had no friends"),
        ("The moon can’t shine", "The moon couldn't shine"),
        ("Mice that aren't seen are safe", "Mice that weren't seen were safe"),
        ("Zorg paints her house", "Zorg painted her house"),
        ("Winter comes to the valley", "Winter came to the valley"),
        ("Rosa and her brother get lost", "Rosa and her brother got lost"),
        ("Two mice carry a lamp and sing", "Two mice carried a lamp and sing"),
        ("two old friends who find a map", "two old friends who found a map"),
        ("three pigs who meet a wolf", "three pigs who met a wolf"),
        ("the fox and the hen are friends", "the fox and the hen were friends"),
        ("tom loses a kite", "tom lost a kite"),
        ('a sign that says "it is over" and is read', 'a sign that said "it is over" and was read'),
    ],
)
def test_what_happens_is_told_as_what_happened(premise: str, told: str) -> None:
    assert in_the_past(premise) == told


@pytest.mark.parametrize(
    "premise",
    [
        "",
        "?!",
        "A girl who found a door",
        "Two sisters who",
        "Tom and his dog in a boat",
        "Tom and Ben lost a boat",
        "Three old mice",
        "boxes and flowers in the garden",
        "a boat out of boxes",
        "the falls of a river in May",
        "a can of paint and a will of iron",
        "The Cat Steals A Fish",
        "THE CAT STEALS A FISH",
        "die Katze ist weg und has nichts",
        "一个男孩丢了风筝",
        "the boy’s paints",
    ],
)
def test_any_other_premise_stays_as_it_is(premise: str) -> None:
    assert in_the_past(premise) == premise


def test_of_a_very_long_text_the_beginning_is_read() -> None:
    long = '"No", she says. ' * 100_000
    told = in_the_past(long)
    assert told.startswith('"No", she said. "No"')
    assert told.endswith(long[-1_000_000:])
