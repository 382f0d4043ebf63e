"""Random histories of groups: who wrote what where, what was thought of it, who allows what."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from core.storage.consent import LEVELS
from core.storage.gleaning import Choice, Gleanings, Person, Rewriting, Told
from core.story.model import Origin, Passage, Preset, Provenance, Rating, Style
from tests.factories import BEGUN

_PLATFORMS = ("telegram", "discord", "terminal")
_BY_PEOPLE = (Origin.SAID, Origin.EDITED, Origin.IMPORTED)
_WRITTEN = (Origin.OPENED, Origin.CONTINUED, Origin.RETRIED, Origin.REFINED, Origin.FINISHED)


def words(owner: str, number: int) -> str:
    """Twelve words that only this author ever wrote, as one sentence."""
    return " ".join(f"{owner}word{number}x{at}" for at in range(12)) + "."


@st.composite
def _passage(draw: st.DrawFn, number: int, first: int, authors: list[int]) -> Passage:
    before = [None, *range(first, number)]
    parent = draw(st.sampled_from(before))
    author = draw(st.sampled_from([None, *authors]))
    origin = draw(st.sampled_from([*_BY_PEOPLE, *_WRITTEN]))
    by_narrator = origin in _WRITTEN
    text = words("narrator" if by_narrator else f"person{author}", number)
    if draw(st.booleans()) and number > first:  # takes over what somebody wrote before
        other = draw(st.integers(first, number - 1))
        text += f" Taken {number}-{other}."
    return Passage(
        id=number,
        parent=parent,
        depth=1,
        text=text,
        origin=origin,
        author=author,
        provenance=Provenance("starter", None, number, Preset.LIVELY, f"person{author}wish")
        if by_narrator
        else None,
        recap=words(f"person{author}", number),
        written=BEGUN + timedelta(minutes=number),
    )


@st.composite
def histories(draw: st.DrawFn) -> Gleanings:
    """Any history of up to three stories by up to four people in up to three places."""
    people = {
        number: Person(
            number,
            draw(st.sampled_from(_PLATFORMS)),
            draw(st.sampled_from(LEVELS)),
            BEGUN - timedelta(days=draw(st.integers(0, 3))),
        )
        for number in range(1, draw(st.integers(2, 5)))
    }
    told: list[Told] = []
    count = 1
    for story in range(1, draw(st.integers(2, 4))):
        first = count
        count += draw(st.integers(1, 7))
        passages = [draw(_passage(n, first, list(people))) for n in range(first, count)]
        passages = [_quoting(passage, passages) for passage in passages]
        opener = passages[0].author
        told.append(
            Told(
                id=story,
                premise=words(f"person{opener}", 1000 + story),
                style=Style(genre=f"person{opener}genre", mood=f"person{opener}mood happy"),
                passages=tuple(passages),
                places=draw(st.frozensets(st.integers(1, 3), max_size=2)),
            )
        )
    ids = st.integers(1, count - 1)
    who = st.sampled_from([*people, 99])  # 99: forgotten meanwhile
    how = st.sampled_from(["pick", "vote", "retry", "refine"])
    by_number = {passage.id: passage for story in told for passage in story.passages}
    pairs = st.tuples(ids, ids).filter(
        lambda pair: pair[0] != pair[1] and by_number[pair[0]].parent == by_number[pair[1]].parent
    )
    # Takes are rare by chance: where a history has none, it has no choices.
    siblings = any(
        a.parent == b.parent and a.id != b.id
        for a in by_number.values()
        for b in by_number.values()
    )
    choices = st.builds(lambda p, a, h: Choice(p[0], p[1], a, h, BEGUN), pairs, who, how)
    edits = st.builds(lambda p, d: Rewriting(max(p), min(p), d), pairs, st.floats(0, 1))
    return Gleanings(
        stories=tuple(told),
        people=people,
        silent=draw(st.frozensets(st.integers(1, 3), max_size=1)),
        ratings=tuple(
            draw(
                st.lists(
                    st.builds(Rating, ids, who, st.sampled_from([-1, 1]), st.just(BEGUN)),
                    max_size=12,
                )
            )
        ),
        choices=tuple(draw(st.lists(choices, max_size=4))) if siblings else (),
        rewritings=tuple(draw(st.lists(edits, max_size=2))) if siblings else (),
        reported=draw(st.frozensets(ids, max_size=2)),
    )


def _quoting(passage: Passage, passages: list[Passage]) -> Passage:
    """Where a passage takes over an earlier one, it holds that one's words."""

    if " Taken " not in passage.text:
        return passage
    other = int(passage.text.rpartition("-")[2].rstrip("."))
    taken = next(p.text for p in passages if p.id == other)
    return replace(passage, text=f"{passage.text} {taken}")
