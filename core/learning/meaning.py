"""What the measures of a run mean, in words, beside what is allowed: the report's first table."""

import math
from collections.abc import Sequence
from html import escape

from core.learning import promotion
from core.learning.plan import Evaluation, LearningSettings, Measure
from core.learning.promotion import Limit, decide, limits

_WORDS = {
    promotion.WIN_RATE: "how often a judge, who knows only ratings that training did not see, "
    "prefers the candidate's passage to the live one's",
    promotion.LOSS: "how surprised it is by stories that it did not learn from, in nats a token",
    promotion.DISTINCT: "how many of its word pairs are new ones: the variety of its words",
    promotion.REPETITION: "three words in a row that come again in the same passage",
    promotion.COPIED: "eight words in a row that stand in a text it learned from",
    promotion.SAFE: "passages that the strictest screening lets pass",
    promotion.MOOD: "passages that have the mood they were asked for",
    promotion.REFINED: "how near a mended draft comes to the text it was made from",
    promotion.EDITED: "the share of words that a mended draft differs in from that text",
}


def verdict(found: Sequence[Measure], settings: LearningSettings) -> str:
    """What the gate makes of it all."""
    decision = decide(Evaluation(tuple(found)), settings)
    said = "The gate lets it go live" if decision.promote else "The gate does not let it go live"
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in decision.reasons)
    kind = "yes" if decision.promote else "no"
    return f"<div class={kind}><b>{said}.</b><ul>{reasons}</ul></div>"


def table(found: Sequence[Measure], settings: LearningSettings) -> str:
    """Every measure with its meaning, what is allowed, and whether that was kept."""
    head = "<tr><th>measure<th>live<th>candidate<th>95 % interval<th>allowed<th></tr>"
    return f"<table>{head}{''.join(_line(one, settings) for one in found)}</table>"


def worst(measure: Measure, settings: LearningSettings) -> float | None:
    """The value from which on the gate says no; None: it does not look at this one."""
    limit = limits(settings).get(measure.name)
    if measure.name == promotion.WIN_RATE:
        return settings.margin
    if limit is None or measure.old is None:
        return None
    room = limit.worst * (abs(measure.old) if limit.relative else 1.0)
    return measure.old - room if limit.higher_is_better else measure.old + room


def forbidden_above(measure: Measure, settings: LearningSettings) -> bool:
    """Whether it is above its worst value that a measure is bad."""
    limit = limits(settings).get(measure.name)
    return limit is not None and not limit.higher_is_better


def _line(one: Measure, settings: LearningSettings) -> str:
    words = _WORDS.get(one.name, "")
    old = "" if one.old is None else _number(one.old)
    allowed, kept = _allowed(one, settings)
    return (
        f"<tr><td>{escape(one.name)}<br><small>{escape(words)}</small><td class=n>{old}"
        f"<td class=n>{_number(one.new)}<td class=n>{_number(one.low)} to {_number(one.high)}"
        f"<td class=n>{allowed}<td>{kept}</tr>"
    )


def _allowed(one: Measure, settings: LearningSettings) -> tuple[str, str]:
    edge = worst(one, settings)
    if edge is None:
        return "", ""
    if one.name == promotion.WIN_RATE:
        return f"all of it above {_number(edge)}", _mark(kept=one.low > edge)
    limit: Limit = limits(settings)[one.name]
    side = "at least" if limit.higher_is_better else "at most"
    return f"{side} {_number(edge)}", _mark(kept=limit.fall(one) <= limit.worst)


def _mark(*, kept: bool) -> str:
    return "<b class=good>✓</b>" if kept else "<b class=bad>✗</b>"


def _number(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.3f}"
