"""Trainers for SFT, KTO and DPO on tokens that are ready.

TRL's trainers make tokens from text themselves, and end every text with end-of-text. Here that
would be wrong twice: a prompt holds characters that only headings may use, after an end-of-text
that typed text can never be; and a passage is no story's end. So their `_prepare_dataset` is
replaced; losses, references, checkpoints and logs are theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Trainer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from core.learning.echoes import Echoes
from core.learning.examples import Encoded
from core.learning.leaning import Lean
from core.learning.packing import IGNORED

_HEEDED = 3.0  # tokens that a place counts for where a guide moves the odds of echoes


class PicksTrainer(DPOTrainer):
    """DPO on pairs of tokens."""

    def _prepare_dataset(
        self, dataset: Dataset, processing_class: Any, args: DPOConfig, dataset_name: str
    ) -> Dataset:
        """They are ready."""
        del processing_class, args, dataset_name
        return dataset


class ThumbsTrainer(KTOTrainer):
    """KTO on passages of tokens."""

    def _prepare_dataset(
        self, dataset: Dataset, processing_class: Any, args: KTOConfig, dataset_name: str
    ) -> Dataset:
        """They are ready, but for the passages that tell how far the model has moved."""
        del processing_class, args, dataset_name
        told = dataset["completion_ids"]
        return dataset.add_column("KL_completion_ids", [told[-1], *told[:-1]])


@dataclass(frozen=True, slots=True)
class Guide:
    """A teacher: a model as it is, and how it leans where it is to lead."""

    model: torch.nn.Module
    lean: Lean | None = None
    echoes: Echoes | None = None  # whose odds it moves where it leads

    def echoing(self, ids: Tensor, led: Tensor, told: Tensor) -> list[tuple[int, int, list[int]]]:
        """Where it leads and something would be an echo: row, place, and the tokens that would.

        `led`: which rows, 1 or 0; `told`: which tokens are the passage's, (rows, tokens).
        """
        if self.echoes is None or not self.echoes.nats:
            return []
        return [
            (row, int(told[row].int().argmax()) + place, tokens)
            for row in led.nonzero()[:, 0].tolist()
            for place, tokens in self.echoes.of(ids[row][told[row]].tolist())
        ]

    @torch.no_grad()
    def log_odds(
        self, ids: Tensor, led: Tensor, echoing: Sequence[tuple[int, int, list[int]]] = ()
    ) -> Tensor:
        """What it would have come next: (rows, tokens, vocabulary).

        `led`: which rows, 1 or 0; `echoing`: what the method of that name found in them.
        """
        out = self.model(input_ids=ids, output_hidden_states=self.lean is not None)
        logits: Tensor = out.logits.float()
        if self.lean is not None:
            logits = logits + led[:, None, None] * self.lean.at(out.hidden_states[-1].float())
        if self.echoes is not None:
            for row, place, tokens in echoing:
                logits[row, place - 1, tokens] -= self.echoes.nats
        return logits.log_softmax(-1)


class TextTrainer(Trainer):
    """Learns the next token as it stands in a text, or as a guide would have it."""

    def __init__(self, *, guide: Guide | None, **given: Any) -> None:
        super().__init__(**given)
        self._guide = guide

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 - transformers' own signature
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Of a guide: the divergence from its odds at each token of the passage, their mean."""
        if self._guide is None:
            return super().compute_loss(
                model, inputs, return_outputs, num_items_in_batch=num_items_in_batch
            )
        ids, led, told = inputs["input_ids"], inputs["led"], inputs["labels"] != IGNORED
        echoing = self._guide.echoing(ids, led, told)
        wanted = self._guide.log_odds(ids, led, echoing)[:, :-1]
        outputs = model(input_ids=ids, attention_mask=inputs["attention_mask"])
        now = outputs.logits[:, :-1].float().log_softmax(-1)  # (rows, tokens, vocabulary)
        counts = told[:, 1:].float()
        for row, place, _ in echoing:
            counts[row, place - 1] = _HEEDED
        apart = (wanted.exp() * (wanted - now)).sum(-1)
        loss = (apart * counts).sum() / told[:, 1:].sum()
        return (loss, outputs) if return_outputs else loss


@torch.no_grad()
def apart(teacher: torch.nn.Module, model: torch.nn.Module, rows: Dataset) -> float:
    """How far a model's odds are from its teacher's, nats a token of the passages."""
    found, tokens = 0.0, 0
    for row in rows:
        ids = torch.tensor([row["prompt_ids"] + row["completion_ids"]])
        wanted, now = (
            each(input_ids=ids).logits[0, len(row["prompt_ids"]) - 1 : -1].float().log_softmax(-1)
            for each in (teacher, model)
        )
        found += float((wanted.exp() * (wanted - now)).sum())
        tokens += len(now)
    return found / max(1, tokens)


@dataclass(frozen=True, slots=True)
class TextCollator:
    """Rows to a batch; prompts and padding are not learnt."""

    pad: int

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Input ids, mask and labels: (rows, longest) each."""
        longest = max(len(row["prompt_ids"]) + len(row["completion_ids"]) for row in rows)
        ids = torch.full((len(rows), longest), self.pad)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        labels = torch.full((len(rows), longest), IGNORED)
        for at, row in enumerate(rows):
            before = len(row["prompt_ids"])
            whole = torch.tensor(row["prompt_ids"] + row["completion_ids"])
            ids[at, : len(whole)] = whole
            mask[at, : len(whole)] = 1
            labels[at, before : len(whole)] = whole[before:]
        batch = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        if "led" in rows[0]:
            batch["led"] = torch.tensor([row["led"] for row in rows])
        return batch


def texts(rows: Sequence[Encoded]) -> Dataset:
    """Rows for the text trainer."""
    return Dataset.from_list([_row(row) for row in rows])


def led(rows: Sequence[Encoded], kept: Sequence[Encoded] = ()) -> Dataset:
    """Rows for the text trainer under a guide; on those `kept` it does not lean."""
    return Dataset.from_list(
        [{**_row(row), "led": float(leads)} for leads, of in ((1, rows), (0, kept)) for row in of]
    )


def thumbs(rows: Sequence[tuple[Encoded, bool]]) -> Dataset:
    """Rows for the thumbs trainer."""
    return Dataset.from_list([{**_row(row), "label": liked} for row, liked in rows])


def picks(rows: Sequence[tuple[Encoded, Encoded]]) -> Dataset:
    """Rows for the picks trainer: chosen and rejected."""
    return Dataset.from_list(
        [
            {
                "prompt_ids": list(chosen.prompt),
                "chosen_ids": list(chosen.told),
                "rejected_ids": list(rejected.told),
            }
            for chosen, rejected in rows
        ]
    )


def _row(row: Encoded) -> dict[str, Any]:
    return {"prompt_ids": list(row.prompt), "completion_ids": list(row.told)}


def tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer as the trainers want it; they only ask it for padding."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
