"""Picks that nobody had to make: fresh takes, ranked by a discriminator that the ratings taught.

A few hundred ratings say more about a taste than about how to write; a head on hidden states
learns the taste from them, and then ranks as many takes as the narrator can write.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

from core.learning.discriminator import fit, reader, verdicts
from core.learning.examples import Examples, Pair, prompt_text
from core.learning.recipes import TrainingSettings
from core.learning.writing import asked_for, write

_KEPT = "takes.json"
_CHECKED = 8  # every so many-th premise says when to stop


def pairs(
    examples: Examples, settings: TrainingSettings, model: Path, lora: Path | None, work: Path
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The best and the worst of some takes of each premise: to learn, and to check."""
    kept = work / _KEPT
    if not kept.exists():
        made = _made(examples, settings, model, lora)
        unfinished = kept.with_suffix(".writing")
        unfinished.write_text(json.dumps([asdict(pair) for pair in made]), encoding="utf-8")
        unfinished.replace(kept)
    found = [Pair(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    learnt = tuple(pair for at, pair in enumerate(found) if at % _CHECKED)
    return learnt, tuple(found[::_CHECKED])


def _made(
    examples: Examples, settings: TrainingSettings, model: Path, lora: Path | None
) -> list[Pair]:
    reading = reader(model)
    head = fit(verdicts(reading, examples.train.judged), settings.seed)
    asked = asked_for(examples.train.asked, settings.premises, settings.seed)
    takes = [
        replace(item, seed=item.seed + take) for item in asked for take in range(settings.takes)
    ]
    texts = write(takes, str(model), lora)
    prompts = [prompt_text(item, reading.tokens, reading.window) for item in takes]
    scores = head.score(reading.features(list(zip(prompts, texts, strict=True)))).tolist()
    out = []
    for at in range(0, len(takes), settings.takes):
        group = [n for n in range(at, at + settings.takes) if texts[n]]
        group.sort(key=lambda n: scores[n])
        if group and texts[group[0]] != texts[group[-1]]:
            out.append(Pair(prompts[at], texts[group[-1]], texts[group[0]], story=f"asked {at}"))
    return out
