import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from core.learning.clearing import Rules, cleared
from core.learning.collecting import collected
from core.learning.dataset import SIDES, side_of, story_name
from core.storage.consent import Consent
from core.storage.gleaning import Choice, Gleanings, Person, Rewriting, Told
from core.story.model import Origin, Rating, Style
from tests.core.learning.histories import histories, words
from tests.factories import BEGUN, a_passage

NOW = BEGUN + timedelta(days=10)
RULES = Rules(own_text=frozenset({"telegram"}))
ANN, BEN = 1, 2
HERE = 7


def as_prompt(assignment):
    """An assignment written out whole: whatever is in it would be read by the model."""
    return repr(assignment)


def collect(history, rules=RULES):
    return collected(history, rules, as_prompt, now=NOW)


def row_texts(dataset):
    return [json.dumps(row) for rows in dataset.rows.values() for row in rows]


def may_stand(person, rules=RULES):
    return person.consent is Consent.OWN and person.platform in rules.own_text


@settings(max_examples=120, deadline=None)
@given(histories())
def test_no_text_comes_from_a_person_or_place_without_consent(history):
    allowed = {f"person{p.id}" for p in history.people.values() if may_stand(p)}
    silent = [s for s in history.stories if not s.places or s.places & history.silent]
    dataset = collect(history).dataset
    for text in row_texts(dataset):
        assert set(re.findall(r"person\w+?(?=word|wish|genre|mood)", text)) <= allowed
    names = {row["story"] for rows in dataset.rows.values() for row in rows}
    assert not names & {story_name(story.id) for story in silent}
    asked_by_nobody = {
        passage.text
        for story in history.stories
        for passage in story.passages
        if passage.by_narrator
        and (passage.author is None or history.people[passage.author].consent is Consent.NOTHING)
    }
    rows = [row for rows in dataset.rows.values() for row in rows]
    used = {row.get(key) for row in rows for key in ("completion", "chosen", "rejected")}
    assert not used & asked_by_nobody


@settings(max_examples=60, deadline=None)
@given(histories())
def test_nobody_who_said_no_is_heard(history):
    without = replace(
        history,
        ratings=tuple(r for r in history.ratings if heard(history, r.author)),
        choices=tuple(c for c in history.choices if heard(history, c.author)),
    )
    assert collect(history).dataset.hash == collect(without).dataset.hash


def heard(history, author):
    person = history.people.get(author)
    return person is not None and person.consent is not Consent.NOTHING


@settings(max_examples=60, deadline=None)
@given(histories())
def test_a_story_is_on_one_side_and_nothing_reported_is_an_example(history):
    dataset = collect(history).dataset
    sides: dict[str, set[str]] = {}
    for (kind, side), rows in dataset.rows.items():
        for row in rows:
            sides.setdefault(row["story"], set()).add(side)
            assert side == side_of(row["story"])
            if kind in {"sft", "dpo"} or (kind == "kto" and row["label"]):
                assert row["passage"] not in history.reported
            assert row["weight"] > 0
    assert all(len(where) == 1 for where in sides.values())


@settings(max_examples=40, deadline=None)
@given(histories())
def test_everybody_in_a_dataset_is_known_to_be_in_it(history):
    dataset = collect(history).dataset
    named = {int(n) for t in row_texts(dataset) for n in re.findall(r"person(\d+)word", t)}
    assert named <= dataset.authors
    assert dataset.authors <= set(history.people)


def test_stories_fall_on_the_sides_by_their_shares():
    drawn = [side_of(story_name(number)) for number in range(4000)]
    shares = [round(drawn.count(side) / len(drawn), 2) for side in SIDES]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


# ------------------------------------------------------------------ one small history
def a_history(**changes):
    """Ann asks for an opening, goes on herself, and the narrator after her, twice."""
    opening = replace(a_passage("One.", id=1), author=ANN, origin=Origin.OPENED)
    own = a_passage(words("ann", 2), id=2, parent=1, by_narrator=False)
    takes = [a_passage(text, id=n, parent=2) for n, text in ((3, "Good."), (4, "Bad."))]
    told = Told(
        id=1,
        premise=words("premise", 9),
        style=Style(mood="happy"),
        passages=(opening, *(replace(passage, author=ANN) for passage in (own, *takes))),
        places=frozenset({HERE}),
    )
    people = {
        ANN: Person(ANN, "telegram", Consent.OWN, BEGUN),
        BEN: Person(BEN, "telegram", Consent.NARRATOR, BEGUN),
    }
    history = Gleanings(
        stories=(told,),
        people=people,
        silent=frozenset(),
        ratings=(Rating(1, BEN, 1, BEGUN), Rating(2, BEN, 1, BEGUN), Rating(4, BEN, -1, BEGUN)),
        choices=(Choice(3, 4, ANN, "pick", BEGUN),),
        rewritings=(),
        reported=frozenset(),
    )
    return replace(history, **changes)


