"""Groups that write, judge, change their minds and leave: nothing they did not allow is learned."""

import json
import random
import re
from datetime import timedelta

import pytest

from core.learning.clearing import Rules
from core.learning.collecting import collected
from core.session import commands as c
from core.session.messages import Author, Place
from core.storage.consent import Consent
from tests.stage import Stage

PEOPLE = [Author("test", name, name.title(), "en") for name in ("ann", "ben", "cleo")]
PLACES = [Place("test", "chat-1"), Place("test", "chat-2")]
RULES = Rules(own_text=frozenset({"test"}))
_COUNT = iter(range(10**9))


def own_words(author: Author) -> str:
    """Twelve words that only this author ever typed."""
    number = next(_COUNT)
    return " ".join(f"{author.id}typed{number}x{at}" for at in range(12))


def a_step(draw: random.Random, author: Author) -> c.Command:
    """Something that somebody may ask at any time."""
    words = own_words(author)
    return draw.choice(
        [
            c.New(words),
            c.New(words),
            c.Say(words),
            c.Say(words),
            c.Continue(),
            c.Continue(),
            c.Retry(),
            c.Edit(words),
            c.Edit(words),
            c.Refine(words),
            c.Pick(number=1),
            c.Undo(),
            c.Rate(draw.choice([1, -1])),
            c.Rate(1),
            c.Comment(words),
            c.Title(words),
            c.Lore(f"key: {words}"),
            c.Mood(words[:30]),
            c.Genre(words[:30]),
            c.Report(words),
            c.Privacy(draw.choice(list(Consent))),
            c.Privacy(draw.choice(["own", "own", "here-on", "here-off"])),
            c.ForgetMe(sure=True) if draw.random() < 0.2 else c.Rate(1),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
async def test_no_word_is_learned_that_its_author_does_not_allow_now(
    stage: Stage, seed: int
) -> None:
    draw = random.Random(seed)
    learned = 0
    for _ in range(60):
        author, place = draw.choice(PEOPLE), draw.choice(PLACES)
        await stage.ask(a_step(draw, author), author=author, place=place)
        learned += looked_at(stage)
    assert learned > 0


def looked_at(stage: Stage) -> int:
    """Collect, and hold every row to what holds at this moment; return how many rows there were."""
    now = stage.engine._clock() + timedelta(days=2)
    with stage.library.begin() as tx:
        gleanings = tx.glean()
        allowed = set()
        for author in PEOPLE:
            session = tx.session(
                platform="test",
                chat="looking",
                topic="",
                private=False,
                author=author.id,
                name=author.name,
                language="en",
                now=now,
            )
            if tx.consent(session.author) is Consent.OWN:
                allowed.add(author.id)
    dataset = collected(gleanings, RULES, repr, now=now).dataset
    rows = [row for found in dataset.rows.values() for row in found]
    typed = set(re.findall(r"([a-z]+)typed\d", json.dumps(rows)))
    assert typed <= allowed
    assert not dataset.places & gleanings.silent
    return len(rows)
