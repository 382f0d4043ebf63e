"""What makes little text go further: the recipe beside itself with one thing changed.

    python -m tests.benchmarks.bench_pretrain --corpus DIR [--tokens N] [--only NAME ...]

Every variant reads the same number of tokens from the same packs with the same seed, so that how
busy the machine is changes its speed alone. Prints bits per character on unseen stories, as a table
with the recipe as it is on top, and writes results/pretrain.json after each variant; those that are
in it already, with the same budget, are not run again.
"""

import argparse
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console
from rich.table import Table

from core.learning.pretrain import PretrainSettings, pretrain
from core.learning.validation import validation_bits

RESULTS = Path(__file__).parent / "results" / "pretrain.json"
_SHARED = Path(os.environ.get("TALETURN_SHARED", Path(__file__).parents[2].parent / "shared"))
_STORIES = 100  # of each pack's valid part
_PACKS = ("en_tinystories", "en_ccby")
RECIPE = "the recipe"


@dataclass(frozen=True, slots=True)
class Measured:
    """A variant's model on unseen stories."""

    name: str
    tokens: int
    millions: float  # of parameters
    bits: dict[str, float]  # a character, by pack
    tokens_a_second: float


def variants(recipe: PretrainSettings) -> dict[str, PretrainSettings]:
    """The recipe, and what was thought of in its place."""
    return {
        RECIPE: recipe,
        "AdamW alone": replace(recipe, muon_rate=0.0),
        "Muon at half the rate": replace(recipe, muon_rate=recipe.muon_rate / 2),
        "Muon at twice the rate": replace(recipe, muon_rate=recipe.muon_rate * 2),
        "larger steps (4 micro-batches)": replace(recipe, accumulate=4),
        "vocabulary 8192": replace(recipe, vocabulary=8192),
        "vocabulary 2048": replace(recipe, vocabulary=2048),
        "deeper: 10 layers of 192": replace(recipe, layers=10, width=192, heads=6),
        "wider: 3 layers of 352": replace(recipe, layers=3, width=352, heads=11),
        "window 256": replace(recipe, window=256, rows=2 * recipe.rows),
        "window 1024": replace(recipe, window=1024, rows=recipe.rows // 2),
        "dropout 0.1": replace(recipe, dropout=0.1),
        "falling rate from the start": replace(recipe, flat_until=recipe.warm_up),
    }


def measure(name: str, settings: PretrainSettings) -> Measured:
    """Train the variant and read unseen stories with it."""
    run = pretrain(settings, console=Console(quiet=True))
    bits = validation_bits(run.model, run.tokenizer, settings.corpus, _STORIES)
    return Measured(
        name=name,
        tokens=settings.tokens,
        millions=sum(weight.numel() for weight in run.learning.values()) / 1e6,
        bits=bits,
        tokens_a_second=run.progress.tokens / max(1e-9, run.progress.elapsed),
    )


def table(measured: list[Measured]) -> Table:
    """Each variant, and how far it is from the recipe."""
    shown = Table("variant", "M parameters", *_PACKS, "beside the recipe", "tokens/s")
    recipe = next((each for each in measured if each.name == RECIPE), None)
    for each in measured:
        beside = _mean(each) / _mean(recipe) - 1 if recipe else 0.0
        shown.add_row(
            each.name,
            f"{each.millions:.1f}",
            *(f"{each.bits[pack]:.3f}" for pack in _PACKS),
            f"{beside:+.1%}",
            f"{each.tokens_a_second:.0f}",
        )
    return shown


def _mean(measured: Measured) -> float:
    return sum(measured.bits[pack] for pack in _PACKS) / len(_PACKS)


def _known(tokens: int) -> list[Measured]:
    if not RESULTS.exists():
        return []
    kept = [Measured(**row) for row in json.loads(RESULTS.read_text(encoding="utf-8"))]
    return [each for each in kept if each.tokens == tokens]


def main() -> None:
    """Run what was not run yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=_SHARED / "corpus")
    parser.add_argument("--tokens", type=int, default=600_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    console, measured = Console(), _known(asked.tokens)
    with TemporaryDirectory() as folder:
        recipe = PretrainSettings(
            corpus=asked.corpus, out=Path(folder), tokens=asked.tokens, validate_minutes=1e6
        )
        for number, (name, settings) in enumerate(variants(recipe).items()):
            done = any(each.name == name for each in measured)
            if done or (asked.only and name not in asked.only):
                continue
            console.print(f"{name} ...")
            measured.append(measure(name, replace(settings, out=Path(folder) / str(number))))
            rows = json.dumps([asdict(each) for each in measured], indent=2)
            RESULTS.write_text(rows + "\n", encoding="utf-8")
    console.print(table(measured))


if __name__ == "__main__":
    main()
