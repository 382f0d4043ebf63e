"""The picture of the narrator's benchmark."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

_COLOURS = ("#2f6f8f", "#b9b9b9", "#d9a441", "#8a6fb0")


def draw_chart(
    measured: Mapping[str, Mapping[int, Sequence[float]]], path: Path, unit: str
) -> None:
    """Bars for everyone at each number of chats, in times the unit's speed with one chat."""
    one = statistics.median(next(iter(measured[unit].values())))
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(measured)
    for number, (name, counts) in enumerate(measured.items()):
        heights = [statistics.median(each) / one for each in counts.values()]
        places = [at + (number - (len(measured) - 1) / 2) * width for at in range(len(heights))]
        bars = axes.bar(places, heights, width * 0.94, label=name, color=_COLOURS[number % 4])
        axes.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
    counts = next(iter(measured.values()))
    axes.set_xticks(
        range(len(counts)), [f"{each} chats" if each > 1 else "1 chat" for each in counts]
    )
    axes.set_ylabel("new tokens a second, in times\ngenerate with one chat")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.12)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
