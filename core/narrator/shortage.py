"""When memory runs out while the model computes: however it is said, it is told from a fault."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_SAID = ("out of memory", "not enough memory", "bad_alloc", "failed to allocate")


class MemoryShortageError(Exception):
    """There was not enough memory for what was to be computed; less may fit."""


@contextmanager
def shortage_told() -> Iterator[None]:
    """Raise MemoryShortageError for what the runtimes raise when they lack memory.

    torch has an error of its own for a GPU; OpenVINO and torch's processor say it in the text of
    a RuntimeError; numpy and whatever else runs in Python raise MemoryError.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MemoryShortageError(str(error)) from error
    except RuntimeError as error:
        if any(words in str(error).lower() for words in _SAID):
            raise MemoryShortageError(str(error)) from error
        raise
