"""The guide on a tiny model: what it leads, what it leaves, and what it does not do twice."""

import json
from dataclasses import replace

import pytest
import torch

from core.learning import guided, writing
from core.learning.corpus import own_stories
from core.learning.likelihood import DRAFTS, texts_to_read, with_lora
from core.learning.packing import IGNORED
from core.learning.recipes import TrainingSettings
from core.learning.trainers import TextCollator, led
from core.narrator.tokens import read_tokens
from tests.core.learning.lessons import sampled
from tests.core.learning.pupils import FRONT, LIKED, OTHER, examples, quiet, tiny_model

_SETTINGS = TrainingSettings(fresh=56)


@pytest.fixture(scope="module")
def pupil(tmp_path_factory):
    model = tiny_model(tmp_path_factory.mktemp("tiny"))
    return guided.Pupil(with_lora(model, None), model, None, 256)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(writing, "write", sampled)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Where the lesson that these tests share keeps what was written."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def lesson(pupil, work):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write", sampled)
        return guided.lesson(examples(), _SETTINGS, pupil, work, quiet)


def test_a_guide_leans_on_what_was_written_and_not_on_what_stays(pupil, lesson):
    rows = led(lesson.led[:2], lesson.kept[:2])
    batch = TextCollator(0)(list(rows))
    assert batch["led"].tolist() == [1, 1, 0, 0]
    ids = batch["input_ids"]
    odds = lesson.guide.log_odds(ids, batch["led"])
    plain = pupil.plain(input_ids=ids).logits.detach().log_softmax(-1)
    apart = (odds.exp() * (odds - plain)).sum(-1)
    told = batch["labels"][:, 1:] != IGNORED
    moved = apart[:, :-1][told & (batch["led"][:, None] == 1)].mean()
    assert float(moved) == pytest.approx(_SETTINGS.tilt, rel=0.5)
    assert torch.allclose(odds[2:], plain[2:], atol=1e-5)


def test_stories_that_a_lora_is_judged_by_are_not_among_those_that_stay(pupil, lesson):
    tokens = read_tokens(pupil.model)
    told = [
        b"".join(map(tokens.bytes_of, row.told)).decode(errors="replace") for row in lesson.kept
    ]
    assert len(told) > 100
    everything = "\n".join(told)
    used = [
        text
        for text in (tale.text for tale in own_stories())
        if any(text[at : at + 50] in everything for at in range(0, len(text) - 50, 100))
    ]
    assert len(used) > 30
    assert not {*used} & {*texts_to_read(), *texts_to_read(DRAFTS)}
    assert sum("Rough:" in text for text in told) > 40


def test_passages_are_written_once(pupil, lesson, work, monkeypatch):
    monkeypatch.setattr(writing, "write", None)
    again = guided.lesson(examples(), _SETTINGS, pupil, work, quiet)
    assert again.led == lesson.led
    assert again.kept == lesson.kept


def test_what_the_model_told_by_itself_comes_with_the_lesson(lesson, work):
    assert lesson.guide.echoes is None
    takes = json.loads((work / "takes.json").read_text())
    assert list(lesson.known.texts) == takes[: _SETTINGS.fresh]
    assert len(lesson.known.asked) == _SETTINGS.fresh


def test_what_is_counted_later_is_not_what_is_learnt_on(lesson):
    others = lesson.known.others
    assert len(others) == _SETTINGS.fresh
    assert not {item.premise for item in others} & {item.premise for item in lesson.known.asked}


def test_what_is_liked_becomes_likelier_under_the_guide(pupil, tmp_path):
    guide = guided.lesson(examples(), replace(_SETTINGS, tilt=0.3), pupil, tmp_path, quiet).guide
    tokens = read_tokens(pupil.model)

    def nats(text, leads):
        ids = torch.tensor([[tokens.end, *tokens.encode(FRONT), *tokens.encode(text)]])
        odds = guide.log_odds(ids, torch.tensor([leads]))[0, :-1]
        return float(odds.gather(1, ids[0, 1:, None])[1 + len(tokens.encode(FRONT)) :].mean())

    gains = [nats(text, 1.0) - nats(text, 0.0) for text in (*LIKED, *OTHER)]
    assert sum(gains[:3]) > sum(gains[3:])
