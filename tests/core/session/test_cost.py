"""What an answer costs that needs no narrator: one transaction, and few queries in it."""

from pathlib import Path

import pytest

from core.storage.database import open_database
from core.storage.library import Library
from tests.core.storage.steps import noted
from tests.stage import Stage

_WHO, _NOTED, _STORY_LORE_PATH, _CLOSED = 1, 1, 3, 1  # queries that every answer may need


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("/help", 0),
        ("/shelf", 1),  # the list
        ("/genre", 0),
        ("/mood grim", 1),  # what changes
        ("/rate up", 2),  # the thumb, and all thumbs
    ],
)
async def test_an_answer_at_once_is_noted_as_answered_by_one_query(
    tmp_path: Path, asked: str, own: int
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    stage = Stage(Library(database))
    await stage.tell("/new A cat sails to the moon", "/help")
    with noted(database) as queries:
        await stage.ask(asked)
    database.close()
    assert len(queries) == _WHO + _NOTED + _STORY_LORE_PATH + own


async def test_what_an_answer_shows_is_noted_by_one_query_more(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    stage = Stage(Library(database))
    await stage.tell("/new A cat sails to the moon", "/help")
    with noted(database) as queries:
        await stage.ask("/show")
    with database.transaction() as db:
        last = db.exec_driver_sql("SELECT outcome, passage, command FROM turns").all()[-1]
    database.close()
    assert (last.outcome, last.passage is not None, last.command) == ("answered", True, "")
    assert len(queries) == _WHO + _NOTED + _STORY_LORE_PATH + 2 + _CLOSED  # itself, its takes
