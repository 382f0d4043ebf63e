"""The lean forward pass computes what transformers computes, and a merged LoRA what peft does."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from core.errors import LoraRefused, ModelUnavailable
from core.narrator import runtimes
from core.narrator.compiled import Compiled
from core.narrator.graph import Precision
from core.narrator.lean import Lean
from core.narrator.loras import Lora, read_lora
from core.narrator.paged import Paged
from core.narrator.runtimes import ready, threads
from core.narrator.settings import NarratorSettings
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens
from core.narrator.weights import Weights, read_sizes, read_weights

pytestmark = pytest.mark.filterwarnings(  # peft asks transformers by an old name
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
CPU = torch.device("cpu")
TEXTS = [[5, 9, 2, 30, 7, 7, 1], [8], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], [2, 7, 1, 8]]


def model(**changes: Any) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=32, n_embd=24, n_layer=3, n_head=4, **changes)
    made = GPT2LMHeadModel(config)
    made.eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    model().save_pretrained(folder)
    return folder


def logits_of(whole: GPT2LMHeadModel, ids: list[int]) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = whole(torch.tensor([ids])).logits[0]
    return logits


Make = Callable[[Weights, int], Lean | Paged]


def paged(weights: Weights, slots: int) -> Paged:
    return Paged(Compiled(weights, Precision.FP32, threads=1), slots)


@pytest.fixture(params=[Lean, paged], ids=["torch", "openvino"])
def make(request: pytest.FixtureRequest) -> Make:
    """What makes a runtime with some slots."""
    made: Make = request.param
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": False},
        {"activation_function": "gelu"},
        {"scale_attn_by_inverse_layer_idx": True},
        {"scale_attn_weights": False},
        {"n_inner": 40},
    ],
    ids=str,
)
def test_reading_gives_the_logits_of_transformers(
    make: Make, tmp_path: Path, changes: dict[str, Any]
) -> None:
    whole = model(**changes)
    whole.save_pretrained(tmp_path)
    runtime = make(read_weights(tmp_path, CPU), 2)
    for ids in TEXTS:
        with torch.inference_mode():
            logits = runtime.likely(Stretch(1, ids, 0))
        torch.testing.assert_close(logits, logits_of(whole, ids), atol=1e-4, rtol=1e-4)


def test_a_text_read_in_parts_gives_the_same(make: Make, saved: Path) -> None:
    runtime = make(read_weights(saved, CPU), 1)
    ids = TEXTS[2]
    with torch.inference_mode():
        parts = [runtime.likely(Stretch(0, ids[a:b], a)) for a, b in ((0, 5), (5, 6), (6, 12))]
        logits = torch.cat(parts)
    torch.testing.assert_close(logits, logits_of(model(), ids), atol=1e-4, rtol=1e-4)


def test_texts_of_all_lengths_are_written_side_by_side(make: Make, saved: Path) -> None:
    runtime = make(read_weights(saved, CPU), len(TEXTS))
    logits = torch.empty(0)
    with torch.inference_mode():
        for slot, ids in enumerate(TEXTS):
            runtime.read([Stretch(slot, ids, 0)])
        lengths = [len(ids) for ids in TEXTS]
        for added in ([1, 2, 3, 4], [9, 9, 9, 9]):
            runtime.begin(added, lengths, [None] * len(added))
            logits = runtime.finish()
            lengths = [length + 1 for length in lengths]
            for ids, token in zip(TEXTS, added, strict=True):
                ids.append(token)
    for slot, ids in enumerate(TEXTS):
        torch.testing.assert_close(logits[slot], logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)
    for ids in TEXTS:
        del ids[-2:]


def test_texts_read_together_are_read_as_alone(make: Make, saved: Path) -> None:
    runtime = make(read_weights(saved, CPU), 3)
    texts = [ids for ids in TEXTS if len(ids) > 2]
    with torch.inference_mode():
        runtime.read([Stretch(0, texts[0][:3], 0)])
        runtime.read(
            [
                Stretch(0, texts[0][3:-1], 3),
                Stretch(1, texts[1][:-1], 0),
                Stretch(2, texts[2][:-1], 0),
            ]
        )
        runtime.begin([ids[-1] for ids in texts], [len(ids) - 1 for ids in texts], [None] * 3)
        logits = runtime.finish()
    for found, ids in zip(logits, texts, strict=True):
        torch.testing.assert_close(found, logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)


def test_who_asks_gets_the_logits_after_what_was_read(make: Make, saved: Path) -> None:
    runtime = make(read_weights(saved, CPU), 3)
    texts = [ids for ids in TEXTS if len(ids) > 2]
    with torch.inference_mode():
        assert runtime.read([Stretch(0, texts[0][:2], 0)]) is None
        logits = runtime.read(
            [
                Stretch(0, texts[0][2:], 2, asks=True),
                Stretch(1, texts[1][:2], 0),
                Stretch(2, texts[2], 0, asks=True),
            ]
        )
        assert logits is not None
        found = [*logits.clone()]
        one = runtime.read([Stretch(1, texts[1][2:], 2, asks=True)])
    assert len(found) == 2
    assert one is not None
    assert len(one) == 1
    for row, ids in zip((found[0], one[0], found[1]), texts, strict=True):
        torch.testing.assert_close(row, logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)


def test_what_was_read_can_be_moved_taken_out_and_put_in(make: Make, saved: Path) -> None:
    runtime = make(read_weights(saved, CPU), 3)
    ids = TEXTS[2]
    count = len(ids) - 1
    with torch.inference_mode():
        runtime.read([Stretch(0, ids[:-1], 0)])
        runtime.copy(0, 2, count)
        kept = runtime.take_out(2, count)
        runtime.clear(2)
        runtime.put_in(1, kept, count)
        logits = runtime.likely(Stretch(1, ids[-1:], count))
    torch.testing.assert_close(logits[0], logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)
    runtime.move(1, 0, count + 1)
    with torch.inference_mode():
        again = runtime.likely(Stretch(0, ids[-1:], count))
    torch.testing.assert_close(again, logits)


def test_a_text_that_left_no_numbers_is_found_out(make: Make, saved: Path) -> None:
    weights = read_weights(saved, CPU)
    weights.tokens[TEXTS[0][5]] = torch.nan
    runtime = make(weights, 2)
    runtime.read([Stretch(0, TEXTS[0][:7], 0)])
    runtime.read([Stretch(1, TEXTS[0][:4], 0)])
    assert not runtime.is_sound(0, 7)
    assert runtime.is_sound(1, 4)
    runtime.clear(0)
    runtime.read([Stretch(0, TEXTS[0][:4], 0)])
    assert runtime.is_sound(0, 4)


@pytest.mark.parametrize("rslora", [False, True])
def test_a_merged_lora_gives_the_logits_of_peft(
    make: Make,
    saved: Path,
    tmp_path: Path,
    rslora: bool,  # noqa: FBT001 - a fact of the table
) -> None:
    config = peft.LoraConfig(
        r=3,
        lora_alpha=7,
        target_modules=["c_attn", "c_proj"],
        fan_in_fan_out=True,
        use_rslora=rslora,
    )
    tuned = peft.get_peft_model(model(), config)
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    tuned.save_pretrained(str(tmp_path))
    lora = read_lora(tmp_path, *read_sizes(saved))
    runtime = make(read_weights(saved, CPU, lora), 1)
    with torch.inference_mode():
        logits = runtime.likely(Stretch(0, TEXTS[2], 0))
        expected = tuned.eval()(torch.tensor([TEXTS[2]])).logits[0]
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits, logits_of(model(), TEXTS[2]), atol=0.1)


def test_a_lora_for_another_model_is_refused_with_the_reason(saved: Path, tmp_path: Path) -> None:
    other = GPT2LMHeadModel(
        GPT2Config(vocab_size=50, n_positions=32, n_embd=32, n_layer=4, n_head=4)
    )
    config = peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True)
    peft.get_peft_model(other, config).save_pretrained(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="made for another model: h"):
        read_lora(tmp_path, *read_sizes(saved))


def test_another_kind_of_tuning_is_refused(saved: Path, tmp_path: Path) -> None:
    config = peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True, use_dora=True)
    peft.get_peft_model(model(), config).save_pretrained(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="plain LoRA"):
        read_lora(tmp_path, *read_sizes(saved))
    described = json.loads((tmp_path / "adapter_config.json").read_text()) | {"use_dora": False}
    (tmp_path / "adapter_config.json").write_text(json.dumps(described))
    with pytest.raises(ModelUnavailable, match="which no plain LoRA has"):
        read_lora(tmp_path, *read_sizes(saved))


def tuned(
    saved: Path, folder: Path, seed: int, matrices: Sequence[str] = ("c_attn", "c_fc", "c_proj")
) -> tuple[Lora, Any]:
    """A LoRA of PEFT for the saved model, and the model with it."""
    torch.manual_seed(seed)
    config = peft.LoraConfig(r=2 + seed, target_modules=list(matrices), fan_in_fan_out=True)
    whole = peft.get_peft_model(model(), config)
    for name, weight in whole.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.3)
    whole.save_pretrained(str(folder))
    return read_lora(folder, *read_sizes(saved)), whole.eval()


def test_every_row_takes_its_own_lora(make: Make, saved: Path, tmp_path: Path) -> None:
    loras = [tuned(saved, tmp_path / str(seed), seed) for seed in range(3)]
    rows = [*loras, (None, model().eval()), loras[0]]
    ids = TEXTS[2]
    runtime = make(read_weights(saved, CPU), len(rows))
    with torch.inference_mode():
        for slot, (lora, _) in enumerate(rows):
            runtime.read([Stretch(slot, ids[:-1], 0, lora)])
        count = len(ids) - 1
        runtime.begin([ids[-1]] * len(rows), [count] * len(rows), [lora for lora, _ in rows])
        logits = runtime.finish()
        for found, (_, whole) in zip(logits, rows, strict=True):
            expected = whole(torch.tensor([ids])).logits[0, -1]
            torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_prompts_of_several_loras_are_read_at_once(make: Make, saved: Path, tmp_path: Path) -> None:
    first, second = (tuned(saved, tmp_path / str(seed), seed) for seed in range(2))
    none = (None, model().eval())
    rows = [first, second, none, first, second]
    asks = [True, True, False, False, True]
    runtime = make(read_weights(saved, CPU), len(rows))
    with torch.inference_mode():
        logits = runtime.read(
            [
                Stretch(slot, TEXTS[slot % 3], 0, lora, asks[slot])
                for slot, (lora, _) in enumerate(rows)
            ]
        )
        expected = [
            whole(torch.tensor([TEXTS[slot % 3]])).logits[0, -1]
            for slot, (_, whole) in enumerate(rows)
            if asks[slot]
        ]
        torch.testing.assert_close(logits, torch.stack(expected), atol=1e-3, rtol=1e-3)
        # And what was read is there to be written on, by each with its own.
        places = [len(TEXTS[slot % 3]) for slot in range(len(rows))]
        runtime.begin([7] * len(rows), places, [lora for lora, _ in rows])
        for slot, (found, (_, whole)) in enumerate(zip(runtime.finish(), rows, strict=True)):
            after = whole(torch.tensor([[*TEXTS[slot % 3], 7]])).logits[0, -1]
            torch.testing.assert_close(found, after, atol=1e-3, rtol=1e-3)


def test_loras_come_and_go_between_two_steps(make: Make, saved: Path, tmp_path: Path) -> None:
    first, second = (tuned(saved, tmp_path / str(seed), seed) for seed in range(2))
    third = tuned(saved, tmp_path / "2", 2, ["c_attn"])  # PEFT's own choice for a GPT-2
    none = (None, model().eval())
    ids = TEXTS[2]
    runtime = make(read_weights(saved, CPU), 3)
    with torch.inference_mode():
        for rows in (
            [third, none],
            [first, second],
            [second, third, none],
            [none, none],
            [none, third],
            [first, third, first],
        ):
            for slot, (lora, _) in enumerate(rows):
                runtime.read([Stretch(slot, ids[:-1], 0, lora)])
            runtime.begin([ids[-1]] * len(rows), [len(ids) - 1] * len(rows), [x for x, _ in rows])
            logits = runtime.finish()
            for found, (_, whole) in zip(logits, rows, strict=True):
                expected = whole(torch.tensor([ids])).logits[0, -1]
                torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_a_broken_lora_spoils_its_own_row_alone(make: Make, saved: Path, tmp_path: Path) -> None:
    sound, whole = tuned(saved, tmp_path, 0)
    huge = {name: (torch.full_like(down, 3e38), up) for name, (down, up) in sound.parts.items()}
    broken = Lora("broken", huge)
    ids = TEXTS[2]
    runtime = make(read_weights(saved, CPU), 3)
    rows = [sound, broken, None]
    with torch.inference_mode():
        for slot, lora in enumerate(rows):
            runtime.read([Stretch(slot, ids[:-1], 0, lora)])
        runtime.begin([ids[-1]] * 3, [len(ids) - 1] * 3, rows)
        logits = runtime.finish()
        expected = whole(torch.tensor([ids])).logits[0, -1]
    assert not logits[1].isfinite().any()
    torch.testing.assert_close(logits[0], expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(logits[2], logits_of(model(), ids)[-1], atol=1e-3, rtol=1e-3)


def test_a_lora_can_stand_in_for_the_merged_one(make: Make, saved: Path, tmp_path: Path) -> None:
    (live, _), (other, whole) = (tuned(saved, tmp_path / str(seed), seed) for seed in range(2))
    runtime = make(read_weights(saved, CPU, live), 1)
    with torch.inference_mode():
        found = runtime.likely(Stretch(0, TEXTS[2], 0, other.in_place_of(live)))
        base = runtime.likely(Stretch(0, TEXTS[2], 0, Lora("base", {}).in_place_of(live)))
        expected = whole(torch.tensor([TEXTS[2]])).logits[0]
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(base, logits_of(model(), TEXTS[2]), atol=1e-3, rtol=1e-3)


def test_what_two_loras_share_is_not_computed(saved: Path, tmp_path: Path) -> None:
    """As a group's own LoRA and everybody's, which it began with."""
    live, _ = tuned(saved, tmp_path / "0", 0)
    own, _ = tuned(saved, tmp_path / "1", 1, ["c_attn"])
    both = dict(live.parts)
    for name, (down, up) in own.parts.items():
        shared = live.parts[name]
        both[name] = torch.cat((shared[0], down), 1), torch.cat((shared[1], up))
    found = Lora("group", both).in_place_of(live)
    assert found.parts.keys() == own.parts.keys()
    assert found.rank == own.rank
    for name, (down, up) in own.parts.items():
        torch.testing.assert_close(found.parts[name][0] @ found.parts[name][1], down @ up)
    assert live.in_place_of(live).rank == 0


def test_a_lora_of_another_file_is_refused(saved: Path, tmp_path: Path) -> None:
    config = peft.LoraConfig(target_modules=["c_attn"], fan_in_fan_out=True, revision="0" * 64)
    peft.get_peft_model(model(), config).save_pretrained(str(tmp_path))
    with pytest.raises(LoraRefused, match="made for another model"):
        read_lora(tmp_path, *read_sizes(saved))


def test_eight_bits_stay_near(saved: Path) -> None:
    runtime = Paged(Compiled(read_weights(saved, CPU), Precision.INT8, threads=2), 1)
    found = runtime.likely(Stretch(0, TEXTS[2], 0)).log_softmax(-1)
    expected = logits_of(model(), TEXTS[2]).log_softmax(-1)
    divergence = (expected.exp() * (expected - found)).sum(-1)
    assert 0 < float(divergence.max()) < 0.02


def test_as_many_threads_as_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert threads(0) == 3
    assert threads(2) == 2
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert threads(0) == 8


_FAILS = """
import sys, numpy, openvino, torch
from pathlib import Path
from core.narrator.graph import Precision
from core.narrator.compiled import Compiled
from core.narrator.paged import Paged
from core.narrator.stretch import Stretch
from core.narrator.weights import read_weights

