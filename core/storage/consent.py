"""What people and places allow to be learned from; whoever allows less spoils what used it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update

from core.storage.learning_tables import (
    consents,
    dataset_authors,
    dataset_places,
    datasets,
    loras,
    place_consents,
)
from core.storage.ledger import Ledger, on_both


class Consent(StrEnum):
    """What may be learned from a person: each level allows all before it."""

    NOTHING = "nothing"
    NARRATOR = "narrator"  # what the narrator wrote for them, and their ratings: the default
    OWN = "own"  # what they wrote themselves as well


LEVELS = tuple(Consent)


_KEEP_CONSENT = on_both(
    consents,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["author"],
        set_={"level": insert.excluded.level, "changed": insert.excluded.changed},
    ),
)
_KEEP_PLACE = on_both(
    place_consents,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["place"],
        set_={"learn": insert.excluded.learn, "changed": insert.excluded.changed},
    ),
)


class Consents(Ledger):
    """The part of a transaction that knows what may be used, and forgets people."""

    def consent(self, author_id: int) -> Consent:
        """What a person allows."""
        found = self._db.scalar(select(consents.c.level).where(consents.c.author == author_id))
        return Consent(found) if found else Consent.NARRATOR

    def set_consent(self, author_id: int, level: Consent, *, now: datetime) -> None:
        """Keep what a person allows; allowing less makes what used them stale."""
        if LEVELS.index(level) < LEVELS.index(self.consent(author_id)):
            self._spoil(using_author(author_id))
        self._write(_KEEP_CONSENT, {"author": author_id, "level": level, "changed": now})

    def place_learns(self, place_id: int) -> bool:
        """Whether the stories told in a place may be learned from."""
        found = self._db.scalar(
            select(place_consents.c.learn).where(place_consents.c.place == place_id)
        )
        return True if found is None else bool(found)

    def set_place_learns(self, place_id: int, *, learn: bool, now: datetime) -> None:
        """Keep whether a place's stories may be learned from; a no makes what used them stale."""
        if not learn:
            used = select(dataset_places.c.dataset).where(dataset_places.c.place == place_id)
            self._spoil(used)
        self._write(_KEEP_PLACE, {"place": place_id, "learn": learn, "changed": now})

    def _spoil(self, used: Any) -> int:
        """Mark datasets for rebuilding, and the LoRAs trained on them or begun with such a LoRA."""
        found = list(self._db.scalars(used))
        self._db.execute(update(datasets).where(datasets.c.id.in_(found)).values(stale=True))
        spoilt = select(loras.c.id).where(loras.c.dataset.in_(found)).cte("spoilt", recursive=True)
        spoilt = spoilt.union(select(loras.c.id).join(spoilt, loras.c.parent == spoilt.c.id))
        ids = list(self._db.scalars(select(spoilt.c.id)))
        self._db.execute(update(loras).where(loras.c.id.in_(ids)).values(stale=True))
        return len(found)


def using_author(author_id: int) -> Any:
    """The datasets that hold something of a person's."""
    return select(dataset_authors.c.dataset).where(dataset_authors.c.author == author_id)
