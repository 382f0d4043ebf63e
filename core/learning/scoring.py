"""Scoring: what the discriminator of a LoRA says of passages while chats go on.

It reads with the plain model, as in training, whatever LoRA the narrator writes with. Model and
heads are loaded when they are first asked for; torch is imported then.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LearningError
from core.narrator.narrator import Assignment

if TYPE_CHECKING:
    from core.learning.discriminator import Head, Reader

_log = logging.getLogger(__name__)
_MOST = 64  # heads kept in memory


class Scorer:
    """A model that only reads, with the heads of some LoRAs. Its methods block."""

    def __init__(self, base: Path) -> None:
        """`base`: the folder of the model that the heads were trained on."""
        self._base = base
        self._reader: Reader | None = None
        self._heads: dict[Path, Head | None] = {}
        self._one = threading.Lock()

    def odds(self, head: Path, assignment: Assignment, texts: Sequence[str]) -> list[float] | None:
        """The log-odds that each text is liked as the passage asked for, by the head of a file.

        None where the file holds no head for this model; that is logged once.
        """
        from core.learning.discriminator import reader  # noqa: PLC0415  # torch, which is slow
        from core.learning.examples import prompt_text  # noqa: PLC0415  # the same

        with self._one:
            reading = self._reader = self._reader or reader(self._base)
            scoring = self._head(head, reading)
            if scoring is None:
                return None
            prompt = prompt_text(assignment, reading.tokens, reading.window)
            features = reading.features([(prompt, text) for text in texts])
            found: list[float] = scoring.score(features).tolist()
            return found

    def _head(self, path: Path, reading: "Reader") -> "Head | None":
        from core.learning.discriminator import read_head  # noqa: PLC0415  # as above

        if path not in self._heads:
            while len(self._heads) >= _MOST:
                self._heads.pop(next(iter(self._heads)))
            try:
                self._heads[path] = read_head(path, width=reading.width)
            except LearningError as error:
                _log.error("takes are not chosen and ratings not asked for: %s", error)
                self._heads[path] = None
        return self._heads[path]
