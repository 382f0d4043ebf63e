"""OpenVINO GenAI's continuous batching, with eight-bit weights, in a process of its own.

Started by narrator_peers.py with the model's folder; a line of JSON asks, a line answers. The model
is drawn from its safetensors as the conversion tools draw it: stateful, with a causal mask.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai as genai
from openvino import opset15 as op
from openvino_tokenizers import convert_tokenizer
from safetensors.numpy import load_file
from transformers import PreTrainedTokenizerFast

NEW, HOW = 80, {"temperature": 1.0, "top_k": 100, "top_p": 0.95}


def constant(value: Any) -> Any:
    """A constant of the graph."""
    return op.constant(value if np.ndim(value) == 0 else np.ascontiguousarray(value))


class Graph:
    """GPT-2 as OpenVINO GenAI expects a language model."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text())
        self.tensors = {
            name.removeprefix("transformer."): tensor.astype(np.float32)
            for name, tensor in load_file(folder / "model.safetensors").items()
        }
        self.width, self.heads = self.config["n_embd"], self.config["n_head"]

    def model(self) -> Any:
        """The graph, with its states."""
        get, first = self.tensors, constant(np.int64(0))
        names = ("input_ids", "attention_mask", "position_ids")
        ids, mask, places = (self.input(name, [-1, -1], np.int64) for name in names)
        beam = self.input("beam_idx", [-1], np.int32)
        x = op.add(
            op.gather(constant(get["wte.weight"]), ids, first),
            op.gather(constant(get["wpe.weight"]), places, first),
        )
        shape = op.shape_of(ids, "i64")
        causal = self.causal(op.gather(shape, constant(np.int64(1)), first), mask)
        batch = op.gather(shape, constant(np.array([0])), first)
        kept: list[Any] = []
        for at in range(self.config["n_layer"]):
            x = op.add(x, self.attended(at, x, causal, batch, beam, kept))
            wide = op.gelu(self.times(f"h.{at}.mlp.c_fc", self.norm(f"h.{at}.ln_2", x)), "tanh")
            x = op.add(x, self.times(f"h.{at}.mlp.c_proj", wide))
        head = get.get("lm_head.weight", get["wte.weight"])
        logits = op.matmul(self.norm("ln_f", x), self.small(head), False, True)  # noqa: FBT003 - its own
        logits.output(0).set_names({"logits"})
        return ov.Model([op.result(logits)], kept, [ids, mask, places, beam], "gpt2")

    def attended(self, at: int, x: Any, causal: Any, batch: Any, beam: Any, kept: list[Any]) -> Any:
        """A block's attention over its states."""
        name, each = f"h.{at}.attn.c_attn", self.width // self.heads
        normed, found = self.norm(f"h.{at}.ln_1", x), []
        for number, kind in enumerate(("query", "key", "value")):
            part = slice(number * self.width, (number + 1) * self.width)
            flat = self.times(name, normed, part)
            heads = op.reshape(flat, constant(np.array([0, 0, self.heads, each])), True)  # noqa: FBT003 - its own
            found.append(op.transpose(heads, constant(np.array([0, 2, 1, 3]))))
            if number:
                state = f"past.{at}.{kind}"
                shape = op.concat([batch, constant(np.array([self.heads, 0, each]))], 0)
                empty = op.broadcast(constant(np.float32(0)), shape)
                size = ov.PartialShape([-1, self.heads, -1, each])
                past = op.read_value(empty, state, ov.Type.f32, size)
                past = op.gather(past, beam, constant(np.int64(0)))
                found[-1] = op.concat([past, found[-1]], 2)
                kept.append(op.assign(found[-1], state))
        seen = op.scaled_dot_product_attention(*found, causal, None, False)  # noqa: FBT003 - its own
        seen = op.transpose(seen, constant(np.array([0, 2, 1, 3])))
        seen = op.reshape(seen, constant(np.array([0, 0, self.width])), True)  # noqa: FBT003 - its own
        return self.times(f"h.{at}.attn.c_proj", seen)

    def causal(self, new: Any, mask: Any) -> Any:
        """What may be seen: (1, 1, new, all)."""
        zero, one = constant(np.int64(0)), constant(np.int64(1))
        total = op.gather(op.shape_of(mask, "i64"), one, zero)
        columns = op.range(zero, total, one, output_type="i64")
        rows = op.add(op.range(zero, new, one, output_type="i64"), op.subtract(total, new))
        allowed = op.less_equal(op.unsqueeze(columns, zero), op.unsqueeze(rows, one))
        found = op.select(allowed, constant(np.float32(0)), constant(np.float32(-1e9)))
        return op.unsqueeze(found, constant(np.array([0, 1])))

    def times(self, name: str, x: Any, part: slice = slice(None)) -> Any:
        """A matrix and its bias."""
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        found = op.matmul(x, self.small(weight[:, part].T), False, True)  # noqa: FBT003 - its own
        return op.add(found, constant(bias[part][None, None]))

    def small(self, weight: Any) -> Any:
        """A matrix in eight bits."""
        scale = np.abs(weight).max(1, keepdims=True) / 127
        scale[scale == 0] = 1
        small = np.round(weight / scale).astype(np.int8)
        return op.multiply(op.convert(constant(small), np.float32), constant(scale))

    def norm(self, name: str, x: Any) -> Any:
        """A layer norm."""
        epsilon = self.config.get("layer_norm_epsilon", 1e-5)
        found = op.mvn(x, constant(np.array([-1])), True, epsilon, "inside_sqrt")  # noqa: FBT003 - its own
        found = op.multiply(found, constant(self.tensors[f"{name}.weight"][None, None]))
        return op.add(found, constant(self.tensors[f"{name}.bias"][None, None]))

    def input(self, name: str, shape: list[int], kind: Any) -> Any:
        """An input with a name."""
        found = op.parameter(ov.PartialShape(shape), kind, name=name)
        found.output(0).set_names({name})
        return found


