"""What a passage should hold, and how the odds lean towards it."""

from dataclasses import replace

import pytest

from core.narrator.asking import names, telling_words, wishes
from core.narrator.narrator import Assignment, Mode
from core.narrator.tokens import Tokens
from core.narrator.tone import mood_known, tone, valences
from core.narrator.wishes import Leaning, Wishes

PREMISE = "Mara and Old Tom find a shell"


def first(tokens: Tokens, word: str) -> int:
    return tokens.encode(word)[0]


def test_an_opening_should_hold_the_things_and_names_of_its_premise() -> None:
    asked = wishes(Assignment(Mode.OPEN, seed=1, premise=PREMISE, words=("storm",), mood="sad"))
    assert asked == Wishes(words=("storm", "shell"), names=("Mara", "Tom"), mood="sad")


def test_later_passages_should_hold_the_words_asked_for_and_who_it_is_about() -> None:
    asked = wishes(Assignment(Mode.CONTINUE, seed=1, premise=PREMISE, words=("storm",)))
    assert asked == Wishes(words=("storm",), names=("Mara", "Tom"))
    assert wishes(Assignment(Mode.FINISH, seed=1)).end


def test_a_wish_goes_before_the_mood_of_the_story() -> None:
    asked = Assignment(Mode.REFINE, seed=1, mood="sad", wish="happier, add a dragon")
    assert wishes(asked) == Wishes(words=("dragon",), mood="happy")
    assert wishes(Assignment(Mode.REFINE, seed=1, mood="sad", wish="polish")).mood == "sad"


@pytest.mark.parametrize(
    ("premise", "found"),
    [
        ("Juma wants to ride the elephant", ["Juma"]),
        ("A boy named Tom loses his kite", ["Tom"]),
        ("Two sisters build a boat", []),
        ("The Cat Who Stole The Moon", []),
        ("A STORM", []),
        ("a storm", []),
    ],
)
def test_names_are_words_with_a_capital_that_are_not_common(premise: str, found: list[str]) -> None:
    assert names(premise) == found


@pytest.mark.parametrize(
    ("premise", "hero"),
    [
        ("Mara finds a shell", "Mara"),
        ("a boy called Tom loses a kite", "Tom"),
        ("a girl named Mei who dreams", "Mei"),
        ("A fox meets a boy named Tom who sleeps", ""),
        ("a girl named Mei, who dreams", ""),
        ("winter", ""),
    ],
)
def test_only_an_introduced_hero_is_to_be_called_something_first(premise: str, hero: str) -> None:
    opening = Assignment(Mode.OPEN, seed=1, premise=premise)
    assert wishes(opening).hero == hero
    assert not wishes(replace(opening, mode=Mode.CONTINUE)).hero


def test_a_premise_all_in_capitals_has_its_words_too() -> None:
    assert telling_words("THE DRAGON AND THE WELL") == ["dragon", "well"]
    assert telling_words("Mara and the well") == ["well"]


@pytest.mark.parametrize(
    ("premise", "words"),
    [
        ("Kofi sells mangoes", ["mangoes"]),
        ("a witch guards the keys of a castle", ["witch", "keys", "castle"]),
        ("Sam builds a boat out of boxes", ["boat", "boxes"]),
        ("a lion named Leo cannot roar", ["lion", "roar"]),
        ("Tom plants a tree that grows too tall", ["tree", "tall"]),
        ("a girl named Mei who dreams of a house", ["girl", "house"]),
        ("a snowman dreams of summer", ["snowman", "summer"]),
        ("two sisters share their grapes", ["two sisters", "grapes"]),
    ],
)
def test_a_verb_of_the_present_is_not_wanted_in_a_tale(premise: str, words: list[str]) -> None:
    assert telling_words(premise) == words


def test_a_wanted_word_is_leant_to_more_and_more_until_it_is_written(tokens: Tokens) -> None:
    shell = first(tokens, " shell")
    leaning = Leaning(tokens, Wishes(words=("shell",)))
    at_first = leaning.now[shell]
    leaning.follow("Mara found", (), 0.9)
    assert leaning.now[shell] > at_first > 0
    leaning.follow("Mara found Shells. They", (), 0.95)
    assert not leaning.now