def rows(history, kind, rules=RULES):
    dataset = collect(history, rules).dataset
    return [row for (one, _), found in dataset.rows.items() if one == kind for row in found]


def test_thumbs_picks_and_what_is_liked_become_rows_with_their_basis():
    history = a_history()
    liked = {row["completion"]: row["basis"] for row in rows(history, "sft")}
    assert liked == {"One.": "narrator", words("ann", 2): "own", "Good.": "narrator"}
    thumbs = {row["completion"]: row["label"] for row in rows(history, "kto")}
    assert thumbs == {"One.": True, "Bad.": False}
    (pair,) = rows(history, "dpo")
    assert (pair["chosen"], pair["rejected"], pair["weight"]) == ("Good.", "Bad.", 1.0)
    assert words("ann", 2) in pair["prompt"]
    assert words("premise", 9) in pair["prompt"]
    assert (pair["model"], pair["seed"]) == ("starter", 7)
    assert len(rows(history, "asked")) == 3


def test_without_her_word_nothing_of_hers_is_left_and_the_rest_stays():
    people = a_history().people | {ANN: Person(ANN, "telegram", Consent.NARRATOR, BEGUN)}
    history = a_history(people=people)
    assert {row["completion"] for row in rows(history, "sft")} == {"One.", "Good."}
    assert "annword" not in json.dumps(rows(history, "dpo"))
    assert "premiseword" not in json.dumps(rows(history, "dpo"))


def test_the_operator_s_switch_for_a_platform_comes_before_the_person_s():
    assert "annword" not in json.dumps(rows(a_history(), "dpo", Rules(own_text=frozenset())))


def test_a_reported_passage_may_only_be_told_from_as_a_bad_one():
    history = a_history(reported=frozenset({3, 4}))
    assert {row["completion"] for row in rows(history, "sft")} == {"One.", words("ann", 2)}
    assert rows(history, "dpo") == []
    assert [row["label"] for row in rows(history, "kto") if row["completion"] == "Bad."] == [False]


def test_an_unsafe_passage_is_never_liked_nor_read_from():
    history = a_history()
    (told,) = history.stories
    unsafe = [replace(p, text="Go and kill yourself.") if p.id == 1 else p for p in told.passages]
    history = replace(history, stories=(replace(told, passages=tuple(unsafe)),))
    assert "kill yourself" not in json.dumps([*rows(history, "sft"), *rows(history, "dpo")])
    assert [row["completion"] for row in rows(history, "kto")] == ["Bad."]


def test_a_retry_is_a_weak_no_and_no_pick_where_the_new_take_was_not_kept_either():
    again = (Choice(4, 3, ANN, "retry", BEGUN), Choice(3, 4, ANN, "retry", BEGUN))
    history = a_history(ratings=(), choices=again)
    assert rows(history, "dpo") == []
    assert [(row["label"], row["weight"]) for row in rows(history, "kto")] == [(False, 0.25)] * 2
    history = a_history(ratings=(), choices=again[:1])
    assert [row["weight"] for row in rows(history, "dpo")] == [0.25]


def test_an_edit_says_no_as_far_as_it_went_and_is_better_where_it_may_be_used():
    history = a_history(ratings=(), choices=())
    (told,) = history.stories
    edited = a_passage("Quite another thing.", id=5, parent=2, by_narrator=False)
    edited = replace(edited, author=ANN, origin=Origin.EDITED)
    history = replace(
        history,
        stories=(replace(told, passages=(*told.passages, edited)),),
        rewritings=(Rewriting(5, 4, 0.8),),
    )
    assert [(row["completion"], row["weight"]) for row in rows(history, "kto")] == [("Bad.", 0.8)]
    assert [row["chosen"] for row in rows(history, "dpo")] == ["Quite another thing."]
    people = history.people | {ANN: Person(ANN, "telegram", Consent.NARRATOR, BEGUN)}
    assert rows(replace(history, people=people), "dpo") == []
    assert rows(replace(history, rewritings=(Rewriting(5, 4, 0.05),)), "kto") == []


def test_a_refinement_of_a_person_s_text_is_theirs():
    people = a_history().people | {ANN: Person(ANN, "telegram", Consent.NARRATOR, BEGUN)}
    history = a_history(people=people)
    (told,) = history.stories
    refined = replace(a_passage("All new.", id=5, parent=1), author=BEN, origin=Origin.REFINED)
    told = replace(told, passages=(*told.passages, refined))
    (story,) = cleared(replace(history, stories=(told,)), RULES)
    assert 5 not in story.usable
    free = replace(history, people=a_history().people, stories=(told,))
    assert 5 in cleared(free, RULES)[0].usable


def test_the_same_judgements_have_the_same_hash_and_others_another():
    history = a_history()
    assert collect(history).dataset.hash == collect(a_history()).dataset.hash
    other = a_history(ratings=history.ratings[:2])
    assert collect(other).dataset.hash != collect(history).dataset.hash
