"""Tiny models that are real GPT-2s: one tells sentences, one is random."""

import itertools
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from core.narrator.tokens import Tokens, read_tokens

SENTENCES = (
    "Mara found a small red shell on the sand. The shell sang of the deep blue sea. "
    "Old Tom kept the lamp burning all night. A storm came over the quiet village. "
    '"Who is there?" asked the keeper. "Only the wind," said Mara. The boat was gone at dawn. '
    "Her brother carried the bell up the hill. Nobody knew why the gulls were silent. "
    "A grey cat slept under the stairs. The baker gave them warm bread and honey. "
    "They walked along the shore until the moon rose. The keeper laughed and opened the door. "
    "Every window was dark but one. She put the letter into the drawer. "
    "Then the children ran home to their mother. It was the longest day of the summer. "
    "Somewhere a door banged in the wind. He had never seen such a bright star. "
).split(". ")
TOLD = [f"{sentence.strip()}." for sentence in SENTENCES if sentence.strip()]
VOCABULARY = 420


def train_tokenizer(folder: Path) -> Tokens:
    """A byte-level BPE of 420 tokens, as GPT-2's is built."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TOLD,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return read_tokens(folder)


def save_model(
    folder: Path, *, width: int, layers: int, heads: int, window: int, tensors: dict[str, Tensor]
) -> None:
    """Random weights but for those given, as `save_pretrained` would lay them down."""
    random = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random) * 0.1

    named = {"wte.weight": drawn(VOCABULARY, width), "wpe.weight": drawn(window, width)}
    for at in range(layers):
        for name, shape in (
            ("attn.c_attn", (width, 3 * width)),
            ("attn.c_proj", (width, width)),
            ("mlp.c_fc", (width, 4 * width)),
            ("mlp.c_proj", (4 * width, width)),
        ):
            named[f"h.{at}.{name}.weight"] = drawn(*shape)
            named[f"h.{at}.{name}.bias"] = drawn(shape[1])
        for name in ("ln_1", "ln_2"):
            named[f"h.{at}.{name}.weight"] = 1 + drawn(width)
            named[f"h.{at}.{name}.bias"] = drawn(width)
    named |= {"ln_f.weight": torch.ones(width), "ln_f.bias": torch.zeros(width)}
    whole = {f"transformer.{name}": tensor for name, tensor in named.items()} | tensors
    save_file(whole, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": "gpt2",
                "architectures": ["GPT2LMHeadModel"],
                "n_embd": width,
                "n_layer": layers,
                "n_head": heads,
                "n_positions": window,
                "vocab_size": VOCABULARY,
                "activation_function": "gelu_new",
                "tie_word_embeddings": "lm_head.weight" not in whole,
            }
        )
    )


def bigrams(tokens: Tokens) -> Tensor:
    """How likely each token follows each other one in the sentences: (vocabulary, vocabulary)."""
    counts = torch.full((VOCABULARY, VOCABULARY), 1e-4)
    starts = [tokens.encode(sentence)[0] for sentence in TOLD]
    for sentence, other in zip(TOLD, [*TOLD[1:], TOLD[0]], strict=True):
        ids = tokens.encode(f"{sentence} {other}")
        for one, two in itertools.pairwise(ids):
            counts[one, two] += 1
        counts[ids[len(tokens.encode(sentence)) - 1], tokens.end] += 0.1
    for before in (tokens.end, *tokens.encode("\n\x02:")):
        counts[before, starts] += 1
    return (counts / counts.sum(1, keepdim=True)).log()


@pytest.fixture(scope="session")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 whose words follow each other as in some sentences: its one block adds nothing."""
    folder = tmp_path_factory.mktemp("speaking")
    tokens = train_tokenizer(folder)
    width = VOCABULARY
    zero = {
        f"transformer.h.0.{name}": torch.zeros(shape)
        for name, shape in (
            ("attn.c_proj.weight", (width, width)),
            ("attn.c_proj.bias", (width,)),
            ("mlp.c_proj.weight", (4 * width, width)),
            ("mlp.c_proj.bias", (width,)),
        )
    }
    # The last norm makes of a one-hot row about sqrt(width) at its place.
    head = bigrams(tokens).t() / width**0.5
    save_model(
        folder,
        width=width,
        layers=1,
        heads=4,
        window=256,
        tensors={
            "transformer.wte.weight": torch.eye(width) * 10,
            "transformer.wpe.weight": torch.zeros(256, width),
            "lm_head.weight": head.contiguous(),
            **zero,
        },
    )
    return folder


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of two blocks with random weights."""
    folder = tmp_path_factory.mktemp("random")
    train_tokenizer(folder)
    save_model(folder, width=32, layers=2, heads=4, window=256, tensors={})
    return folder


@pytest.fixture(scope="session")
def tokens(speaking: Path) -> Tokens:
    """The tokenizer of both."""
    return read_tokens(speaking)


@pytest.fixture(scope="session")
def loras(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Two LoRAs for the speaking model: each lets its silent block favour other words."""
    return tuple(_lora(tmp_path_factory.mktemp(f"lora{seed}"), seed) for seed in (1, 2))


def _lora(folder: Path, seed: int) -> Path:
    chance = torch.Generator().manual_seed(seed)
    name = "base_model.model.transformer.h.0.mlp.c_proj"
    tensors = {
        f"{name}.lora_A.weight": torch.randn(4, 4 * VOCABULARY, generator=chance) * 0.3,
        f"{name}.lora_B.weight": torch.randn(VOCABULARY, 4, generator=chance) * 0.3,
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    described = {"peft_type": "LORA", "lora_alpha": 8, "r": 4}
    (folder / "adapter_config.json").write_text(json.dumps(described))
    return folder
