"""The page of a run: the gate's verdict, what was measured, how training went, passages to read.

One HTML file with its pictures inside. Texts in it are the narrator's, escaped like anybody's.
"""

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: a run has no screen
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core.learning import meaning
from core.learning.plan import LearningSettings, Measure, Trained

_READ = 6  # passages shown of each
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3rem .6rem; text-align: left; }
tr:nth-child(even) { background: #f4f4f0; } td.n { text-align: right; } img { max-width: 100%; }
th { border-bottom: 1px solid #8a8a80; } small { color: #5c5c54; } .n { white-space: nowrap; }
.yes, .no { border-left: 6px solid #2e7d4f; background: #eef6f0; padding: .6rem 1rem; }
.no { border-color: #b3472e; background: #f9efec; } ul { margin: .3rem 0; }
.good { color: #2e7d4f; } .bad { color: #b3472e; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .two p { white-space: pre-line; }
"""
_OLD, _NEW, _BAD = "#8a8a80", "#1f6f8b", "#f3d9d2"
_FACTS = {  # how they are called on the page, and how they are written there
    "strength": ("share of the change that was kept", "{:.0%}"),
    "story loss": ("surprise at other stories, against before", "{:+.2%}"),
    "seconds": ("seconds of training", "{:.0f}"),
}
_LEGEND = (
    "Dashed: what is live (of a win rate: chance). Dot and line: the candidate, and where it is "
    "with 95 % certainty. Red: the gate says no where the dot is in it; of the win rate, where any "
    "part of the line is."
)
_BARE = {"open": "an opening without a premise", "continue": "the next passage of a story"}


def write(
    path: Path,
    found: Sequence[Measure],
    trained: Trained,
    told: Sequence[tuple[str, str, str]],
    settings: LearningSettings,
) -> Path:
    """Write the page; `told`: what was asked, and what the old and the new one wrote."""
    body = [
        f"<h1>The training run of {escape(trained.folder.name)}</h1>",
        meaning.verdict(found, settings),
        "<h2>What was measured</h2>",
        meaning.table(found, settings),
        _picture(_shaded(_measures(found), found, settings), "Beside what is live"),
        f"<p><small>{_LEGEND}</small></p>",
        *_curves(json.loads(str(trained.facts.get("curves", "{}")))),
        *_trials(json.loads(str(trained.facts.get("trials", "[]")))),
        "<h2>How it was trained</h2>",
        _facts(trained.facts),
        "<h2>Side by side</h2>",
        *(_beside(*row) for row in told[:_READ]),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A training run</title>'
        f"<style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"
    )
    unfinished = path.with_suffix(".writing")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(path)
    return path


def _facts(facts: Mapping[str, object]) -> str:
    lines = "".join(
        "<tr><td>{}<td>{}</tr>".format(*map(escape, _fact(name, value)))
        for name, value in facts.items()
        if name not in {"curves", "trials"}
    )
    return f"<table>{lines}</table>"


def _trials(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a search tried; worth: by how many nats a token liked texts gained on others."""
    if not found:
        return []
    names = [*found[0]["numbers"]]
    head = "".join(f"<th>{escape(name)}" for name in ("trial", *names, "worth", "seconds", ""))
    lines = "".join(
        f"<tr><td>{at}"
        + "".join(f"<td class=n>{each['numbers'][name]:.3g}" for name in names)
        + f"<td class=n>{'' if each['worth'] is None else format(each['worth'], '.4f')}"
        + f"<td class=n>{each['seconds']:.0f}<td>{escape(each['why'])}</tr>"
        for at, each in enumerate(found, 1)
    )
    return ["<h2>What the search tried</h2>", f"<table><tr>{head}</tr>{lines}</table>"]


def _measures(found: Sequence[Measure]) -> Figure:
    """Each measure on a scale of its own, since none has the units of another."""
    figure, all_axes = plt.subplots(
        len(found), 1, figsize=(9, 0.75 * len(found) + 0.4), squeeze=False
    )
    for axes, one in zip(all_axes[:, 0], found, strict=True):
        known = [value for value in (one.low, one.new, one.high, one.old) if value is not None]
        if all(map(math.isfinite, known)):
            axes.plot([one.low, one.high], [0, 0], color=_NEW, linewidth=3, solid_capstyle="butt")
        before = 0.5 if one.old is None else one.old
        axes.axvline(before, color=_OLD, linestyle="--")
        axes.plot([one.new], [0], "o", color=_NEW)
        axes.set_yticks([0], [one.name])
        axes.margins(x=0.3)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    return figure


def _shaded(figure: Figure, found: Sequence[Measure], settings: LearningSettings) -> Figure:
    """The same, coloured where the gate says no."""
    for axes, one in zip(figure.axes, found, strict=True):
        _forbid(axes, one, settings)
    return figure


def _forbid(axes: Axes, one: Measure, settings: LearningSettings) -> None:
    """Colour where the gate says no, as far as the scale goes."""
    edge, (low, high) = meaning.worst(one, settings), axes.get_xlim()
    if edge is not None:
        ends = (edge, high) if meaning.forbidden_above(one, settings) else (low, edge)
        axes.axvspan(min(*ends, high), max(*ends, low), color=_BAD, zorder=0, linewidth=0)
    axes.set_xlim(low, high)


def _curves(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """Every stage's loss by step; of adversarial rounds the discriminator's AUC and the rest."""
    out = []
    for stage, entries in curves.items():
        names = ("loss", "eval_loss", "auc", "distinct_2", "kl", "reward")
        lines = {
            name: [(entry["step"], entry[name]) for entry in entries if name in entry]
            for name in names
        }
        drawn = {name: points for name, points in lines.items() if points}
        if not drawn:
            continue
        figure, axes = plt.subplots(figsize=(9, 3.2))
        for name, points in drawn.items():
            axes.plot(*zip(*points, strict=True), marker=".", label=name.replace("_", " "))
        axes.set_xlabel("step")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        number, _, name = stage.partition("-")
        out.append(_picture(figure, f"How training went: stage {number}, {name}"))
    return out


def _picture(figure: Figure, title: str) -> str:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=110)
    plt.close(figure)
    data = base64.b64encode(held.getvalue()).decode()
    return f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/png;base64,{data}">'


def _fact(name: str, value: object) -> tuple[str, str]:
    called, written = _FACTS.get(name, (name, "{}"))
    return called, written.format(value)


def _beside(asked: str, old: str, new: str) -> str:
    asked = _BARE.get(asked, asked)
    return (
        f"<h3>{escape(asked)}</h3><div class=two><div><b>live</b><p>{escape(old)}</p></div>"
        f"<div><b>candidate</b><p>{escape(new)}</p></div></div>"
    )
