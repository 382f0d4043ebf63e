from core.storage.consent import Consent
from core.storage.library import Library
from tests.core.storage.steps import NOW, a_session, a_story, grow, told


def test_what_was_judged_is_gleaned_with_every_place_that_told_it(library: Library) -> None:
    (first, second), story = told(library, "One.", "Two.")
    told(library, "Nobody judged this.")
    with library.begin() as tx:
        ann = a_session(tx)
        ben = a_session(tx, author="ben", chat="other", platform="test")
        third, story = grow(tx, story, "Two again.", after=first.id)
        tx.note_pick(third.id, [second.id], ann.author, how="retry", now=NOW)
        tx.rate(third.id, ann.author, 1, now=NOW)
        tx.note_edit(third.id, second.id, 0.5)
        tx.report(first.id, ben.author, "", now=NOW)
        tx.set_consent(ben.author, Consent.OWN, now=NOW)
        tx.set_place_learns(ben.place, learn=False, now=NOW)
        tx.note_answered(platform="test", request="r", session=ben, now=NOW, story=story.id)
        found = tx.glean()
        assert tx.glean(ann.place) == found
        assert tx.glean(ben.place).stories == ()
    (only,) = found.stories
    assert [passage.text for passage in only.passages] == ["One.", "Two.", "Two again."]
    assert only.places == {ann.place, ben.place}
    assert found.silent == {ben.place}
    assert found.reported == {first.id}
    assert [(choice.winner, choice.loser, choice.how) for choice in found.choices] == [
        (third.id, second.id, "retry")
    ]
    assert [(rating.passage, rating.value) for rating in found.ratings] == [(third.id, 1)]
    assert [(edit.old, edit.distance) for edit in found.rewritings] == [(second.id, 0.5)]
    assert found.people[ann.author].consent is Consent.NARRATOR
    assert found.people[ben.author].consent is Consent.OWN


def test_where_nobody_judged_there_is_nothing_to_learn(library: Library) -> None:
    with library.begin() as tx:
        a_story(tx)
        found = tx.glean()
    assert [*found.stories, *found.ratings, *found.choices] == []