def test_the_first_who_is_called_something_is_called_as_the_premise_says(tokens: Tokens) -> None:
    leaning = Leaning(tokens, Wishes(names=("Mara", "Ben"), hero="Mara"))
    mara = first(tokens, " Mara")
    usual = leaning.now[mara]
    leaning.follow("There was a keeper named", (), 0.0)
    assert leaning.now[mara] > usual + 2
    leaning.follow("There was a keeper named Mara", (), 0.0)
    assert leaning.now[first(tokens, ".")] > 2
    leaning = Leaning(tokens, Wishes(names=("Mara", "Ben"), hero="Mara"))
    leaning.follow("There was a keeper named Lo. A boy named", (), 0.0)
    assert leaning.now[mara] == usual


@pytest.mark.parametrize(
    ("premise", "words"),
    [
        ("A lighthouse keeper finds a shell", ("Lighthouse Keeper", "Shell")),
        ("a boy named Tom loses his red kite", ("Red", "Kite")),
        ("", ()),
    ],
)
def test_a_title_should_name_what_the_premise_is_about(
    premise: str, words: tuple[str, ...]
) -> None:
    assert wishes(Assignment(Mode.TITLE, seed=1, premise=premise)) == Wishes(title=words)


def test_a_title_needs_one_of_its_words_only(tokens: Tokens) -> None:
    leaning = Leaning(tokens, Wishes(title=("Kite", "Storm")))
    both = {first(tokens, " Kite"), first(tokens, " Storm")}
    assert set(leaning.now) == both
    leaning.follow("Tom and the", (), 0.2)
    assert set(leaning.now) == both
    leaning.follow("Tom and the Storm", (), 0.3)
    assert not leaning.now


def test_a_word_of_several_tokens_is_led_to_its_end(tokens: Tokens) -> None:
    spelled = tokens.encode(" harpoon")
    assert len(spelled) > 2
    leaning = Leaning(tokens, Wishes(words=("harpoon",)))
    leaning.follow("A", (1, *spelled[:2]), 0.0)
    assert leaning.now[spelled[2]] > leaning.now[spelled[0]]
    leaning.follow("A", (1, 2, 3), 0.0)
    assert set(leaning.now) == {spelled[0]}


def test_nothing_wished_leans_nowhere(tokens: Tokens) -> None:
    leaning = Leaning(tokens, Wishes(words=(" ",), mood="blue-ish"))
    leaning.follow("Mara", (1,), 0.9)
    assert leaning.now == {}


def test_what_is_leant_to_is_the_same_object_until_it_changes(tokens: Tokens) -> None:
    leaning = Leaning(tokens, Wishes(words=("shell",), names=("Mara",)))
    before = leaning.now
    leaning.follow("A", (), 0.01)
    assert leaning.now is before


def test_an_ending_is_leant_to_as_the_room_fills(tokens: Tokens) -> None:
    leaning = Leaning(tokens, Wishes(end=True))
    assert tokens.end not in leaning.now
    leaning.follow("", (), 0.5)
    half = leaning.now[tokens.end]
    leaning.follow("", (), 1.0)
    assert leaning.now[tokens.end] > half


def test_a_mood_is_heard_again_as_the_room_fills(tokens: Tokens) -> None:
    glad = next(token for token, valence in valences(tokens).items() if valence > 0)
    leaning = Leaning(tokens, Wishes(mood="sad"))
    at_first = leaning.now
    leaning.follow("They cried and cried, lost and sad.", (), 0.5)
    assert 0 > leaning.now[glad] > at_first[glad]


def test_a_mood_is_known_by_its_word() -> None:
    assert mood_known("very Happy!") == "happy"
    assert mood_known("melancholy") == ""


def test_a_glad_mood_leans_to_glad_words_and_harder_after_grim_ones(tokens: Tokens) -> None:
    glad = next(token for token, valence in valences(tokens).items() if valence > 0)
    happy = tone("happy", "", tokens)
    assert happy[glad] > 0 > tone("sad", "", tokens)[glad]
    assert happy[glad] > tone("happy", "What a happy, happy day!", tokens)[glad]


def test_a_calm_mood_leans_away_from_both_and_back_to_the_middle(tokens: Tokens) -> None:
    glad = next(token for token, valence in valences(tokens).items() if valence > 0)
    assert tone("calm", "", tokens)[glad] < 0
    grim = tone("calm", "They cried and cried, lost and sad.", tokens)
    assert grim[glad] > tone("calm", "", tokens)[glad]
    assert tone("calm", "", tokens)[first(tokens, " wind")] > 0
