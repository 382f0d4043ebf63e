"""How likely a passage is after one prompt and another, and what nearly stood there instead."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.narrator.loras import Lora
from core.narrator.narrator import Doubt
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens
from core.story.words import word_spans

if TYPE_CHECKING:
    from core.narrator.runtimes import Runtime

_LIKELIER = 6  # tokens looked at in the place of one
_RATHER = 2  # words told of them
_PARTS = 6  # tokens that a word may have

Ids = tuple[int, ...]


def weigh(scorer: "Runtime", prompts: Sequence[Ids], told: Ids, lora: Lora | None) -> list[float]:
    """The mean log-likelihood of what is told after each prompt, in nats a token.

    What prompts share with the first is read once: whoever shares most comes first, and each is
    read from where it differs. That is less work than all of them side by side in one batch.
    """
    told = told[: scorer.window + 1 - max(map(len, prompts))]
    found = [-math.inf] * len(prompts)
    if not told:
        return found
    there: Ids = ()
    for number in sorted(range(len(prompts)), key=lambda n: -_shared(prompts[n], prompts[0])):
        prompt = prompts[number]
        logits = _read(scorer, prompt, told, _shared(prompt[:-1], there), lora)
        found[number] = float(_likely(logits, told).mean())
        there = (*prompt, *told[:-1])
    return found


def doubts(
    scorer: "Runtime", tokens: Tokens, prompt: Ids, told: Ids, most: int, lora: Lora | None
) -> tuple[Doubt, ...]:
    """The least likely words of what is told, the least likely first, with likelier ones."""
    told = told[: scorer.window + 1 - len(prompt)]
    if not told:
        return ()
    logits = _read(scorer, prompt, told, 0, lora)  # (tokens, vocabulary)
    odds = logits.log_softmax(-1)
    likely = _likely(logits, told).tolist()
    words = [
        (sum(likely[first:last]), at, first, word) for at, first, last, word in _words(tokens, told)
    ]
    found = []
    # From the end: what is tried in a place stands there, and in none before it.
    for likelihood, at, first, word in sorted(sorted(words)[:most], key=lambda one: -one[1]):
        start = len(prompt) + first
        others = _others(scorer, tokens, odds[first], start, lora)
        rather = {
            other: value
            for other, value in others
            if other.lower() != word.lower() and value > likelihood
        }
        best = sorted(rather.items(), key=lambda pair: -pair[1])[:_RATHER]
        found.append(Doubt(word, at, likelihood, tuple(best)))
    return tuple(sorted(found, key=lambda doubt: doubt.likelihood))


def _read(scorer: "Runtime", prompt: Ids, told: Ids, known: int, lora: Lora | None) -> Tensor:
    """The logits for each token told, (tokens, vocabulary); `known` of the prompt is there."""
    if known < len(prompt) - 1:
        scorer.read([Stretch(0, prompt[known:-1], known, lora)])
    return scorer.likely(Stretch(0, (prompt[-1], *told[:-1]), len(prompt) - 1, lora))


def _likely(logits: Tensor, told: Ids) -> Tensor:
    ids = torch.tensor(told, device=logits.device)  # (tokens,)
    return logits.log_softmax(-1).gather(1, ids[:, None])[:, 0]


def _shared(left: Ids, right: Ids) -> int:
    """How many tokens two texts begin with alike."""
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _words(tokens: Tokens, told: Ids) -> Iterator[tuple[int, int, int, str]]:
    """Each word: its number, its first token and the one after its last, and itself."""
    spelled, ends = b"", []
    for token in told:
        spelled += tokens.bytes_of(token)
        ends.append(len(spelled.decode(errors="ignore")))
    text = spelled.decode(errors="ignore")
    first = 0
    for at, (start, end) in enumerate(word_spans(text)):
        while ends[first] <= start:
            first += 1
        last = first + 1
        while last < len(ends) and ends[last - 1] < end:
            last += 1
        yield at, first, last, text[start:end]


def _others(
    scorer: "Runtime", tokens: Tokens, odds: Tensor, start: int, lora: Lora | None
) -> Iterator[tuple[str, float]]:
    """Whole words that might have begun in a place, and how likely each is."""
    values, ids = odds.topk(_LIKELIER)
    for value, token in zip(values.tolist(), ids.tolist(), strict=True):
        if not tokens.bytes_of(token).strip()[:1].isalpha():
            continue
        spelled, at = tokens.bytes_of(token), start
        for _ in range(_PARTS):
            if at >= scorer.window:
                break
            after = scorer.likely(Stretch(0, (token,), at, lora))[0].log_softmax(
                -1
            )  # (vocabulary,)
            token, at = int(after.argmax()), at + 1  # noqa: PLW2901 - the next part of the word
            if not tokens.bytes_of(token)[:1].isalpha():
                break
            spelled, value = spelled + tokens.bytes_of(token), value + float(after[token])  # noqa: PLW2901 - the same
        yield spelled.decode(errors="ignore").strip(), value
