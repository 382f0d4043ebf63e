"""Stories, passages and requests for tests: give what matters, the rest is there."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from core.session.commands import Command
from core.session.messages import Author, Place, Request
from core.story.cleaning import clean, one_line
from core.story.model import (
    Branch,
    Length,
    Lore,
    Origin,
    Passage,
    Preset,
    Provenance,
    State,
    Story,
    Style,
    Volume,
)

BEGUN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_ids = itertools.count(1)


def a_request(
    command: Command, *, place: str = "group", author: str = "ann", id: str | None = None
) -> Request:
    """A request with an id of its own, from a group on a platform called "test"."""
    return Request(
        id=id or f"request-{next(_ids)}",
        place=Place(platform="test", chat=place),
        author=Author(platform="test", id=author, name=author.title()),
        command=command,
    )


def a_passage(
    text: str = "The lamp was lit.",
    *,
    id: int = 1,
    parent: int | None = None,
    depth: int = 1,
    by_narrator: bool = True,
) -> Passage:
    """A passage as the narrator or a person wrote it."""
    return Passage(
        id=id,
        parent=parent,
        depth=depth,
        text=text,
        origin=Origin.CONTINUED if by_narrator else Origin.SAID,
        author=None,
        provenance=Provenance("starter", None, 7, Preset.LIVELY) if by_narrator else None,
        recap="",
        written=BEGUN + timedelta(minutes=id),
    )


def a_volume(*texts: str, title: str = "The Singing Shell", premise: str = "") -> Volume:
    """A story of one line: the texts, each after the one before."""
    passages = tuple(
        replace(
            a_passage(text, id=number, parent=number - 1 or None, depth=number),
            heir=number + 1 if number < len(texts) else None,
        )
        for number, text in enumerate(texts, start=1)
    )
    head = passages[-1].id if passages else None
    return Volume(
        story=Story(
            id=1,
            title=title,
            premise=premise,
            style=Style(),
            lore=(),
            state=State.TOLD,
            head=head,
            branch="main",
            version=1,
            begun=BEGUN,
            told=BEGUN + timedelta(hours=1),
        ),
        passages=passages,
        branches=(Branch("main", head),),
    )


# ------------------------------------------------------------------ any story there could be
texts = st.text(min_size=1, max_size=200).map(clean).filter(bool)
lines = st.text(min_size=1, max_size=60).map(one_line).filter(bool)
_moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001  # Hypothesis adds the zone itself
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
)
_seeds = st.integers(0, 2**63 - 1)
_styles = st.builds(
    Style,
    genre=lines | st.just(""),
    mood=lines | st.just(""),
    length=st.sampled_from(Length),
    preset=st.sampled_from(Preset),
    banned=st.lists(lines, max_size=3).map(tuple),
    seed=_seeds | st.none(),
)
_provenances = st.builds(
    Provenance,
    model=lines,
    lora=lines | st.none(),
    seed=_seeds,
    preset=st.sampled_from(Preset),
    wish=lines | st.just(""),
)


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    """Any story that could be told: a random tree with heirs, lore, branches and a head."""
    parents = draw(_parents())
    passages = [draw(_passages(number, parent)) for number, parent in enumerate(parents, start=1)]
    tips = st.sampled_from([None, *range(1, len(parents) + 1)])
    names = draw(st.lists(lines, min_size=1, max_size=3, unique=True))
    lore = draw(st.lists(st.tuples(st.lists(lines, max_size=2), texts, st.booleans()), max_size=2))
    story = Story(
        id=1,
        title=draw(lines),
        premise=draw(lines | st.just("")),
        style=draw(_styles),
        lore=tuple(
            Lore(number, tuple(keywords), one_line(fact), always)
            for number, (keywords, fact, always) in enumerate(lore, start=1)
        ),
        state=draw(st.sampled_from(State)),
        head=draw(tips),
        branch=draw(st.sampled_from(names)),
        version=1,
        begun=draw(_moments),
        told=draw(_moments),
    )
    branches = tuple(Branch(name, draw(tips)) for name in names)
    return Volume(story, _with_depths_and_heirs(passages), branches)


@st.composite
def _parents(draw: st.DrawFn) -> list[int | None]:
    """For each passage of a tree the number of its parent, which stands before it."""
    count = draw(st.integers(0, 8))
    return [draw(st.sampled_from([None, *range(1, number)])) for number in range(1, count + 1)]


@st.composite
def _passages(draw: st.DrawFn, number: int, parent: int | None) -> Passage:
    return Passage(
        id=number,
        parent=parent,
        depth=1,
        text=draw(texts),
        origin=draw(st.sampled_from(Origin)),
        author=None,
        provenance=draw(_provenances | st.none()),
        recap=draw(texts | st.just("")),
        written=draw(_moments),
    )


def _with_depths_and_heirs(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Count the depths, and let each passage's heir be its last child."""
    heirs = {passage.parent: passage.id for passage in passages}
    done: list[Passage] = []
    for passage in passages:
        depth = 1 if passage.parent is None else done[passage.parent - 1].depth + 1
        done.append(replace(passage, depth=depth, heir=heirs.get(passage.id)))
    return tuple(done)
