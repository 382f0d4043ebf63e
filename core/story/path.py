"""Paths, takes and children: what a story's tree is asked, over a volume held in memory."""

from core.story.model import Passage, Volume


def path(volume: Volume, head: int | None) -> tuple[Passage, ...]:
    """The passages from the opening to the head."""
    by_id = {passage.id: passage for passage in volume.passages}
    found: list[Passage] = []
    while head is not None:
        found.append(by_id[head])
        head = found[-1].parent
    return tuple(reversed(found))


def children(volume: Volume, parent: int | None) -> tuple[Passage, ...]:
    """The passages that follow one, oldest first; None: the openings."""
    return tuple(passage for passage in volume.passages if passage.parent == parent)


def takes(volume: Volume, passage: Passage) -> tuple[Passage, ...]:
    """The passages with the same parent, this one among them, oldest first."""
    return children(volume, passage.parent)
