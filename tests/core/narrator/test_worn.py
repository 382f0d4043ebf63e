"""Phrases that so many stories have that they tell nothing any more."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.narrator.draw import Drawing
from core.narrator.guard import Guard
from core.narrator.jobs import Job
from core.narrator.narrator import Assignment, Mode
from core.narrator.pen import Pen
from core.narrator.sampling import PRESETS, Measure, Sampling, sampling
from core.narrator.settings import NarratorSettings
from core.narrator.storyteller import load
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.weights import read_weights
from core.narrator.worn import LEAST, NOTHING, Worn, pieces, read_shares, worn, write_shares
from core.story.model import Preset
from tests.core.narrator.test_batches import Asked, running

STARTER = Path(__file__).parents[3] / "core" / "narrator" / "starter"


@pytest.fixture(scope="module")
def starter() -> Tokens:
    return read_tokens(STARTER)


def token(tokens: Tokens, text: str) -> int:
    (found,) = tokens.encode(text)
    return found


class One(Worn):
    """Two tokens, and the one that is worn after them."""

    def __init__(self, before: list[int], last: int, tokens: Tokens) -> None:
        super().__init__({}, tokens)
        self._one = before, last

    def after(self, ids: Sequence[int], own: frozenset[int] = frozenset()) -> Mapping[int, float]:
        del own
        before, last = self._one
        return {last: 50.0} if list(ids[-2:]) == before else NOTHING


@given(st.text(max_size=60))
def test_the_pieces_of_a_text_are_all_of_it(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_pieces_are_words_with_their_space_and_what_stands_between() -> None:
    assert pieces('One day, he didn\'t say "no".\n\nTim') == [
        *("One", " day", ",", " he", " didn", "'t", " say", ' "', "no", '".', "\n", "\n", "Tim"),
    ]


def test_shares_are_read_as_they_were_written(tmp_path: Path) -> None:
    shares = {" upon a time": 615.5, ".\n\n": 900.0, ' said, "': 3.0}
    write_shares(shares, tmp_path / "worn.txt")
    assert read_shares(tmp_path / "worn.txt") == shares


def test_the_more_stories_have_a_phrase_the_less_likely_its_last_word(starter: Tokens) -> None:
    shares = {" a big tree": 20 * LEAST, " a big dog": 2 * LEAST, " the big cat": 9 * LEAST}
    much, none = Worn(shares, starter), Worn({}, starter)
    before = starter.encode(" saw a big")
    found = much.after(before)
    tree, dog = (token(starter, word) for word in (" tree", " dog"))
    assert found == {tree: pytest.approx(2.996, abs=1e-3), dog: pytest.approx(0.693, abs=1e-3)}
    assert none.after(before) == much.after(()) == much.after(before[-1:]) == {}


def test_what_the_story_is_about_is_not_worn(starter: Tokens) -> None:
    found = Worn({" a big tree": 20 * LEAST, " a big dog": 2 * LEAST}, starter)
    before, tree, dog = starter.encode(" a big"), token(starter, " tree"), token(starter, " dog")
    assert found.after(before, frozenset({tree})).keys() == {dog}
    assert found.after(before, frozenset({tree, dog})) == {}
    assert found.after(before, frozenset({token(starter, " cat")})).keys() == {tree, dog}


def test_a_phrase_counts_only_where_its_pieces_are_tokens(tokens: Tokens, starter: Tokens) -> None:
    shares = {" upon a time": 600.0}
    assert Worn(shares, starter).after(starter.encode(" upon a"))
    assert not any(Worn(shares, tokens).after(tokens.encode(" upon a")[:at]) for at in range(9))


def test_what_children_s_stories_say_all_the_time_is_known(starter: Tokens) -> None:
    found = worn(starter)
    after = found.after(starter.encode("They all lived happily ever"))
    assert after[token(starter, " after")] > 2
    assert not found.after(starter.encode("The lighthouse sang softly"))
    assert worn(starter) is found


def test_of_what_may_be_drawn_the_worn_is_drawn_less_often() -> None:
    how = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.05, repetition=0.0, freshness=2.0)
    logits = torch.tensor([[0.5, 0.4, 0.08, 0.02]]).log()

    def shares(worn: Mapping[int, float], how: Sampling = how) -> list[float]:
        drawing = Drawing([how], 4, torch.device("cpu"))
        drawn = [
            drawing.draw(logits.clone(), torch.zeros(1, 4), [at / 1000], [worn])[0]
            for at in range(1000)
        ]
        return [drawn.count(token) / 1000 for token in range(4)]

    assert shares(NOTHING) == pytest.approx([0.51, 0.408, 0.082, 0], abs=2e-3)
    halved = {0: math.log(2) / 2, 3: 9.0}  # by two nats for each: half of its odds
    assert shares(halved) == pytest.approx([0.342, 0.548, 0.110, 0], abs=2e-3)
    assert shares(halved, replace(how, freshness=0.0)) == shares(NOTHING)


def test_what_alone_will_do_is_written_however_worn_it_is() -> None:
    how = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.05, repetition=0.0, freshness=2.0)
    logits = torch.tensor([[0.97, 0.01, 0.01, 0.01]]).log()
    drawing = Drawing([how], 4, torch.device("cpu"))
    for at in range(100):
        chances = [at / 100]
        assert drawing.draw(logits.clone(), torch.zeros(1, 4), chances, [{0: 6.0}]) == [0]


def test_a_batch_writes_no_worn_phrase_where_another_word_will_do(
    random_model: Path, tokens: Tokens
) -> None:
    two = Sampling(temperature=1.0, top_k=2, top_p=1.0, min_p=0.0, repetition=0.0)
    weights = read_weights(random_model, torch.device("cpu"))

    with running(weights, tokens) as desk:

        def told(freshness: float, phrases: Worn | None) -> list[int]:
            pen = Pen(tokens, Measure(8, 8, 8, open_end=True), Guard((), ()), worn=phrases)
            how = replace(two, freshness=freshness)
            ids = (tokens.end, *tokens.encode("Mara slept.\n\n"))
            asked = Asked(Job(ids, 8, pen, how, "1", "", lambda: None))
            asked.job.news = asked.heard
            desk.submit(asked.job)
            assert asked.ended.wait(30)
            return pen.ids

        usual = told(1.0, None)
        phrases = One(usual[3:5], usual[5], tokens)
        assert told(0.0, phrases) == usual
        fresh = told(1.0, phrases)
        assert fresh[:5] == usual[:5]
        assert fresh[5] != usual[5]


def test_stories_are_told_fresh_and_titles_and_refined_passages_as_they_come() -> None:
    assert all(preset.freshness > 0 for preset in PRESETS.values())
    assert sampling(Assignment(Mode.TITLE, seed=1)).freshness == 0
    assert sampling(Assignment(Mode.REFINE, seed=1, preset=Preset.CALM)).freshness == 0


def test_the_storyteller_knows_them_and_what_the_story_is_about(starter: Tokens) -> None:
    teller = load(NarratorSettings())

    def worn_after(text: str, premise: str) -> Mapping[int, float]:
        assignment = Assignment(Mode.OPEN, seed=1, premise=premise)
        pen = teller.job(assignment, 0, lambda: None).pen
        for word in starter.encode(text):
            pen.take(word)
        return pen.worn

    try:
        assert worn_after("Once upon a", "")[token(starter, " time")] > 2
        park = token(starter, " park")
        assert worn_after("They went to the", "Tom has a ball")[park] > 2
        assert park not in worn_after("They went to the", "Tom has a ball in the park")
    finally:
        teller.close()
