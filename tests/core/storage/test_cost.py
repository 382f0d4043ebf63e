"""What a turn costs: few queries, by index, and no more for a long story than for a short one."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from core.storage.database import Database
from core.storage.library import Library, Outcome
from core.storage.tables import turns
from core.story.model import Story
from tests.core.storage.steps import NOW, a_session, grow, noted
from tests.factories import a_volume

_BIG = {"passages", "turns", "above", "before"}  # the tables that grow, by any name


def a_long_story(library: Library, passages: int) -> Story:
    """A story of a group's, with as many turns behind it as it has passages."""
    volume = a_volume(*(f"Sentence {number}." for number in range(passages)))
    with library.begin() as tx:
        session = a_session(tx)
        story = tx.import_volume(session, volume, now=NOW)
        rows = [
            {
                "platform": "test",
                "request": f"old {story.id} {n}",
                "command": "",
                "place": session.place,
                "author": session.author,
                "story": story.id,
                "screen": f"{n}",
                "outcome": Outcome.ANSWERED,
                "opened": NOW,
            }
            for n in range(passages)
        ]
        tx._db.execute(insert(turns), rows)
    return story


def a_turn(library: Library, request: str) -> None:
    """The two transactions of a turn."""
    with library.begin() as tx:
        session = a_session(tx)
        story = tx.story(session.story or 0)
        assert story is not None
        assert tx.path(story.head or 0, 25)[-1].id == story.head
        turn = tx.open_turn(
            platform="test",
            request=request,
            session=session,
            command="{}",
            now=NOW,
            story=story.id,
            head=story.head,
            seed=1,
        )
        assert turn is not None
    with library.begin() as tx:
        passage, story = grow(tx, story)
        tx.takes(story.id, passage)
        tx.close_turn(turn, outcome=Outcome.ANSWERED, passage=passage.id, answer=None, now=NOW)


def everything_else(library: Library, story: Story) -> None:
    """What else is asked of a long story, but for what reads it whole."""
    later = NOW + timedelta(minutes=1)
    with library.begin() as tx:
        ann = a_session(tx).author
        head = tx.ancestor(story.head or 0, 990)
        assert head is not None
        story = tx.move_head(story, head, now=later)
        story = tx.add_branch(story, "b", now=later)
        other, story = grow(tx, story, after=head.parent)
        tx.move_head(story, other, now=later)
        tx.passage(story.id, other.id)
        tx.rate(other.id, ann, 1, now=later)
        tx.tally(other.id)
        tx.note_pick(other.id, [head.id], ann, how="pick", now=later)
        tx.note_screen(platform="test", request="1", screen="7")
        tx.turn_shown(platform="test", chat="group", topic="", screen="7")
        tx.open_turns("test")
        tx.takes(story.id, replace(other, parent=None))


def test_a_turn_of_a_long_story_takes_as_many_queries_as_one_of_a_short(
    library: Library, database: Database
) -> None:
    counts = []
    for passages in (10, 1000):
        a_long_story(library, passages)
        a_turn(library, f"first {passages}")
        with noted(database) as queries:
            a_turn(library, f"second {passages}")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_every_query_on_a_long_story_goes_by_an_index(library: Library, database: Database) -> None:
    stories = [a_long_story(library, 1000) for _ in range(4)]
    with noted(database) as queries:
        everything_else(library, stories[-1])
        a_turn(library, "1")
        with library.begin() as tx:
            tx.delete_story(stories[-1].id)
    assert len(queries) > 30
    for _statistics in ("none", "fresh"):
        found = {query: scanned(database, query, values) for query, values in dict(queries).items()}
        assert {query: tables for query, tables in found.items() if tables} == {}
        with database.transaction() as db:
            db.exec_driver_sql("ANALYZE")


def test_a_query_without_an_index_would_be_noticed(library: Library, database: Database) -> None:
    a_long_story(library, 1000)
    assert scanned(database, "SELECT id FROM passages WHERE recap = 'x'", ()) == {"passages"}
    assert scanned(database, "DELETE FROM turns WHERE command = 'x'", ()) == {"turns"}


def scanned(database: Database, statement: str, values: Any) -> set[str]:
    """The growing tables that a query reads from end to end."""
    if not re.match(r"SELECT|INSERT|UPDATE|DELETE|WITH", statement):
        return set()
    with database.engine.connect() as db:
        if database.engine.dialect.name == "sqlite":
            plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            found = {match[1] for row in plan if (match := re.match(r"SCAN (\w+)", row.detail))}
        else:
            plan = db.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
            found = _seq_scans(plan.scalar_one()[0]["Plan"])
    return found & _BIG


def _seq_scans(node: Any) -> set[str]:
    """The tables scanned by a node of PostgreSQL's plan and the nodes under it."""
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return own.union(*(_seq_scans(child) for child in node.get("Plans", ())))
