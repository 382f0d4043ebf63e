"""Small steps that most storage tests begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import event

from core.errors import DatabaseUnavailable
from core.storage.database import Database
from core.storage.library import Library, Session, Transaction
from core.story.model import Origin, Passage, Story, Style

Query = tuple[str, Any]
NOW = datetime(2026, 11, 23, 18, 30, 15, 123456, tzinfo=UTC)


def later(minutes: int) -> datetime:
    """So many minutes after everything began."""
    return NOW + timedelta(minutes=minutes)


def a_session(
    tx: Transaction,
    *,
    platform: str = "test",
    chat: str = "group",
    topic: str = "",
    private: bool = False,
    author: str = "ann",
    name: str = "Ann",
    language: str = "en",
    now: datetime = NOW,
) -> Session:
    """Ann in a group, or whoever is named."""
    return tx.session(
        platform=platform,
        chat=chat,
        topic=topic,
        private=private,
        author=author,
        name=name,
        language=language,
        now=now,
    )


def a_story(
    tx: Transaction,
    session: Session | None = None,
    *,
    title: str = "The Singing Shell",
    premise: str = "A keeper finds a shell.",
    now: datetime = NOW,
) -> Story:
    """A story without passages."""
    session = session or a_session(tx)
    return tx.begin_story(session=session, title=title, premise=premise, style=Style(), now=now)


def grow(
    tx: Transaction,
    story: Story,
    text: str = "The lamp was lit.",
    *,
    after: int | Literal["head"] | None = "head",
) -> tuple[Passage, Story]:
    """The story with one passage more, after its head, another passage, or as an opening."""
    return tx.add_passage(
        story,
        parent=story.head if after == "head" else after,
        text=text,
        origin=Origin.SAID,
        author=None,
        provenance=None,
        recap="",
        now=story.told + timedelta(minutes=1),
    )


def grown(tx: Transaction, story: Story, *texts: str) -> tuple[list[Passage], Story]:
    """The story with a passage for each text, one after the other."""
    passages = []
    for text in texts:
        passage, story = grow(tx, story, text)
        passages.append(passage)
    return passages, story


def told(library: Library, *texts: str) -> tuple[list[Passage], Story]:
    """A story of the group's with these passages, as it stands in the library."""
    with library.begin() as tx:
        passages, story = grown(tx, a_story(tx), *texts)
        found = [tx.passage(story.id, passage.id) for passage in passages]
    return [passage for passage in found if passage], story


@contextmanager
def unavailable(words: str) -> Iterator[None]:
    """Somebody is told, in a sentence with these words, that the database is unavailable."""
    with pytest.raises(DatabaseUnavailable) as trouble:
        yield
    said = str(trouble.value)
    assert words in said
    assert "hush" not in said
    assert said.endswith(".")


@contextmanager
def noted(database: Database) -> Iterator[list[Query]]:
    """Every query that is sent inside."""
    queries: list[Query] = []

    def note(_db: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        queries.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield queries
    event.remove(database.engine, "before_cursor_execute", note)