class Peer:
    """The pipeline, and the same graph for what a text takes."""

    def __init__(self, folder: Path, threads: int) -> None:
        graph = Graph(folder)
        self._scored = ov.Core().compile_model(graph.model(), "CPU")
        with tempfile.TemporaryDirectory() as made:
            at = Path(made)
            ov.save_model(graph.model(), at / "openvino_model.xml", compress_to_fp16=False)
            (at / "config.json").write_text(json.dumps(graph.config))
            (at / "generation_config.json").write_text('{"eos_token_id": 0, "bos_token_id": 0}')
            spelled = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
            for name, each in zip(
                ("tokenizer", "detokenizer"),
                convert_tokenizer(spelled, with_detokenizer=True),
                strict=True,
            ):
                ov.save_model(each, at / f"openvino_{name}.xml")
            plan = genai.SchedulerConfig()
            plan.max_num_batched_tokens, plan.cache_size = 2048, 1
            plan.enable_prefix_caching = False
            self._pipeline = genai.ContinuousBatchingPipeline(
                at, plan, "CPU", {"INFERENCE_NUM_THREADS": threads}
            )
        self._how = genai.GenerationConfig()
        self._how.max_new_tokens = self._how.min_new_tokens = NEW
        self._how.ignore_eos = self._how.do_sample = True
        for name, value in HOW.items():
            setattr(self._how, name, value)

    def speed(self, prompts: list[list[int]]) -> float:
        """New tokens a second."""
        asked = [ov.Tensor(np.array([prompt])) for prompt in prompts]
        start = time.perf_counter()
        found = self._pipeline.generate(asked, [self._how] * len(asked))
        seconds = time.perf_counter() - start
        return sum(len(each.m_generation_ids[0]) for each in found) / seconds

    def nats(self, ids: list[int]) -> float:
        """What the tokens of a text take, without the first."""
        count = len(ids)
        logits = self._scored(
            {
                "input_ids": np.array([ids]),
                "attention_mask": np.ones((1, count), np.int64),
                "position_ids": np.arange(count)[None],
                "beam_idx": np.zeros(1, np.int32),
            }
        )["logits"][0]
        top = logits.max(1, keepdims=True)
        log_odds = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
        return float(-log_odds[np.arange(count - 1), ids[1:]].sum())


def main() -> None:
    """Answer until the questions end."""
    peer = Peer(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, argument = json.loads(line)
        answer = peer.speed(argument) if name == "speed" else peer.nats(argument)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
