"""Heroes are introduced in headings, and stories do not all begin with the same seven words."""

from dataclasses import replace

import pytest

from core.narrator.guarding import barred_beginnings
from core.narrator.introducing import introduced
from core.narrator.narrator import Assignment, Mode
from core.narrator.settings import STARTER
from core.narrator.storyteller import model_folder
from core.narrator.tokens import read_tokens

OPENING = Assignment(Mode.OPEN, seed=1, premise="Mara finds a shell")


@pytest.mark.parametrize(
    ("premise", "wanted"),
    [
        ("Aisha bakes a cake", "a girl named Aisha who bakes a cake"),
        ("Juma wants to ride home.", "a boy named Juma who wants to ride home."),
        ("Mara finds a shell", "a child named Mara who finds a shell"),
        ("Mara loses her shell", "a girl named Mara who loses her shell"),
        ("Zorg forgets his promise", "a boy named Zorg who forgets his promise"),
        ("Zorg tells her that he is lost", "a child named Zorg who tells her that he is lost"),
        ("Sam loses her hat", "a child named Sam who loses her hat"),
        ("Lily gives him her hat", "a girl named Lily who gives him her hat"),
        (" Tom never sleeps", "a boy named Tom who never sleeps"),
        ("The cat steals a fish", "the cat who steals a fish"),
        ("A lighthouse keeper finds a shell.", "a lighthouse keeper who finds a shell."),
        ("an old tiger learns to mend nets", "an old tiger who learns to mend nets"),
        ("A dragon is afraid of mice", "a dragon who is afraid of mice"),
        ("A sheep cannot sleep, so she counts", "a sheep who cannot sleep, so she counts"),
        ("A bus drives home", "a bus who drives home"),
        ("A dog barks", "a dog who barks"),
        ("Two sisters build a boat", "two sisters who build a boat"),
        ("Three little pigs can sing", "three little pigs who can sing"),
        ("A lion named Leo cannot roar", "a lion named Leo who cannot roar"),
        ("the old cook called Tom sleeps.", "the old cook named Tom who sleeps."),
    ],
)
def test_a_hero_whom_only_a_name_tells_of_is_introduced(premise, wanted):
    assert introduced(premise) == wanted


@pytest.mark.parametrize(
    "premise",
    [
        "",
        "a lion named Leo, who cannot roar",
        "a boy named Tom and his dog sleep",
        "a boy called Tom",
        "a girl who sells bread",
        "a dog with wings flies home",
        "The old woman's cat sleeps",
        "A man and a dog sing",
        "the very big and old tree",
        "The Grand Hotel burns",
        "A box of buttons is sorted",
        "a fast, red car stops",
        "Three mice",
        "Two sisters who build",
        "Many, many cats sing",
        "the",
        "A",
        "Winter comes to the valley",
        "Grandma bakes a cake",
        "Rosa and her brother get lost",
        "Ben the dog sleeps",
        "Zorg with the hat sleeps",
        "Tom's kite is lost",
        "Tom, who sleeps",
        "Tom",
        "The Lost Kite",
        "TOM LOSES A KITE",
        "tom loses a kite",
        "一个男孩丢了风筝",
        "Tom 丢了风筝",
    ],
)
def test_any_other_premise_stays_as_it_is(premise):
    assert introduced(premise) == premise


def test_an_opening_begins_neither_with_once_upon_nor_breaks_off_who_it_is_about():
    tokens = read_tokens(model_folder(STARTER))
    one, upon = (
        {tokens.encode(f"{space}{word}")[0] for space in ("", " ")} for word in ("One", "upon")
    )
    barred = barred_beginnings(OPENING, tokens)
    assert tokens.encode(" upon")[0] in barred[1] <= upon
    assert tokens.encode("One")[0] in barred[0] <= one
    assert barred == barred_beginnings(replace(OPENING, premise="a boy named Tom"), tokens)
    winter = barred_beginnings(replace(OPENING, premise="winter comes"), tokens)
    assert winter == {0: frozenset(), 1: barred[1]}
    assert barred_beginnings(replace(OPENING, mode=Mode.CONTINUE), tokens) == {}


@pytest.mark.parametrize("premise", ["Three foxes look for the moon", "many mice want a house"])
def test_an_opening_of_several_does_not_tell_that_there_was_one(premise):
    tokens = read_tokens(model_folder(STARTER))
    barred = barred_beginnings(replace(OPENING, premise=premise), tokens)
    for told in ("Once there was", "Once, there was"):
        *before, was = tokens.encode(told)
        assert was in barred[len(before)]
    one = barred_beginnings(replace(OPENING, premise="a fox looks for the moon"), tokens)
    assert one.keys() == {0, 1}
