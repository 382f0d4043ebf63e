"""What each token did for a passage, and the odds that follow from it."""

import pytest
import torch

from core.learning.credit import Course, credit, parts
from core.learning.discriminator import fit, reader, side_by_side, verdicts
from core.learning.examples import encode
from core.learning.leaning import ways
from core.narrator.states import all_states
from tests.core.learning.pupils import FRONT, LIKED, OTHER, thumbs, tiny_model

_VOCABULARY, _WIDTH, _LENGTH, _PASSAGES = 40, 48, 12, 1000


def test_the_parts_of_a_verdict_add_up_to_it(tmp_path):
    reading = reader(tiny_model(tmp_path))
    head = fit(verdicts(reading, thumbs(24)))
    texts = [(FRONT, LIKED[0]), (FRONT, OTHER[1])]
    rows = [encode(*text, reading.tokens, reading.window) for text in texts]
    states = all_states(reading.weights, side_by_side(rows, reading.tokens.end))
    sums = [
        float(parts(head, states[at, len(row.prompt) : len(row.prompt) + len(row.told)]).sum())
        for at, row in enumerate(rows)
    ]
    scores = head.score(reading.features(texts)).tolist()
    assert sums[0] - sums[1] == pytest.approx(scores[0] - scores[1], abs=1e-3)


def _course():
    """Passages of a writer whose state is the token before, so that nothing else matters."""
    rng = torch.Generator().manual_seed(1)
    words = torch.randn(_VOCABULARY, _WIDTH, generator=rng) / 4
    tokens = torch.randint(_VOCABULARY, (_PASSAGES * _LENGTH,), generator=rng)
    before = torch.cat([torch.zeros(1, dtype=torch.long), tokens[:-1]])
    passage = torch.arange(_PASSAGES).repeat_interleave(_LENGTH)
    return words, Course(words[before], tokens, passage), before


def test_a_token_is_credited_with_what_it_leads_to():
    _, course, before = _course()
    within = torch.arange(len(before)) % _LENGTH > 0
    worth = ((before == 7) & within).float()  # whatever comes after 7 is good
    found = credit(course, worth)
    seven = found[(course.tokens == 7) & (torch.arange(len(before)) % _LENGTH < _LENGTH - 1)]
    assert seven.mean() > 0.6
    assert abs(found[worth > 0].mean()) < 0.2  # the next one did nothing for it
    assert abs(found[(course.tokens != 7) & (worth == 0)].mean()) < 0.05


def test_the_lean_is_towards_tokens_of_credit_by_as_much_as_asked():
    words, course, before = _course()
    good_after = before < _VOCABULARY // 2
    wanted = (course.tokens == 3).float() * torch.where(good_after, 1.0, 0.2)
    lean = ways(words, course, wanted, torch.zeros_like(wanted), 0.02).lean(0.0)
    plain = (course.states @ words.T).log_softmax(-1)
    tilted = (course.states @ words.T + lean.at(course.states)).log_softmax(-1)
    risen = (tilted - plain)[:, 3]
    assert risen.min() > 0.1
    assert (tilted - plain).mean(0).argmax() == 3
    divergence = (tilted.exp() * (tilted - plain)).sum(-1).mean()
    assert float(divergence) == pytest.approx(0.02, rel=0.05)


def test_what_is_held_stays_to_first_order():
    words, course, _ = _course()
    wanted = (course.tokens == 3).float() - (course.tokens == 5).float()
    found = ways(words, course, wanted, (course.tokens == 5).float(), 0.02)
    assert found.foreseen > 0.1
    plain = course.states @ words.T
    free, held, more = (
        ((plain + found.lean(share).at(course.states)).softmax(-1) - plain.softmax(-1)).mean(0)
        for share in (0.0, found.foreseen, 2 * found.foreseen)
    )
    assert free[5] < -0.003
    assert abs(held[5]) < 0.001
    assert held[3] > 0.003
    assert more[5] > 0.001


def test_every_share_is_as_far_from_the_model():
    words, course, _ = _course()
    rare = (course.tokens == 5).float()
    found = ways(words, course, (course.tokens == 3).float(), rare, 0.02)
    plain = (course.states @ words.T).log_softmax(-1)
    for share in (-1.0, 0.0, 0.5, 3.0):
        now = (plain + found.lean(share).at(course.states)).log_softmax(-1)
        divergence = (now.exp() * (now - plain)).sum(-1).mean()
        assert float(divergence) == pytest.approx(0.02, rel=0.05)


def test_a_steeper_tilt_is_a_longer_step_the_same_way():
    words, course, _ = _course()
    wanted, rare = (course.tokens == 3).float(), (course.tokens == 5).float()
    one, two = (ways(words, course, wanted, rare, tilt).lean(0.5) for tilt in (0.01, 0.04))
    assert torch.nn.functional.cosine_similarity(one.push, two.push, 0) > 0.999
    assert two.push.norm() > 1.5 * one.push.norm()


@pytest.mark.parametrize("tilt", [1e-4, 0.1, 1.0])
def test_far_and_near_the_tilt_is_what_was_asked_for(tilt):
    words, course, _ = _course()
    wanted = (course.tokens == 3).float()
    lean = ways(words, course, wanted, torch.zeros_like(wanted), tilt).lean(0.0)
    plain = (course.states @ words.T).log_softmax(-1)
    tilted = (plain + lean.at(course.states)).log_softmax(-1)
    divergence = (tilted.exp() * (tilted - plain)).sum(-1).mean()
    assert float(divergence) == pytest.approx(tilt, rel=0.05)


def test_where_nothing_is_wanted_the_lean_is_none_however_steep():
    words, course, _ = _course()
    nothing = torch.zeros(len(course.tokens))
    lean = ways(words, course, nothing, nothing, 0.1).lean(0.0)
    assert torch.equal(lean.at(course.states), torch.zeros(len(course.states), _VOCABULARY))
