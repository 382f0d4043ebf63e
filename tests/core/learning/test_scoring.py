"""What a discriminator says while chats go on is what it said in training."""

import logging

import pytest
import torch
from transformers import GPT2Model

from core.learning.discriminator import fit, reader, verdicts
from core.learning.examples import encode, prompt_text
from core.learning.scoring import Scorer
from core.narrator.narrator import Assignment, Mode
from core.narrator.states import all_states
from tests.core.learning.pupils import LIKED, OTHER, thumbs, tiny_model

_ASKED = Assignment(Mode.OPEN, seed=1, premise="A fox finds a lamp")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def head(base, tmp_path):
    path = tmp_path / "discriminator.safetensors"
    fit(verdicts(reader(base), thumbs(24))).save(path)
    return path


def test_states_are_those_of_transformers(base):
    reading = reader(base)
    told = encode("", LIKED[0], reading.tokens, reading.window)
    ids = torch.tensor([[*told.prompt, *told.told]])
    model = GPT2Model.from_pretrained(base, dtype=torch.float32)
    with torch.inference_mode():
        expected = torch.cat(model(ids, output_hidden_states=True).hidden_states, -1)
    assert torch.allclose(all_states(reading.weights, ids), expected, atol=1e-4)


def test_a_passage_is_scored_as_training_would(base, head):
    scorer, reading = Scorer(base), reader(base)
    odds = scorer.odds(head, _ASKED, [LIKED[0], OTHER[0], LIKED[1]])
    prompt = prompt_text(_ASKED, reading.tokens, reading.window)
    features = reading.features([(prompt, text) for text in (LIKED[0], OTHER[0], LIKED[1])])
    assert odds is not None
    assert odds == pytest.approx(fit(verdicts(reading, thumbs(24))).score(features).tolist())
    assert min(odds[0], odds[2]) > odds[1]


@pytest.mark.parametrize("fault", ["truncated", "foreign", "gone"])
def test_a_broken_head_is_told_of_once_and_says_nothing(base, head, fault, caplog):
    if fault == "truncated":
        head.write_bytes(head.read_bytes()[:100])
    elif fault == "gone":
        head.unlink()
    else:
        found = fit(verdicts(reader(base), thumbs(24)))
        short = type(found)(found.mean[:4], found.scale[:4], found.weight[:4], 0.0, 0.5)
        short.save(head)
    scorer = Scorer(base)
    with caplog.at_level(logging.ERROR):
        assert [scorer.odds(head, _ASKED, [LIKED[0]]) for _ in range(2)] == [None, None]
    assert len(caplog.records) == 1