weights = read_weights(Path(sys.argv[1]), torch.device("cpu"))
runtime = Paged(Compiled(weights, Precision.FP32, threads=1), 2)
runtime.read([Stretch(0, [1, 2, 3], 0), Stretch(1, [4, 5], 0)])
runtime.begin([6, 7], [3, 2], [None, None])
runtime.finish()
# Three tokens at two places: a node fails, of which OpenVINO's `infer` would say nothing.
three = openvino.Tensor(numpy.array([6, 7, 8], numpy.int32))
runtime._by_itself.stepping.plain.set_tensor("ids", three)
try:
    runtime.finish()
except RuntimeError as error:
    print(error, flush=True)
"""


def test_what_fails_while_it_is_computed_is_said(saved: Path) -> None:
    # In a process of its own, since a graph that was given nonsense spoils its process' memory.
    told = subprocess.run(
        [sys.executable, "-c", _FAILS, str(saved)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "shape" in told.stdout, told.stderr


def test_threads_are_pinned_where_no_processor_is_left_over(
    saved: Path, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = read_weights(saved, CPU)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    for count, pinned in ((1, False), (2, True)):
        settings = NarratorSettings(threads=count, precision="fp32")
        runtime = ready(weights, tokens, settings).alone()
        assert isinstance(runtime, Paged)
        request = runtime._by_itself.stepping.plain.get_compiled_model()
        assert request.get_property("ENABLE_CPU_PINNING") is pinned


@pytest.mark.parametrize(
    ("count", "slots", "most", "found", "together"),
    [(2, 7, 1.0, [4, 3], 0), (1, 8, 1.0, [8], 0), (2, 1, 1.0, [1], 0), (2, 8, 0.5, [4, 4], 12)],
)
def test_passages_are_parted_among_two_threads_where_that_is_sooner(
    count: int,
    slots: int,
    most: float,
    found: list[int],
    together: int,
    saved: Path,
    tokens: Tokens,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = read_weights(saved, CPU)
    parameters = sum(weight.numel() for weight in model().parameters())
    assert parameters * 0.9 < runtimes._size(weights) < parameters
    monkeypatch.setattr(runtimes, "_SMALL", most * parameters)
    made = ready(weights, tokens, NarratorSettings(threads=count, precision="fp32"))
    assert [each.slots for each in made.lanes(slots, 2**20)] == found
    assert made.together == together


@pytest.mark.parametrize(
    ("small", "found"),
    [(10**9, [(2, 1), (1, 1), (1, 1), (1, 1)]), (0, [(2, 1)] * 2 + [(2, 2)] * 2)],
)
def test_what_computes_alone_has_all_threads(
    small: int,
    found: list[tuple[int, int]],
    saved: Path,
    tokens: Tokens,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtimes, "_SMALL", small)
    made = ready(read_weights(saved, CPU), tokens, NarratorSettings(threads=2, precision="fp32"))
    runtime, _ = made.lanes(4, 2**20)
    assert isinstance(runtime, Paged)
    told = []
    for alone in (True, False):
        runtime.alone = lambda alone=alone: alone  # type: ignore[misc]
        both = runtime._both()
        made_of = [each.plain.get_compiled_model() for each in (both.reading, both.stepping)]
        told += [
            (each.get_property("INFERENCE_NUM_THREADS"), each.get_property("NUM_STREAMS"))
            for each in made_of
        ]
    assert told == found


def test_each_of_two_has_computed_everything_alone_and_beside_the_other_when_it_is_warm(
    saved: Path, tokens: Tokens
) -> None:
    made = ready(read_weights(saved, CPU), tokens, NarratorSettings(threads=2, precision="fp32"))
    runtime, _ = made.lanes(4, 2**20)
    assert isinstance(runtime, Paged)
    known = []
    while runtime.cold:
        known.append(runtime._cold[-1])
        runtime.warm()
    assert runtime._warming is None
    assert {which for _, _, which in known} == {runtime._by_itself, runtime._beside_others}
    assert len(known) == 2 + 2 * 2
