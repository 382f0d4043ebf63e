"""Picks that nobody had to make: fresh takes, ranked by a discriminator that the ratings taught.

A few hundred ratings say more about a taste than about how to write; a head on hidden states
learns the taste from them, and then ranks as many takes as the narrator can write.
"""

from dataclasses import replace
from pathlib import Path

from core.learning.discriminator import fit, reader, verdicts
from core.learning.examples import Examples, Pair, prompt_text
from core.learning.recipes import TrainingSettings
from core.learning.writing import asked_for, write_once

_CHECKED = 8  # every so many-th premise says when to stop


def pairs(
    examples: Examples, settings: TrainingSettings, model: Path, lora: Path | None, work: Path
) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The best and the worst of some takes of each premise: to learn, and to check."""
    reading = reader(model)
    head = fit(verdicts(reading, examples.train.judged), settings.seed)
    asked = asked_for(examples.train.asked, settings.premises, settings.seed)
    takes = [
        replace(item, seed=item.seed + take) for item in asked for take in range(settings.takes)
    ]
    texts = write_once(takes, str(model), lora, work / "takes.json")
    prompts = [prompt_text(item, reading.tokens, reading.window) for item in takes]
    scores = head.score(reading.features(list(zip(prompts, texts, strict=True)))).tolist()
    found = []
    for at in range(0, len(takes), settings.takes):
        group = [n for n in range(at, at + settings.takes) if texts[n]]
        group.sort(key=lambda n: scores[n])
        if group and texts[group[0]] != texts[group[-1]]:
            chosen, rejected = texts[group[-1]], texts[group[0]]
            found.append(Pair(prompts[at], chosen, rejected, story=f"asked {at}"))
    learnt = tuple(pair for at, pair in enumerate(found) if at % _CHECKED)
    return learnt, tuple(found[::_CHECKED])
