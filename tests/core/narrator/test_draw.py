"""Which token is drawn."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.narrator.draw import POISONED, Drawing
from core.narrator.sampling import PRESETS, TITLING, Sampling
from core.story.model import Preset

CPU = torch.device("cpu")
CHANCES = [number / 400 for number in range(400)] + [1 - 2**-53]


def drawn(logits: Tensor, how: Sampling) -> set[int]:
    """Every token that some chance draws from one row."""
    rows = logits.repeat(len(CHANCES), 1)
    drawing = Drawing([how] * len(CHANCES), logits.shape[0], CPU)
    return set(drawing.draw(rows, torch.zeros_like(rows), CHANCES))


def nucleus(logits: Tensor, how: Sampling) -> set[int]:
    """The tokens that temperature, top-k and top-p leave, each by the odds of all tokens."""
    odds = (logits / how.temperature).softmax(-1).tolist()
    order = sorted(range(len(odds)), key=lambda token: -odds[token])[: how.top_k or len(odds)]
    kept, reached = set(), 0.0
    for token in order:
        if reached >= how.top_p:
            break
        kept.add(token)
        reached += odds[token]
    return kept


@given(
    st.integers(0, 10**6),
    st.sampled_from((0, 1, 3, 40, 300)),
    st.sampled_from((0.3, 0.9, 0.999)),
    st.sampled_from((0.5, 1.0, 20.0)),
)
@settings(max_examples=60, deadline=None)
def test_only_the_nucleus_is_drawn_from(
    seed: int, top_k: int, top_p: float, temperature: float
) -> None:
    logits = torch.randn(1000, generator=torch.Generator().manual_seed(seed)) * 3
    how = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, min_p=0.0, repetition=0.0)
    slack = Sampling(
        temperature=temperature, top_k=top_k, top_p=top_p + 1e-5, min_p=0.0, repetition=0.0
    )
    assert drawn(logits, how) <= nucleus(logits, slack)


def test_a_nucleus_larger_than_the_likeliest_is_exact() -> None:
    how = Sampling(temperature=1.0, top_k=0, top_p=0.9, min_p=0.0, repetition=0.0)
    kept = drawn(torch.linspace(0, 0.001, 1000), how)
    assert len(kept) > 300
    assert min(kept) >= 99


def test_tokens_come_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    how = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repetition=0.0)
    rows = logits.repeat(len(CHANCES), 1)
    tokens = Drawing([how] * len(CHANCES), 3, CPU).draw(rows, torch.zeros_like(rows), CHANCES)
    assert [tokens.count(token) / len(tokens) for token in range(3)] == pytest.approx(
        [0.5, 0.3, 0.2], abs=0.01
    )


def test_each_row_is_drawn_in_its_own_way() -> None:
    greedy = Sampling(temperature=1.0, top_k=1, top_p=1.0, min_p=0.0, repetition=0.0)
    free = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repetition=0.0)
    logits = torch.tensor([[0.0, 0.1, 0.0]]).repeat(2, 1)
    mask = torch.zeros_like(logits)
    assert Drawing([greedy, free], 3, CPU).draw(logits.clone(), mask, [0.99, 0.99]) == [1, 2]
    two = replace(greedy, top_k=2)
    assert Drawing([greedy, two], 3, CPU).draw(logits.clone(), mask, [0.01, 0.01]) == [1, 0]
    mask[0, 1] = -1
    assert Drawing([greedy, two], 3, CPU).draw(logits.clone(), mask, [0.01, 0.9]) == [0, 1]


def test_what_is_barred_is_never_drawn() -> None:
    logits = torch.zeros(50)
    logits[10:] = -math.inf
    how = Sampling(temperature=1.0, top_k=40, top_p=1.0, min_p=0.0, repetition=0.0)
    assert drawn(logits, how) == set(range(10))


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_row_of_no_numbers_is_poisoned_alone(number: float) -> None:
    logits = torch.zeros(3, 300)
    logits[1, 7] = number
    how = Sampling(temperature=1.0, top_k=0, top_p=0.9, min_p=0.0, repetition=0.0)
    tokens = Drawing([how] * 3, 300, CPU).draw(logits, torch.zeros(3, 300), [0.5] * 3)
    assert tokens[1] == POISONED
    assert POISONED not in (tokens[0], tokens[2])
    barred = torch.full((1, 300), -math.inf)
    assert Drawing([how], 300, CPU).draw(torch.zeros(1, 300), barred, [0.5]) == [POISONED]


def test_what_is_far_less_likely_than_the_likeliest_is_not_drawn() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    how = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.2, repetition=0.0)
    assert drawn(logits, how) == {0, 1, 2}


@pytest.mark.parametrize("below", [79.0, 90.0, 100.0, 200.0, math.inf])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_what_is_barred_or_nearly_so_counts_for_nothing(below: float, temperature: float) -> None:
    logits = torch.full((300,), -below)
    logits[:3] = torch.tensor([0.5, 0.3, 0.2]).log() * temperature
    how = Sampling(temperature=temperature, top_k=0, top_p=1.0, min_p=0.0, repetition=0.0)
    assert drawn(logits, how) == {0, 1, 2}
    # Four fifths are two tokens', unless the rest were counted with what is whole.
    assert drawn(logits, replace(how, top_p=0.799)) == {0, 1}


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_gpus_way_leaves_what_the_processors_does(seed: int) -> None:
    logits = torch.randn(5, 300, generator=torch.Generator().manual_seed(seed)) * 3
    drawing = Drawing([*PRESETS.values(), TITLING, PRESETS[Preset.CALM]], 300, CPU)
    odds = logits.softmax(-1)
    found, places = drawing._left_here(odds)
    found_there, places_there = drawing._left_there(odds)
    assert places.tolist() == places_there.tolist()
    assert found == pytest.approx(found_there)


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.5])
def test_a_row_that_is_nearly_flat_is_drawn_as_in_any_company(spread: float) -> None:
    """Thousands of tokens pass min-p, and many are exactly alike."""
    rng = torch.Generator().manual_seed(4)
    flat = (torch.randn(9000, generator=rng) * spread).round(decimals=3)
    sharp = torch.zeros(9000)
    sharp[:3] = 20.0
    how = Sampling(temperature=1.0, top_k=40, top_p=1.0, min_p=0.03, repetition=0.0)
    free = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.03, repetition=0.0)
    likeliest = sorted(range(9000), key=lambda token: (-float(flat[token]), token))[:40]
    assert drawn(flat, how) == set(likeliest)
    for beside in ([sharp] * 30, [flat] * 3, [sharp, flat]):
        rows = torch.stack([flat, *beside, flat])
        hows = [how, *[how] * len(beside), free]
        for chance in (0.0, 0.31, 0.77):
            (alone,) = Drawing([how], 9000, CPU).draw(
                flat[None].clone(), torch.zeros(1, 9000), [chance]
            )
            found = Drawing(hows, 9000, CPU).draw(
                rows.clone(), torch.zeros_like(rows), [chance] * len(rows)
            )
            assert found[0] == alone
            assert alone in likeliest
