"""Which pages of memory hold which text: texts that begin alike have those pages in common.

Only numbers are kept here; what is computed lies in the runtime's memory under them.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE = 32  # tokens: what the processor's PagedAttention takes

Pairs = list[tuple[int, int]]  # pages to be copied, from and to


class Pool:
    """Pages of memory, each held by no text, by one, or by many."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.lock = threading.RLock()  # for whoever also copies what lies in them
        self._holders = [0] * count
        self._free = list(range(count))[::-1]  # the one that was used last is taken first

    def take(self) -> int:
        """One that nobody held; its taker does now. Raises MemoryError."""
        with self.lock:
            if not self._free:
                raise MemoryError(f"All {self.count} pages for texts are in use.")
            page = self._free.pop()
            self._holders[page] = 1
            return page

    def hold(self, pages: Iterable[int]) -> None:
        """Hold pages that somebody holds already."""
        with self.lock:
            for page in pages:
                self._holders[page] += 1

    def forget(self, pages: Iterable[int]) -> list[int]:
        """Hold pages no more; those that nobody holds now."""
        freed = []
        with self.lock:
            for page in pages:
                self._holders[page] -= 1
                if not self._holders[page]:
                    freed.append(page)
            self._free += freed
        return freed

    def shared(self, page: int) -> bool:
        """Whether more than one holds it."""
        return self._holders[page] > 1


class Pages:
    """The pages of some slots. Those of a pool may be held by slots of several threads."""

    def __init__(self, pool: Pool, slots: int, each: int) -> None:
        """`each`: pages that a slot may hold."""
        self._pool = pool
        self._tables = np.zeros((slots, each), np.int32)
        self._held = [0] * slots  # pages of each slot

    def of(self, slot: int, tokens: int) -> NDArray[Any]:
        """The pages of a slot's first tokens."""
        return self._tables[slot, : -(-tokens // PAGE)]

    def write(self, slot: int, start: int, end: int) -> Pairs:
        """See that a slot alone holds the pages of these of its tokens; what it is to copy first.

        Raises MemoryError.
        """
        pairs: Pairs = []
        table = self._tables[slot]
        for at in range(start // PAGE, -(-end // PAGE)):
            page = int(table[at])
            if at >= self._held[slot]:
                table[at] = self._pool.take()
                self._held[slot] = at + 1
            elif self._pool.shared(page):
                table[at] = fresh = self._pool.take()
                self._pool.forget([page])
                if at * PAGE < start:
                    pairs.append((page, fresh))
        return pairs

    def begin_with(self, slot: int, pages: Sequence[int] | NDArray[Any], tokens: int) -> Pairs:
        """Let a slot's text begin with the first tokens of other pages; what it is to copy.

        Whole pages are held together; one that the text will go on in is copied.
        """
        whole = [int(page) for page in pages[: tokens // PAGE]]
        self._pool.hold(whole)
        self.drop(slot)
        self._tables[slot, : len(whole)] = whole
        self._held[slot] = len(whole)
        if tokens % PAGE == 0:
            return []
        self._tables[slot, len(whole)] = fresh = self._pool.take()
        self._held[slot] += 1
        return [(int(pages[len(whole)]), fresh)]

    def keep(self, slot: int, tokens: int) -> tuple[int, ...]:
        """Hold the pages of a slot's first tokens, whatever becomes of the slot."""
        pages = tuple(map(int, self.of(slot, tokens)))
        self._pool.hold(pages)
        return pages

    def drop(self, slot: int) -> list[int]:
        """Leave a slot without pages; those that nobody holds now."""
        held, self._held[slot] = self._held[slot], 0
        return self._pool.forget(map(int, self._tables[slot, :held]))

    def swap(self, one: int, other: int) -> None:
        """Give two slots each other's text."""
        self._tables[[one, other]] = self._tables[[other, one]]
        self._held[one], self._held[other] = self._held[other], self._held[one]
