"""What makes little text go further: the recipe beside itself with one thing changed.

    python -m tests.benchmarks.bench_pretrain --corpus DIR [--tokens N] [--only NAME ...]

Every variant reads the same number of tokens from the same packs with the same seed, so that how
busy the machine is changes its speed alone. Prints bits per character on unseen stories, as a table
with the recipe as it is on top, and writes results/pretrain.json and pretrain.md after each
variant; those that are in it already, with the same budget, are not run again, so that two of these
may run beside each other (`--part 0/2` and `--part 1/2`).
"""

import argparse
import json
import lzma
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console

from core.learning import stream
from core.learning.corpus import MIXTURE, Pack
from core.learning.pretrain import PretrainSettings, pretrain
from core.learning.validation import validation_bits

RESULTS = Path(__file__).parent / "results" / "pretrain.json"
_SHARED = Path(os.environ.get("TALETURN_SHARED", Path(__file__).parents[2].parent / "shared"))
_STORIES = 100  # of each pack's valid part
_PACKS = ("en_tinystories", "en_ccby")
_FEW = 64  # one row of so many, where little text is told often
RECIPE = "the recipe"
OFTEN = "a 64th of the text, the more often"


@dataclass(frozen=True, slots=True)
class Variant:
    """The recipe with one thing changed."""

    settings: PretrainSettings
    mixture: tuple[Pack, ...] = MIXTURE
    renamed: float = stream.RENAMED  # of the tales that were told before
    few: bool = False  # tells a few rows often
    beside: str = RECIPE  # the variant it is compared with


@dataclass(frozen=True, slots=True)
class Measured:
    """A variant's model on unseen stories."""

    name: str
    tokens: int
    millions: float  # of parameters
    bits: dict[str, float]  # a character, by pack
    tokens_a_second: float

    @property
    def mean(self) -> float:
        """Bits a character, the mean of the packs that are looked at."""
        return sum(self.bits[pack] for pack in _PACKS) / len(_PACKS)


def variants(recipe: PretrainSettings) -> dict[str, Variant]:
    """The recipe, and what was thought of in its place."""
    level = tuple(
        replace(pack, early=(pack.early + pack.late) / 2, late=(pack.early + pack.late) / 2)
        for pack in MIXTURE
    )
    changed: dict[str, dict[str, object]] = {
        RECIPE: {},
        "AdamW alone": {"muon_rate": 0.0},
        "vocabulary 8192": {"vocabulary": 8192},
        "deeper: 10 layers of 192": {"layers": 10, "width": 192, "heads": 6},
        "wider: 3 layers of 352": {"layers": 3, "width": 352, "heads": 11},
        "embeddings not tied": {"tied": False},
        "window 256": {"window": 256, "rows": 2 * recipe.rows},
        "window 1024": {"window": 1024, "rows": recipe.rows // 2},
        "Muon at half the rate": {"muon_rate": recipe.muon_rate / 2},
        "Muon at twice the rate": {"muon_rate": recipe.muon_rate * 2},
        "larger steps (4 micro-batches)": {"accumulate": 4},
        "falling rate from the start": {"flat_until": recipe.warm_up},
        "dropout 0.1": {"dropout": 0.1},
        "vocabulary 2048": {"vocabulary": 2048},
    }
    found = {
        name: Variant(replace(recipe, **settings))  # type: ignore[arg-type] # each is a setting's
        for name, settings in changed.items()
    }
    dropped = replace(recipe, dropout=0.1)
    return found | {
        "no curriculum: all packs alike throughout": Variant(recipe, mixture=level),
        OFTEN: Variant(recipe, few=True),
        "the same, names never swapped": Variant(recipe, few=True, renamed=0.0, beside=OFTEN),
        "the same, dropout 0.1": Variant(dropped, few=True, beside=OFTEN),
    }


def measure(name: str, variant: Variant) -> Measured:
    """Train the variant and read unseen stories with it."""
    settings = variant.settings
    with _told(variant) as corpus:
        run = pretrain(replace(settings, corpus=corpus), console=Console(quiet=True))
    bits = validation_bits(run.model, run.tokenizer, settings.corpus, _STORIES)
    return Measured(
        name=name,
        tokens=settings.tokens,
        millions=sum(weight.numel() for weight in run.learning.values()) / 1e6,
        bits=bits,
        tokens_a_second=run.progress.tokens / max(1e-9, run.progress.elapsed),
    )


@contextmanager
def _set(**constants: object) -> Iterator[None]:
    """Other constants of the stream, for a while."""
    before = {name: getattr(stream, name) for name in constants}
    try:
        for name, value in constants.items():
            setattr(stream, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(stream, name, value)


@contextmanager
def _told(variant: Variant) -> Iterator[Path]:
    """What it learns from, as it is told."""
    with _set(MIXTURE=variant.mixture, RENAMED=variant.renamed), TemporaryDirectory() as folder:
        if not variant.few:
            yield variant.settings.corpus
            return
        for path in variant.settings.corpus.glob("*.train.jsonl.xz"):
            with lzma.open(path, "rt", encoding="utf-8") as lines:
                few = list(lines)[::_FEW]
            with lzma.open(Path(folder) / path.name, "wt", encoding="utf-8") as kept:
                kept.writelines(few)
        for path in variant.settings.corpus.glob("*.valid.jsonl.xz"):
            (Path(folder) / path.name).symlink_to(path)
        yield Path(folder)


def table(measured: list[Measured], all_variants: dict[str, Variant]) -> str:
    """Each variant, and how far it is from what it is a variant of."""
    by_name = {each.name: each for each in measured}
    lines = [
        f"Bits a character after {measured[0].tokens:,} tokens; lower is better.\n",
        f"| variant | M parameters | {' | '.join(_PACKS)} | beside what it varies | tokens/s |",
        "| --- " * (4 + len(_PACKS)) + "|",
    ]
    for name in (name for name in all_variants if name in by_name):
        each, other = by_name[name], by_name.get(all_variants[name].beside)
        beside = f"{each.mean / other.mean - 1:+.1%}" if other and other is not each else ""
        bits = " | ".join(f"{each.bits[pack]:.3f}" for pack in _PACKS)
        speed = f"{each.tokens_a_second:.0f}"
        lines.append(f"| {name} | {each.millions:.1f} | {bits} | {beside} | {speed} |")
    return "\n".join(lines) + "\n"


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
    parser.add_argument("--part", default="0/1", help="which part of how many: 0/2, 1/2")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    part, parts = map(int, asked.part.split("/"))
    with TemporaryDirectory() as folder:
        recipe = PretrainSettings(
            corpus=asked.corpus, out=Path(folder), tokens=asked.tokens, validate_minutes=1e6
        )
        known = variants(recipe)
        for number, (name, variant) in enumerate(known.items()):
            if (asked.only and name not in asked.only) or number % parts != part:
                continue
            if any(each.name == name for each in _known(asked.tokens)):
                continue
            print(f"{name} ...", flush=True)
            settings = replace(variant.settings, out=Path(folder) / str(number))
            found = measure(name, replace(variant, settings=settings))
            measured = [*_known(asked.tokens), found]
            rows = json.dumps([asdict(each) for each in measured], indent=2)
            RESULTS.write_text(rows + "\n", encoding="utf-8")
            RESULTS.with_suffix(".md").write_text(table(measured, known), encoding="utf-8")
    print(table(_known(asked.tokens), known))


if __name__ == "__main__":
    main()
