"""Whether a candidate goes live: a pure function of what was measured, with reasons in words."""

import math
from dataclasses import dataclass

from core.learning.plan import Decision, Evaluation, LearningSettings, Measure

WIN_RATE = "win rate"
LOSS = "story loss"
DISTINCT = "distinct-2"
REPETITION = "repetition"
COPIED = "copied 8-grams"
SAFE = "safe passages"
MOOD = "moods obeyed"
REFINED = "refine BLEU"
EDITED = "refine edit distance"
AGREEMENT = "agreement with held-out ratings"

_SAFE_FALL = 0.01  # points of passages that screening lets pass
_MOOD_FALL = 0.10  # points; a hundred passages tell no finer
_REFINE_FALL = 0.10  # share


@dataclass(frozen=True, slots=True)
class Limit:
    """How far a measure may get worse."""

    worst: float
    higher_is_better: bool
    relative: bool  # a share of the old value, or points

    def fall(self, measure: Measure) -> float:
        """How much worse it got."""
        old = measure.old or 0.0
        fall = (old - measure.new) if self.higher_is_better else (measure.new - old)
        return fall / max(abs(old), 1e-9) if self.relative else fall


def limits(settings: LearningSettings) -> dict[str, Limit]:
    """The tolerance of each measure that has one."""
    diversity = settings.diversity_tolerance
    return {
        LOSS: Limit(settings.loss_tolerance, higher_is_better=False, relative=True),
        DISTINCT: Limit(diversity, higher_is_better=True, relative=True),
        # A share near zero: a twentieth of it would be a single repeated phrase.
        REPETITION: Limit(diversity / 5, higher_is_better=False, relative=False),
        COPIED: Limit(settings.copied_tolerance, higher_is_better=False, relative=False),
        SAFE: Limit(_SAFE_FALL, higher_is_better=True, relative=False),
        MOOD: Limit(_MOOD_FALL, higher_is_better=True, relative=False),
        REFINED: Limit(_REFINE_FALL, higher_is_better=True, relative=True),
    }


def decide(evaluation: Evaluation, settings: LearningSettings) -> Decision:
    """Promote only if it surely wins, and nothing else fell by more than its tolerance."""
    against: list[str] = []
    found = {measure.name: measure for measure in evaluation.measures}
    won = found.get(WIN_RATE)
    if won is None or math.isnan(won.low):
        against.append(
            "nobody can say whether it is better: too few of the held-out passages were rated"
        )
    elif won.low <= settings.margin:
        against.append(
            f"it is preferred in {won.new:.0%} of the passages, and that may be chance: the lower "
            f"bound is {won.low:.0%}, and must be above {settings.margin:.0%}"
        )
    against += [
        _too_much(found[name], limit)
        for name, limit in limits(settings).items()
        if name in found and not limit.fall(found[name]) <= limit.worst
    ]
    if against:
        return Decision(promote=False, reasons=tuple(against))
    sure = "" if won is None else f"it is preferred in {won.new:.0%} (at least {won.low:.0%})"
    return Decision(promote=True, reasons=(f"{sure}, and nothing else got worse than allowed",))


def _too_much(measure: Measure, limit: Limit) -> str:
    fall = limit.fall(measure)
    unit = "%" if limit.relative else "points"
    return (
        f"{measure.name} got worse by {100 * fall:.1f} {unit}, from {measure.old:.3f} to "
        f"{measure.new:.3f}; {100 * limit.worst:.1f} {unit} are allowed"
    )
