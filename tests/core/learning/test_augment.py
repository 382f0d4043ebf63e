"""Rows told otherwise: what changes, and what must not."""

import pytest

from core.learning.augment import Augmentation, augmented
from core.learning.examples import Liked, Pair, Side, Thumb
from core.narrator.firstnames import BOYS, GIRLS

_PROMPT = "\x01Style: tale\x01Genre: fable\x01Premise: a girl named Lily finds Tom's hat\x02"
_TEXT = 'Then Lily saw Tom. "It is his hat," said Lily. She gave Tom her hand. He thanked her.'
_SEEDS = range(24)


def told(kinds, seed, text=_TEXT, prompt=_PROMPT):
    side = Side(thumbs=(Thumb(prompt, text, liked=True, story="1"),))
    (row,) = augmented(side, kinds, seed).thumbs
    return row.prompt, row.text


def varied(kind, **given):
    """What comes of one row with different seeds, where anything changed."""
    before = (given.get("prompt", _PROMPT), given.get("text", _TEXT))
    found = {told([kind], seed, **given) for seed in _SEEDS}
    assert before in found, "half of the rows stay as they are"
    return found - {before}


def test_nothing_is_varied_unless_it_is_named():
    side = Side(liked=(Liked(_PROMPT, _TEXT, "1"),))
    assert augmented(side, (), 1) is side


def test_the_same_seed_varies_alike_and_never_touches_the_verdict():
    rows = tuple(Thumb(_PROMPT, _TEXT, liked=at % 2 == 0, story=str(at)) for at in range(40))
    once = augmented(Side(thumbs=rows), tuple(Augmentation), 7)
    assert once == augmented(Side(thumbs=rows), tuple(Augmentation), 7)
    assert once != augmented(Side(thumbs=rows), tuple(Augmentation), 8)
    kept = [(row.liked, row.story, row.weight) for row in once.thumbs]
    assert kept == [(row.liked, row.story, row.weight) for row in rows]


def test_a_name_is_another_of_the_same_gender_in_prompt_and_passage_alike():
    for prompt, text in varied(Augmentation.NAMES):
        girl = text.split()[1]
        boy = text.split()[3].rstrip(".")
        assert girl in GIRLS
        assert boy in BOYS
        assert prompt == _PROMPT.replace("Lily", girl).replace("Tom", boy)
        assert text == _TEXT.replace("Lily", girl).replace("Tom", boy)


def test_girls_become_boys_with_every_pronoun():
    for prompt, text in varied(Augmentation.PRONOUNS):
        boy, girl = text.split()[1], text.split()[3].rstrip(".")
        assert boy in BOYS
        assert girl in GIRLS
        assert text == (
            f'Then {boy} saw {girl}. "It is her hat," said {boy}. He gave {girl} his hand. '
            "She thanked him."
        )
        assert f"a boy named {boy} finds {girl}'s hat" in prompt


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The hat is hers.", "The hat is his."),
        ("The hat is his.", "The hat is hers."),
        ("I saw her and the king.", "I saw him and the queen."),
        ("HER mother sang to him.", "His father sang to her."),
        ("Grandpa told her a tale.", "Grandma told him a tale."),
    ],
)
def test_a_word_that_shows_a_gender_shows_the_other(before, after):
    assert varied(Augmentation.PRONOUNS, text=before, prompt="") == {("", after)}


def test_a_cut_moves_sentences_to_the_prompt_and_loses_none():
    found = varied(Augmentation.CUTS)
    assert len(found) > 1
    for prompt, text in found:
        moved = prompt.removeprefix(_PROMPT)
        assert moved.endswith(".\n\n")
        assert f"{moved.strip()} {text}" == _TEXT


def test_a_short_passage_is_not_cut():
    assert not varied(Augmentation.CUTS, text="She ran. He sat.")


def test_headings_lose_lines_but_never_the_style():
    found = varied(Augmentation.HEADINGS)
    assert {text for _, text in found} == {_TEXT}
    assert {prompt for prompt, _ in found} == {
        "\x01Style: tale\x02",
        "\x01Style: tale\x01Genre: fable\x02",
        "\x01Style: tale\x01Premise: a girl named Lily finds Tom's hat\x02",
    }


def test_a_heading_that_loses_all_is_gone():
    inside = "\x01Style: tale\x02She ran.\n\n\x01Mood: sad\x02"
    assert varied(Augmentation.HEADINGS, prompt=inside) == {
        ("\x01Style: tale\x02She ran.\n\n", _TEXT)
    }


def test_both_passages_of_a_pair_are_varied_alike():
    other = "Then Lily lost Tom. Tom ran home. He was sad. His mother sang. He slept."
    side = Side(pairs=(Pair(_PROMPT, _TEXT, other, "1"),))
    for seed in _SEEDS:
        (row,) = augmented(side, [Augmentation.NAMES], seed).pairs
        assert row.chosen.split()[1] == row.rejected.split()[1]
        assert f"named {row.chosen.split()[1]} finds" in row.prompt
    cut = {augmented(side, [Augmentation.CUTS], seed).pairs[0] for seed in _SEEDS} - {side.pairs[0]}
    assert cut
    for row in cut:
        assert row.prompt == _PROMPT
        assert _TEXT.startswith(row.chosen)
        assert other.startswith(row.rejected)
        assert row.chosen.count(".") == row.rejected.count(".")
