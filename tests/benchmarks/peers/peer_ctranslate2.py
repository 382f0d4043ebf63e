"""CTranslate2 with eight-bit weights, in a process of its own.

Started by narrator_peers.py with the model's folder; a line of JSON asks, a line answers.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from ctranslate2.specs import Activation, TransformerDecoderModelSpec
from safetensors.numpy import load_file

NEW, HOW = 80, {"sampling_temperature": 1.0, "sampling_topk": 100, "sampling_topp": 0.95}


def converted(folder: Path, to: Path) -> int:
    """Lay a model down in a folder; the size of its vocabulary comes back."""
    config = json.loads((folder / "config.json").read_text())
    get = {
        name.removeprefix("transformer."): tensor.astype(np.float32)
        for name, tensor in load_file(folder / "model.safetensors").items()
    }

    def fill(spec: Any, name: str, *, norm: bool = False) -> None:
        weight = get[f"{name}.weight"]
        if norm:
            spec.gamma, spec.beta = weight, get[f"{name}.bias"]
        else:
            spec.weight, spec.bias = np.ascontiguousarray(weight.T), get[f"{name}.bias"]

    model = TransformerDecoderModelSpec.from_config(
        config["n_layer"], config["n_head"], pre_norm=True, activation=Activation.GELUTanh
    )
    decoder = model.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = get["wte.weight"]
    decoder.position_encodings.encodings = get["wpe.weight"]
    fill(decoder.layer_norm, "ln_f", norm=True)
    decoder.projection.weight = get.get("lm_head.weight", get["wte.weight"])
    for at, layer in enumerate(decoder.layer):
        fill(layer.self_attention.layer_norm, f"h.{at}.ln_1", norm=True)
        fill(layer.self_attention.linear[0], f"h.{at}.attn.c_attn")
        fill(layer.self_attention.linear[1], f"h.{at}.attn.c_proj")
        fill(layer.ffn.layer_norm, f"h.{at}.ln_2", norm=True)
        fill(layer.ffn.linear_0, f"h.{at}.mlp.c_fc")
        fill(layer.ffn.linear_1, f"h.{at}.mlp.c_proj")
    model.register_vocabulary([str(token) for token in range(config["vocab_size"])])
    for kind in ("bos", "eos", "unk"):
        setattr(model.config, f"{kind}_token", "0")
    model.validate()
    model.optimize(quantization="int8")
    model.save(str(to))
    return int(config["vocab_size"])


class Peer:
    """The generator."""

    def __init__(self, folder: Path, threads: int) -> None:
        with tempfile.TemporaryDirectory() as made:
            converted(folder, Path(made))
            self._generator = ctranslate2.Generator(
                made, device="cpu", compute_type="int8", intra_threads=threads
            )

    def speed(self, prompts: list[list[int]]) -> float:
        """New tokens a second."""
        asked = [list(map(str, prompt)) for prompt in prompts]
        start = time.perf_counter()
        found = self._generator.generate_batch(
            asked,
            min_length=NEW,
            max_length=NEW,
            include_prompt_in_result=False,
            max_batch_size=len(asked),
            **HOW,
        )
        seconds = time.perf_counter() - start
        return sum(len(each.sequences_ids[0]) for each in found) / seconds

    def nats(self, ids: list[int]) -> float:
        """What the tokens of a text take, without the first."""
        found = self._generator.score_batch([list(map(str, ids))])[0]
        return -float(sum(found.log_probs))


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
