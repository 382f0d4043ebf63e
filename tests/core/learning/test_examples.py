"""What a training run reads."""

from pathlib import Path

import pytest

from core.learning.examples import Pair, Side, Thumb, encode, prompt_text, stories, weighed
from core.narrator import tokens as narrator_tokens
from core.narrator.narrator import Assignment, Mode
from core.narrator.prompt import build

_STARTER = Path(narrator_tokens.__file__).parent / "starter"
_WINDOW = 512


@pytest.fixture(scope="module")
def tokens():
    return narrator_tokens.read_tokens(_STARTER)


@pytest.mark.parametrize(
    "assignment",
    [
        Assignment(mode=Mode.OPEN, seed=1, premise="Mara finds a singing shell"),
        Assignment(mode=Mode.CONTINUE, seed=1, mood="happy", path=('Mara sat. "Hi."', "She ran.")),
        Assignment(mode=Mode.FINISH, seed=1, premise="A fish talks", path=("Finn fished.",)),
        Assignment(mode=Mode.REFINE, seed=1, draft="She goed out.", path=("Finn fished.",)),
    ],
)
def test_a_prompt_kept_as_text_is_read_as_the_narrator_read_it(assignment, tokens):
    text = prompt_text(assignment, tokens, _WINDOW)
    assert encode(text, "She sat.", tokens, _WINDOW).prompt == build(assignment, tokens, 512).ids


def test_a_long_prompt_loses_its_oldest_words_and_never_the_passage(tokens):
    encoded = encode("She ran. " * 400, "The boat was gone.", tokens, 256)
    assert len(encoded.prompt) + len(encoded.told) == 256
    assert encoded.prompt[0] == tokens.end
    assert encoded.told == tokens.encode("The boat was gone.")


def test_a_row_of_weight_two_and_a_half_is_seen_two_or_three_times():
    seen = [len(weighed(["row"], lambda _: 2.5, seed)) for seed in range(40)]
    assert set(seen) == {2, 3}
    assert weighed(["row"] * 50, lambda _: 0.3, 7) == weighed(["row"] * 50, lambda _: 0.3, 7)
    assert weighed(["row"], lambda _: -1.0, 1) == []


def test_a_pick_is_a_verdict_on_both_of_its_takes():
    pair = Pair(prompt="p", chosen="good", rejected="bad", story="1", weight=2.0)
    judged = Side(pairs=(pair,)).judged
    assert judged == (
        Thumb("p", "good", liked=True, story="1", weight=2.0),
        Thumb("p", "bad", liked=False, story="1", weight=2.0),
    )
    assert stories([pair, *judged]) == {"1"}
