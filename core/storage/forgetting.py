"""Everything known of one person: handed to them, or taken out without tearing a story's tree."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from core.storage.consent import Consents, using_author
from core.storage.learning_tables import (
    comments,
    dataset_authors,
    datasets,
    loras,
    reports,
)
from core.storage.ledger import AnyRow
from core.storage.tables import authors, members, passages, picks, places, ratings, shelf, stories
from core.story.likeness import quotes, runs
from core.story.model import Origin
from core.story.recap import recap
from core.story.sentences import sentences

GONE = "…"  # stands where a text was taken back: the tree and its numbers stay as they were


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out for somebody."""

    passages: int
    stories: int  # deleted whole, since nobody else told them
    datasets: int  # to be made again without them


class Persons(Consents):
    """The part of a transaction that hands over what is known of a person, and forgets them."""

    # ------------------------------------------------------------ what is known of somebody
    def personal_data(self, author_id: int) -> dict[str, Any]:
        """Everything kept about a person, as JSON can hold it."""
        person = self._db.execute(select(authors).where(authors.c.id == author_id)).one()
        own = select(passages).where(passages.c.author == author_id).order_by(passages.c.id)
        told = self._db.execute(own).all()
        return {
            "person": {
                "platform": person.platform,
                "id": person.key,
                "name": person.name,
                "client_language": person.client_language,
                "language": person.language,
                "consent": self.consent(author_id).value,
            },
            "places": self._memberships(author_id),
            "written": [_told(row) for row in told if row.provenance is None],
            "asked_for": [
                _told(row) | {"provenance": row.provenance} for row in told if row.provenance
            ],
            "premises": self._premises_of(author_id),
            "ratings": self._given(ratings, author_id, "passage", "value"),
            "picks": self._given(picks, author_id, "winner", "loser", "how"),
            "comments": self._given(comments, author_id, "passage", "text"),
            "reports": self._given(reports, author_id, "passage", "reason"),
            "learned_from": self._uses_of(author_id),
        }

    def _memberships(self, author_id: int) -> list[dict[str, str]]:
        query = (
            select(places.c.platform, places.c.chat, places.c.topic, members.c.joined)
            .join(members, members.c.place == places.c.id)
            .where(members.c.author == author_id)
            .order_by(members.c.joined, places.c.id)
        )
        return [
            {
                "platform": row.platform,
                "chat": row.chat,
                "topic": row.topic,
                "joined": row.joined.isoformat(),
            }
            for row in self._db.execute(query)
        ]

    def _premises_of(self, author_id: int) -> list[dict[str, Any]]:
        begun = select(stories).where(stories.c.id.in_(_begun_by(author_id)))
        return [
            {"story": row.id, "title": row.title, "premise": row.premise}
            for row in self._db.execute(begun.order_by(stories.c.id))
        ]

    def _given(self, table: Any, author_id: int, *names: str) -> list[dict[str, Any]]:
        query = select(table).where(table.c.author == author_id).order_by(table.c.given)
        rows = self._db.execute(query).mappings()
        return [
            {name: row[name] for name in names} | {"given": row["given"].isoformat()}
            for row in rows
        ]

    def _uses_of(self, author_id: int) -> list[dict[str, Any]]:
        query = (
            select(datasets.c.hash, datasets.c.stale, loras.c.name)
            .join(dataset_authors, dataset_authors.c.dataset == datasets.c.id)
            .outerjoin(loras, loras.c.dataset == datasets.c.id)
            .where(dataset_authors.c.author == author_id)
            .order_by(datasets.c.id, loras.c.id)
        )
        return [
            {"dataset": row.hash, "lora": row.name, "to_be_rebuilt": row.stale}
            for row in self._db.execute(query)
        ]

    # ------------------------------------------------------------ forgetting
    def forget_person(self, author_id: int) -> Forgotten:
        """Take a person out: texts, ratings, comments, name; the others' stories keep their tree.

        Their passages and premises become a mark, and so do rewritings that quote them. Stories
        told in their private chats alone are deleted. What learned from them becomes stale.
        """
        used = self._spoil(using_author(author_id))
        alone = self._delete_private(author_id)
        written = self._blank(author_id)
        self._db.execute(delete(authors).where(authors.c.id == author_id))
        return Forgotten(passages=written, stories=alone, datasets=used)

    def _delete_private(self, author_id: int) -> int:
        """Delete the places where they were alone with the bot, and what only stood there."""
        joined = select(members.c.place).where(members.c.author == author_id)
        private = select(places.c.id).where(places.c.private, places.c.id.in_(joined))
        mine = list(self._db.scalars(private))
        elsewhere = select(shelf.c.story).where(shelf.c.place.not_in(mine))
        only_here = select(shelf.c.story).where(
            shelf.c.place.in_(mine), shelf.c.story.not_in(elsewhere)
        )
        gone = list(self._db.scalars(only_here.distinct()))
        self._db.execute(delete(stories).where(stories.c.id.in_(gone)))
        self._db.execute(delete(places).where(places.c.id.in_(mine)))
        return len(gone)

    def _blank(self, author_id: int) -> int:
        """Put a mark in place of their texts, story by story; return how many they were."""
        asked = passages.c.author == author_id
        begun = _begun_by(author_id)
        touched = select(passages.c.story).where(or_(asked, passages.c.story.in_(begun)))
        count = 0
        for story in list(self._db.scalars(touched.distinct())):
            count += self._blank_in(story, author_id)
        return count

    def _blank_in(self, story: int, author_id: int) -> int:
        told = self._db.execute(
            select(passages).where(passages.c.story == story).order_by(passages.c.id)
        ).all()
        own = [row.text for row in told if row.author == author_id and row.provenance is None]
        row = self._db.execute(select(stories).where(stories.c.id == story)).one()
        opened_by = told[0].author if told else None
        if opened_by == author_id:
            own.append(row.premise)
            title = GONE if _made_of(row.title, own) else row.title
            change = update(stories).where(stories.c.id == story)
            self._db.execute(change.values(premise="", title=title))
        texts = {passage.id: _left(passage, author_id, own) for passage in told}
        self._retell(told, texts, own)
        for passage in told:
            if passage.author == author_id and passage.provenance and passage.provenance["wish"]:
                kept = dict(passage.provenance) | {"wish": ""}
                change = update(passages).where(passages.c.id == passage.id)
                self._db.execute(change.values(provenance=kept))
        return sum(row.author == author_id and row.provenance is None for row in told)

    def _retell(self, told: Iterable[AnyRow], texts: dict[int, str], own: list[str]) -> None:
        """Write the texts that are left, and each recap anew that has a sentence taken out."""
        lost = {sentence for text in own for sentence in sentences(text)}
        recaps: dict[int | None, str] = {None: ""}
        for row in told:
            text = texts[row.id]
            brief = row.recap
            if any(sentence in brief for sentence in lost):
                brief = " ".join(recap(f"{recaps[row.parent]}\n\n{text}".strip()))
            recaps[row.id] = brief
            if (text, brief) != (row.text, row.recap):
                change = update(passages).where(passages.c.id == row.id)
                self._db.execute(change.values(text=text, recap=brief))


def _begun_by(author_id: int) -> Any:
    """The stories whose first passage they asked for or wrote: the premise is theirs."""
    first = (
        select(func.min(passages.c.id).label("id"))
        .where(passages.c.parent.is_(None))
        .group_by(passages.c.story)
        .subquery()
    )
    return (
        select(passages.c.story)
        .join(first, first.c.id == passages.c.id)
        .where(passages.c.author == author_id)
    )


def _told(row: AnyRow) -> dict[str, Any]:
    return {
        "story": row.story,
        "passage": row.id,
        "text": row.text,
        "origin": row.origin,
        "written": row.written.isoformat(),
    }


def _left(row: AnyRow, author_id: int, own: list[str]) -> str:
    """What is left of a passage's text."""
    if row.author == author_id and row.provenance is None:
        return GONE
    rewritten = row.origin in {Origin.EDITED, Origin.REFINED}
    if rewritten and any(quotes(row.text, runs(text)) for text in own):
        return GONE
    text: str = row.text
    return text


def _made_of(title: str, own: list[str]) -> bool:
    """Whether a title is words of theirs, as one taken from a premise is."""
    words = title.rstrip(".…").strip().casefold()
    return bool(words) and any(words in " ".join(text.split()).casefold() for text in own)
