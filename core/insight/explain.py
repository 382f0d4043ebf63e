"""Explain a passage from what is known of it: recap, lore that fired, provenance, what fell out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.narrator.narrator import Fit
from core.story.lore import fired
from core.story.model import Lore, Passage, Provenance

_LORE_LOOKS_BACK = 3  # passages


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a passage rests on; every sentence in it is the story's own."""

    recap: str  # the story before the passage, in at most three of its sentences
    lore: tuple[Lore, ...]  # that was called up for it
    always: tuple[Lore, ...]
    provenance: Provenance | None
    lore_left_out: tuple[str, ...]  # for want of room
    left_out: int  # passages before it that the narrator no longer saw
    used: int  # tokens of the prompt
    window: int  # tokens the model can see


def lore_for(lore: Iterable[Lore], path: Sequence[str], wish: str = "") -> tuple[Lore, ...]:
    """Return the entries that the newest passages, or what was asked, call up."""
    return fired(lore, [*path[-_LORE_LOOKS_BACK:], wish])


def explain(
    passage: Passage, before: Sequence[Passage], lore: Sequence[Lore], premise: str, fit: Fit
) -> Explanation:
    """Explain a passage by the passages before it and by what of them the narrator saw."""
    texts = [p.text for p in before] or [premise]
    return Explanation(
        recap=before[-1].recap if before else "",
        lore=lore_for(lore, texts),
        always=tuple(entry for entry in lore if entry.always),
        provenance=passage.provenance,
        lore_left_out=fit.lore_left_out,
        left_out=fit.left_out,
        used=fit.used,
        window=fit.window,
    )
