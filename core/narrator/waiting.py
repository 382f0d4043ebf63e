"""Those who wait for the narrator, in an order that is fair between places."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Each place in turn gets one of its own taken, however many another place put in."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, place: str, waiter: T) -> None:
        """Let it wait behind the others of its place."""
        self._places.setdefault(place, deque()).append(waiter)
        self._count += 1

    def take(self) -> T | None:
        """The next one, of the place whose turn it is; None when nobody waits."""
        if not self._places:
            return None
        place, waiters = self._places.popitem(last=False)
        waiter = waiters.popleft()
        self._count -= 1
        if waiters:
            self._places[place] = waiters
        return waiter
