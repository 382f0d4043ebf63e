import hashlib
import logging
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.learning.moods import labelled, only_to_learn_from
from core.learning.sentiment import STARTER, sign_by_vader, train_head
from core.learning.unfit import lines
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.reading import Judge, mixed, plain_readings
from core.narrator.sentiment import HEAD, read_head, readings
from core.narrator.settings import NarratorSettings
from core.narrator.states import pooled
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.tonewords import FEELINGS, tone_features, tone_names
from core.narrator.weights import Weights, read_weights


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights(STARTER, torch.device("cpu"))


@pytest.fixture(scope="module")
def starters_tokens() -> Tokens:
    return read_tokens(STARTER)


SUMS = "SHA256SUMS"


def linked(model: Path, folder: Path) -> Path:
    """A copy of a model's folder without a head."""
    for file in model.iterdir():
        if file.name not in {HEAD, SUMS}:
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def save_as_before(path: Path) -> None:
    """Make a head one of a version that did not tell what is unsafe."""
    tensors = load_file(path)
    del tensors["unsafe"]
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode() + tensors[name].numpy().tobytes())
    with safe_open(path, "pt") as file:
        facts = file.metadata()
    save_file(tensors, path, metadata=facts | {"sha256": found.hexdigest()})


def test_the_labelled_set_is_large_split_and_never_learned_from_where_it_tests() -> None:
    own = labelled()
    tested = {felt.text for felt in own if felt.tested}
    assert len(own) == len({felt.text for felt in own}) > 800
    assert 300 < len(tested) < 400
    assert {felt.part for felt in own if felt.tested} == {"plain", "negation", "dialogue", "irony"}
    assert {felt.feeling for felt in own} == {*FEELINGS, "none"}
    assert not any(felt.tested or felt.text in tested for felt in only_to_learn_from())


def test_a_states_mean_does_not_depend_on_what_is_read_beside_it(
    weights: Weights, starters_tokens: Tokens
) -> None:
    texts = ["He ran.", "The old lamp burned all night, and nobody came up the stairs.", ""]
    with torch.inference_mode():
        together = pooled(weights, starters_tokens, texts)
        alone = torch.cat([pooled(weights, starters_tokens, [text]) for text in texts])
    assert torch.allclose(together, alone, atol=1e-4)
    assert len(pooled(weights, starters_tokens, [])) == 0


def test_the_bundled_head_knows_negation_and_irony(
    weights: Weights, starters_tokens: Tokens
) -> None:
    head = read_head(STARTER)
    assert head is not None
    texts = [
        "She was not happy in the new house.",
        "The boy was not sad any more, and they laughed.",
        '"Oh, wonderful," she said coldly, as the milk ran over her best shoes.',
        "The road went past the mill and over the bridge.",
    ]
    with torch.inference_mode():
        moods = [found.mood for found in readings(weights, starters_tokens, head, texts)]
    assert [mood.sign for mood in moods] == [-1, 1, -1, 0]
    assert {mood.judge for mood in moods} == {Judge.HEAD}


def test_a_passage_feels_like_its_sentences(weights: Weights, starters_tokens: Tokens) -> None:
    head = read_head(STARTER)
    glad, grim = "They laughed and hugged. ", "He wept at her grave. "
    with torch.inference_mode():
        found = readings(weights, starters_tokens, head, [glad * 3 + grim, glad + grim * 3])
    assert found[0].mood.valence > found[1].mood.valence
    assert found[1].mood.feeling == "sadness"


def test_the_bundled_head_finds_some_of_what_children_are_not_shown_and_spares_the_rest(
    weights: Weights, starters_tokens: Tokens
) -> None:
    head = read_head(STARTER)
    tested = [line for line in lines() if line.tested]
    with torch.inference_mode():
        found = readings(weights, starters_tokens, head, [line.text for line in tested])
    unsafe = [each.unsafe for each, line in zip(found, tested, strict=True) if line.kind]
    harmless = [each.unsafe for each, line in zip(found, tested, strict=True) if not line.kind]
    assert sum(unsafe) > 0.05 * len(unsafe)
    assert sum(harmless) <= 0.01 * len(harmless)
    assert readings(weights, starters_tokens, head, []) == []


def test_one_unsafe_sentence_makes_a_passage_unsafe(
    weights: Weights, starters_tokens: Tokens
) -> None:
    head = read_head(STARTER)
    ordinary = "The road went past the mill and over the bridge. " * 3
    with torch.inference_mode():
        found = readings(weights, starters_tokens, head, [line.text for line in lines()])
        bad = next(line.text for line, each in zip(lines(), found, strict=True) if each.unsafe)
        alone, beside = readings(weights, starters_tokens, head, [ordinary, f"{ordinary}{bad}"])
    assert not alone.unsafe
    assert beside.unsafe


async def test_a_model_without_a_head_falls_back_to_words_and_says_so(
    random_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    narrator = Gpt2Narrator(NarratorSettings(model=str(random_model), device="cpu"))
    glad, grim = await narrator.read(["A happy, lovely day.", "A horrible, sad death."])
    await narrator.close()
    assert glad.mood.judge == grim.mood.judge == Judge.WORDS
    assert (glad.mood.sign, grim.mood.sign) == (1, -1)
    assert (glad.mood.feeling, grim.mood.feeling) == ("joy", "sadness")
    assert "has no sentiment head" in caplog.text


def test_a_head_can_be_trained_for_any_gpt2_and_serves_only_that(
    random_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = linked(random_model, tmp_path)
    (folder / SUMS).write_text("0  other.txt\n")
    report = train_head(folder)
    assert report.accuracy > report.vader
    assert report.tested == sum(felt.tested for felt in labelled())
    assert [line.split()[-1] for line in (folder / SUMS).read_text().splitlines()] == [
        "other.txt",
        HEAD,
    ]
    head = read_head(folder)
    assert head is not None
    save_file(load_file(folder / HEAD), folder / HEAD, metadata={"sha256": "another"})
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / HEAD).write_bytes(b"torn")
    other = tmp_path / "other"
    other.mkdir()
    with caplog.at_level(logging.WARNING):
        assert read_head(folder) is None
        assert read_head(tmp_path / "torn") is None
        train_head(linked(random_model, other))
        save_as_before(other / HEAD)
        assert read_head(other) is None
        (other / "model.safetensors").write_bytes(b"other weights")
        assert read_head(other) is None
    assert "its hash is another" in caplog.text
    assert "cannot be read" in caplog.text
    assert "trained for other weights" in caplog.text
    assert "by another version of this program" in caplog.text
    assert "taleturn mood --model" in caplog.text


def test_words_are_counted_by_name_and_the_same_for_any_text() -> None:
    assert len(tone_features("")) == len(tone_names()) == len(set(tone_names()))
    assert len(tone_features('"Oh no!" he cried. 你好')) == len(tone_names())


def test_vaders_signs_are_its_own_bounds() -> None:
    signs = [sign_by_vader(text) for text in ("A lovely day.", "A horrible day.", "A day.", "")]
    assert signs == ["+", "-", "0", "0"]


def test_a_text_of_no_sentence_has_a_mood_all_the_same() -> None:
    (none,) = plain_readings([""])
    assert none.mood.valence == 0
    assert mixed([none.mood]).sign == 0
