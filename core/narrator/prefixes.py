"""Keys and values of texts that were read before, kept within a budget of memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.narrator.loras import Lora

LEAST_TOKENS = 16  # tokens; fewer are read again in no time
KEPT_BYTES = 64 * 2**20  # for all of them


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text and what the model computed for it."""

    ids: tuple[int, ...]
    kept: Any  # keys and values, as the runtime lays them down
    lora: Lora | None = None  # that it was read with

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return int(self.kept.nbytes)


class Prefixes:
    """The newest text of each place; the one unused longest goes first when memory is full.

    Several threads may keep theirs here. What `longest` finds stays as long as `lock` is held.
    """

    def __init__(self, budget: int, forget: Callable[[Any], None]) -> None:
        """`budget`: bytes; `forget` is told what of a prefix that goes had been computed."""
        self.lock = threading.RLock()
        self._budget = budget
        self._forget = forget
        self._by_place: OrderedDict[str, Prefix] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes of memory in use."""
        with self.lock:
            return sum(prefix.size for prefix in self._by_place.values())

    def keep(self, place: str, prefix: Prefix) -> None:
        """Keep a place's newest text instead of its last one."""
        with self.lock:
            if len(prefix.ids) < LEAST_TOKENS:
                self._forget(prefix.kept)
                return
            if place in self._by_place:
                self._forget(self._by_place.pop(place).kept)
            self._by_place[place] = prefix
            while self.size > self._budget:
                self._let_go_of_one()

    def clear(self) -> None:
        """Keep nothing, for want of memory."""
        with self.lock:
            while self._by_place:
                self._let_go_of_one()

    def longest(self, ids: Sequence[int], lora: Lora | None = None) -> tuple[int, Any]:
        """How many of these tokens were read before, and what was computed for them."""
        best, found = 0, ""
        with self.lock:
            for place, prefix in self._by_place.items():
                shared = common(prefix.ids, ids) if prefix.lora is lora else 0
                if shared > best:
                    best, found = shared, place
            if best < LEAST_TOKENS:
                return 0, None
            self._by_place.move_to_end(found)
            return best, self._by_place[found].kept

    def _let_go_of_one(self) -> None:
        _, prefix = self._by_place.popitem(last=False)
        self._forget(prefix.kept)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """With how many equal tokens both begin."""
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)
