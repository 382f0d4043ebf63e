"""The page of a run: what was measured, how training went, and passages to read beside each other.

One HTML file with its pictures inside. Texts in it are the narrator's, escaped like anybody's.
"""

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: a run has no screen
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from core.learning.plan import Measure, Trained

_READ = 6  # passages shown of each
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3rem .6rem; text-align: left; }
tr:nth-child(even) { background: #f4f4f0; } td.n { text-align: right; } img { max-width: 100%; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .two p { white-space: pre-line; }
"""
_OLD, _NEW = "#8a8a80", "#1f6f8b"


def write(
    path: Path, found: Sequence[Measure], trained: Trained, told: Sequence[tuple[str, str, str]]
) -> Path:
    """Write the page; `told`: what was asked, and what the old and the new one wrote."""
    body = [
        "<h1>A training run</h1>",
        _table(found),
        _picture(_measures(found), "What was measured, old and new, with 95 % intervals"),
        *_curves(json.loads(str(trained.facts.get("curves", "{}")))),
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


def _table(found: Sequence[Measure]) -> str:
    head = "<tr><th>measure<th>live<th>candidate<th>95 % interval</tr>"
    lines = "".join(
        f"<tr><td>{escape(one.name)}<td class=n>{'' if one.old is None else f'{one.old:.3f}'}"
        f"<td class=n>{one.new:.3f}<td class=n>{one.low:.3f} to {one.high:.3f}</tr>"
        for one in found
    )
    return f"<table>{head}{lines}</table>"


def _facts(facts: Mapping[str, object]) -> str:
    lines = "".join(
        f"<tr><td>{escape(name)}<td>{escape(str(value))}</tr>"
        for name, value in facts.items()
        if name != "curves"
    )
    return f"<table>{lines}</table>"


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
        out.append(_picture(figure, f"Stage {stage}"))
    return out


def _picture(figure: Figure, title: str) -> str:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=110)
    plt.close(figure)
    data = base64.b64encode(held.getvalue()).decode()
    return f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/png;base64,{data}">'


def _beside(asked: str, old: str, new: str) -> str:
    return (
        f"<h3>{escape(asked)}</h3><div class=two><div><b>live</b><p>{escape(old)}</p></div>"
        f"<div><b>candidate</b><p>{escape(new)}</p></div></div>"
    )
