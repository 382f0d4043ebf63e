"""How fast the narrator writes, beside its goals and its peers: the same model, the same machine.

    python -m tests.benchmarks.bench_narrator [--rounds N] [--large] [--many N]

Prompts of 200 tokens, 80 new ones, no end in between. Each round measures everyone, one after the
other in an order of its own and with a pause between; medians and ratios are printed and written to
tests/benchmarks/results/narrator.json, with a picture beside it. `--large` adds a GPT-2 of 124 M
random numbers, `--many` the memory over so many requests. Peers get virtual environments of their
own; one that cannot be had is left out, and why.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import torch

from tests.benchmarks.machine import circumstances
from tests.benchmarks.narrator_chart import draw_chart
from tests.benchmarks.narrator_engines import Generate, Ours, prompts
from tests.benchmarks.narrator_models import random_gpt2, spelled
from tests.benchmarks.narrator_peers import PEERS, Peer, PeerMissingError
from tests.benchmarks.narrator_rows import (
    Row,
    alike,
    arrivals,
    memory,
    mixed_loras,
    retried,
    swapped,
)

STARTER = Path(__file__).parents[2] / "core" / "narrator" / "starter"
RESULTS = Path(__file__).parent / "results"
CHATS = (1, 8, 32)
GOALS = {1: 5.0, 8: 12.0, 32: 16.0}
_PAUSE = 0.5  # seconds
OURS, GENERATE = "Taleturn", "transformers generate"
Speeds = dict[str, dict[int, list[float]]]


def engines(
    folder: Path, threads: int, stack: ExitStack
) -> tuple[dict[str, Ours | Generate | Peer], dict[str, str]]:
    """Everyone who can be had, and why others cannot."""
    ours = Ours(folder, threads=threads)
    stack.callback(ours.close)
    found: dict[str, Ours | Generate | Peer] = {OURS: ours, GENERATE: Generate(folder)}
    missing = {}
    for name in PEERS:
        try:
            found[name] = stack.enter_context(Peer(name, folder, threads))
        except PeerMissingError as error:
            missing[name] = str(error)
    return found, missing


def speeds(
    all_: dict[str, Ours | Generate | Peer],
    asked: dict[int, list[tuple[int, ...]]],
    rounds: int,
) -> Speeds:
    """New tokens a second of everyone, round by round, after one that does not count.

    Each time in another order, and after a pause: the threads of the one before wait for a fifth
    of a second for more to do, and who comes next would have to share the processors with them.
    """
    for each in all_.values():
        if isinstance(each, Ours):
            each.settle()  # or it would make ready what comes seldom while the others are measured
    found: Speeds = {name: {count: [] for count in asked} for name in all_}
    chance = random.Random(1)
    for number in range(rounds + 1):
        for count, texts in asked.items():
            for name in chance.sample(list(all_), len(all_)):
                time.sleep(_PAUSE)
                measured = all_[name].speed(texts)
                if number:
                    found[name][count].append(measured)
    return found


def compared(measured: Speeds, goals: dict[int, float]) -> tuple[list[Row], dict[str, float]]:
    """Ours beside the goals and the best peer; every median, for the file."""
    medians = {
        name: {count: statistics.median(each) for count, each in counts.items()}
        for name, counts in measured.items()
    }
    first = min(next(iter(medians.values())))
    one = medians[GENERATE][first]
    rows, found = [], {}
    for count in medians[OURS]:
        mine = medians[OURS][count]
        if count in goals:
            rows.append(Row(f"{count} chats, times generate", goals[count], mine / one, "least"))
        peers = {name: each[count] for name, each in medians.items() if name != OURS}
        best = max(peers, key=lambda name: peers[name])
        rows.append(Row(f"{count} chats, times {best}", 1.0, mine / peers[best], "least"))
    for name, counts in medians.items():
        for count, value in counts.items():
            found[f"tokens/s, {name}, {count} chats"] = value
            found[f"times generate, {name}, {count} chats"] = value / one
    return rows, found


def bits(all_: dict[str, Ours | Generate | Peer], ids: tuple[int, ...], characters: int) -> Row:
    """What a text takes of everyone, in bits per character; all must compute the same model."""
    taken = {name: each.nats(ids) / characters / 0.6931 for name, each in all_.items()}
    for name, value in taken.items():
        print(f"  {name:<24} {value:8.4f} bits per character")
    lost = taken[OURS] / taken[GENERATE] - 1
    return Row("bits per character lost by int8, %", 0.5, 100 * lost, "most")


def starter(rounds: int, threads: int) -> tuple[list[Row], dict[str, float], Speeds]:
    """The bundled model against everyone."""
    with ExitStack() as stack:
        all_, missing = engines(STARTER, threads, stack)
        for name, why in missing.items():
            print(f"  without {name}: {why}")
        ours = all_[OURS]
        assert isinstance(ours, Ours)
        asked = {count: prompts(ours.tokens, count) for count in CHATS}
        measured = speeds(all_, asked, rounds)
        rows, found = compared(measured, GOALS)
        text = spelled(STARTER)
        rows.append(bits(all_, ours.tokens.encode(text)[:500], len(text)))
    return rows, found, measured


def large(rounds: int, threads: int) -> tuple[list[Row], dict[str, float]]:
    """124 M random numbers, eight chats."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = random_gpt2(Path(made), STARTER, layers=12, width=768, vocabulary=50_257)
        all_, _ = engines(folder, threads, stack)
        ours = all_[OURS]
        assert isinstance(ours, Ours)
        asked = {8: prompts(ours.tokens, 8)}
        rows, found = compared(speeds(all_, asked, rounds), {})
    return (
        [Row(f"124 M, {row.name}", row.goal, row.measured, row.kind) for row in rows],
        {f"124 M, {name}": value for name, value in found.items()},
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--many", type=int, default=0)
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    torch.set_num_threads(threads)
    rows, found, measured = starter(options.rounds, threads)
    with tempfile.TemporaryDirectory() as made:
        twelve = random_gpt2(Path(made), STARTER, layers=8, width=320, vocabulary=8192)
        rows += [*arrivals(twelve), *retried(twelve)]
    rows += [*mixed_loras(STARTER, options.rounds), *swapped(STARTER)]
    for precision in ("int8", "fp32"):
        found[f"takes alike alone and among 32, {precision}"] = alike(STARTER, precision)
    if options.large:
        more, figures = large(max(2, options.rounds // 2), threads)
        rows, found = rows + more, found | figures
    if options.many:
        rows += memory(STARTER, options.many)
    write(rows, found)
    draw_chart(measured, RESULTS / "narrator.png", GENERATE)


def write(rows: list[Row], found: dict[str, float]) -> None:
    """The table, for people and for programs."""
    RESULTS.mkdir(exist_ok=True)
    whole = {
        **circumstances(),
        "rows": [row.as_json() for row in rows],
        "all": found,
    }
    (RESULTS / "narrator.json").write_text(json.dumps(whole, indent=2) + "\n")
    for name, value in found.items():
        print(f"  {name:<52} {value:10.4g}")
    print(f"\n  {'':<52} {'goal':>10} {'measured':>10}")
    for row in rows:
        print(f"  {row.name:<52} {row.said_goal:>10} {row.measured:>10.3g}  {row.verdict}")


if __name__ == "__main__":
    main()
