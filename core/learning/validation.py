"""How well a model reads unseen stories, and a sample of how it writes."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from transformers import GPT2LMHeadModel, PreTrainedTokenizerBase

from core.learning.corpus import MIXTURE, tales

_LN2 = math.log(2)


def validation_bits(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerBase, corpus: Path, most: int
) -> dict[str, float]:
    """Bits per character of at most so many stories of each pack's valid part, as plain text."""
    bits = {}
    for pack in MIXTURE:
        if pack.name == "own":  # all of them are learnt from
            continue
        texts = [story.text for story in tales(pack, corpus, "valid")[:most]]
        if texts:
            bits[pack.name] = bits_per_character(model, tokenizer, texts)
    return bits


@torch.no_grad()
def bits_per_character(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> float:
    """Each text from end-of-text to end-of-text; a long one in windows that overlap by half."""
    training = model.training
    model.train(mode=False)
    total, characters = 0.0, 0
    window, end = model.config.n_positions, tokenizer.eos_token_id
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False)
        tokens = torch.tensor([[end, *ids, end]], device=model.device)
        done = 1
        while done < tokens.shape[1]:
            start = 0 if done == 1 else done - window // 2
            part = tokens[:, start : start + window + 1]
            logits = model(input_ids=part[:, :-1]).logits.float()  # (1, length, vocabulary)
            fresh = start + part.shape[1] - done
            loss = F.cross_entropy(logits[0, -fresh:], part[0, -fresh:], reduction="sum")
            total += float(loss)
            done += fresh
        characters += len(text)
    model.train(training)
    return total / _LN2 / characters


@torch.no_grad()
def sample(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerBase, prompt: str = "", tokens: int = 90
) -> str:
    """What the model writes after end-of-text and the prompt; the end mark is left out."""
    training = model.training
    model.train(mode=False)
    ids = [tokenizer.eos_token_id, *tokenizer.encode(prompt, add_special_tokens=False)]
    start = torch.tensor([ids], device=model.device)
    told = model.generate(  # type: ignore[misc] # transformers' mixin asks for a protocol of its own
        start,
        attention_mask=torch.ones_like(start),
        max_new_tokens=min(tokens, model.config.n_positions - len(ids)),
        do_sample=True,
        temperature=0.8,
        top_p=0.95,
        use_cache=True,
        pad_token_id=tokenizer.eos_token_id,
    )
    model.train(training)
    return str(tokenizer.decode(told[0, len(ids) :].tolist(), skip_special_tokens=True)).strip()
