"""How well a model reads texts, in nats a token: stories as they are, and passages asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from transformers import GPT2LMHeadModel

from core.learning.corpus import own_stories
from core.learning.examples import Encoded, Liked, encode
from core.learning.lora import apply, read_change
from core.narrator.headings import Field, heading
from core.narrator.prompt import STYLE
from core.narrator.tokens import read_tokens

_STORIES = 24  # that come with the program, read whole
DRAFTS = 96  # of their beginnings that are roughened and mended, for the gate
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Texts:
    """What is read: stories without a heading, passages after their prompts."""

    stories: Sequence[str]
    passages: Sequence[tuple[str, str]] = ()


def texts_to_read(number: int = _STORIES) -> tuple[str, ...]:
    """Stories that come with the program, evenly from all its files."""
    found = [tale.text for tale in own_stories()]
    return tuple(found[:: max(1, len(found) // number)][:number])


def held_out(liked: Iterable[Liked]) -> Texts:
    """What a LoRA must read as well as before: stories, plain and as asked for; people's texts.

    Passages that the narrator wrote say nothing here: they are likeliest to who wrote them, so any
    change costs as much as it is far.
    """
    stories = texts_to_read()
    front = heading([(Field.STYLE, STYLE)])
    by_people = ((row.prompt, row.text) for row in liked if not row.told)
    return Texts(stories, (*((front, story) for story in stories), *by_people))


def with_lora(model: Path, lora: Path | None) -> GPT2LMHeadModel:
    """The model of a folder, a LoRA merged into it."""
    found: GPT2LMHeadModel = GPT2LMHeadModel.from_pretrained(model, dtype=torch.float32)
    if lora:
        apply(read_change(lora), found)
    return found


def losses(model: Path, lora: Path | None, texts: Texts) -> list[float]:
    """Nats a token of each text, the headings and prompts not counted."""
    return read_by(with_lora(model, lora), model, texts)


@torch.inference_mode()
def read_by(loaded: GPT2LMHeadModel, model: Path, texts: Texts) -> list[float]:
    """The same for a model in memory; `model`: the folder with its tokenizer."""
    tokens, window = read_tokens(model), int(loaded.config.n_positions)
    rows = [Encoded((tokens.end,), tokens.encode(text)[: window - 1]) for text in texts.stories]
    rows += [encode(prompt, text, tokens, window) for prompt, text in texts.passages]
    out: list[float] = []
    for start in range(0, len(rows), _AT_ONCE):
        out += _read(loaded, rows[start : start + _AT_ONCE])
    return out


def _read(loaded: GPT2LMHeadModel, rows: Sequence[Encoded]) -> list[float]:
    longest = max(len(row.prompt) + len(row.told) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row.prompt) + len(row.told)] = torch.tensor((*row.prompt, *row.told))
    logits = loaded(input_ids=ids).logits.float()  # (rows, longest, vocabulary)
    found = []
    for at, row in enumerate(rows):
        start, end = len(row.prompt), len(row.prompt) + len(row.told)
        found.append(float(F.cross_entropy(logits[at, start - 1 : end - 1], ids[at, start:end])))
    return found
