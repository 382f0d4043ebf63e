"""Two hundred gates without training: how often one opens, by how much better a candidate is.

    python -m tests.benchmarks.learning_gates [--gates 200] [--tastes SHORT,CHEERFUL]

The model as it is writes passages with many seeds. Each gate draws its judge's ratings among them,
and other passages as those of the live LoRA and of the candidate. Drawn blindly, the candidate is
the live one; turned so that the taste prefers it in 70 % of the premises, it is better by that. The
run's own `win_rate` and `decide` do the rest; its other measures could only keep a gate shut, so
that what is printed is the most that would open. Writes tests/benchmarks/results/gates.json.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from core.learning.discriminator import Verdicts, reader
from core.learning.evaluation import win_rate
from core.learning.examples import prompt_text
from core.learning.plan import Evaluation, LearningSettings
from core.learning.promotion import decide
from core.narrator.storyteller import model_folder
from tests.benchmarks.bench_learning import told
from tests.benchmarks.raters import Taste, liking

_RESULTS = Path(__file__).parent / "results"
_SEEDS = (1, 2, 3)  # groups whose passages are drawn from, 300 each
_RATINGS = 90  # a judge's, of 300
_PREFERRED = (0.5, 0.6, 0.65, 0.708, 0.75)
_SETTINGS = LearningSettings()
_PASSAGES = _SETTINGS.passages


@dataclass(frozen=True, slots=True)
class Pool:
    """Passages of the model as it is: (passages, features), and how much a taste likes each."""

    features: Tensor
    liked: Tensor


def main() -> None:
    """Simulate the gates and print how many opened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=200)
    parser.add_argument("--tastes", default=",".join(taste.name for taste in Taste))
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    features, texts = _written()
    found: dict[str, dict[str, float]] = {}
    for taste in (Taste[name] for name in options.tastes.split(",")):
        pool = Pool(features, torch.tensor([liking(taste, text) for text in texts]))
        found[taste.value] = {}
        for share in _PREFERRED:
            found[taste.value][f"{share:.1%}"] = _opened(pool, share, options.gates)
            _keep(found, options.gates, time.monotonic() - began)
            print(taste.value, f"{share:.1%}", found[taste.value][f"{share:.1%}"], flush=True)


def _keep(found: dict[str, dict[str, float]], gates: int, seconds: float) -> None:
    kept = {
        "gates": gates,
        "ratings": _RATINGS,
        "passages": _PASSAGES,
        "promoted, by how often the taste prefers the candidate": found,
        "seconds": round(seconds, 1),
    }
    (_RESULTS / "gates.json").write_text(json.dumps(kept, indent=2) + "\n")


def _written() -> tuple[Tensor, list[str]]:
    reading = reader(model_folder("starter"))
    rows = []
    for seed in _SEEDS:
        takes, texts = told(seed)
        prompts = [prompt_text(item, reading.tokens, reading.window) for item in takes]
        rows += list(zip(prompts, texts, strict=True))
    return reading.features(rows), [text for _, text in rows]


def _opened(pool: Pool, preferred: float, gates: int) -> float:
    """The share of gates that let the candidate through."""
    opened = 0
    for gate in range(gates):
        rng = torch.Generator().manual_seed(gate)
        order = torch.randperm(len(pool.liked), generator=rng)
        rated, rest = order[:_RATINGS], order[_RATINGS : _RATINGS + 2 * _PASSAGES]
        old, new = _turned(pool, rest.view(2, _PASSAGES), preferred, rng)
        usual = median(pool.liked.tolist())
        judge = Verdicts(
            pool.features[rated],
            (pool.liked[rated] > usual).float(),
            torch.ones(_RATINGS),
            tuple(map(str, rated.tolist())),
        )
        won = win_rate(judge, pool.features[old], pool.features[new], gate)
        opened += decide(Evaluation((won,)), _SETTINGS).promote
    return opened / gates


def _turned(
    pool: Pool, pairs: Tensor, preferred: float, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Passages of old and new, of which the taste prefers the new one so often."""
    if preferred == 0.5:
        return pairs[0], pairs[1]
    first, second = pairs
    better = torch.where(pool.liked[first] > pool.liked[second], first, second)
    worse = first + second - better
    chosen = torch.rand(len(better), generator=rng) < preferred
    return torch.where(chosen, worse, better), torch.where(chosen, better, worse)


if __name__ == "__main__":
    main()
