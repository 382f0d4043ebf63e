"""What a runtime reads at once of one text."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.narrator.loras import Lora


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens of a slot's text, which has `start` of them already."""

    slot: int
    ids: Sequence[int]
    start: int
    lora: Lora | None = None
    asks: bool = False  # for the logits after its last token

    @property
    def end(self) -> int:
        """How many tokens of its text the slot holds when they are read."""
        return self.start + len(self.ids)
