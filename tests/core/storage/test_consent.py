from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from core.storage.consent import LEVELS, Consent
from core.storage.forgetting import GONE
from core.storage.library import Library, Transaction
from core.storage.tables import authors, passages, ratings, shelf
from core.story.model import Origin, Passage, Preset, Provenance, Story
from tests.core.storage.steps import NOW, a_session, a_story, later

NARRATED = Provenance("starter", None, 7, Preset.LIVELY)
OWN_WORDS = "Grandmother kept the silver key under a loose board in the attic."


def wrote(
    tx: Transaction,
    story: Story,
    author: int,
    text: str,
    *,
    parent: int | None,
    origin: Origin = Origin.SAID,
    recap: str = "",
    wish: str = "with my dog Rex",
) -> tuple[Passage, Story]:
    by_narrator = origin not in {Origin.SAID, Origin.EDITED}
    return tx.add_passage(
        story,
        parent=parent,
        text=text,
        origin=origin,
        author=author,
        provenance=replace(NARRATED, wish=wish) if by_narrator else None,
        recap=recap,
        now=NOW,
    )


@pytest.fixture
def kept(library: Library) -> dict[str, int]:
    """Ann opens a story and writes; Ben goes on; the narrator retells what she wrote."""
    with library.begin() as tx:
        ann, ben = a_session(tx), a_session(tx, author="ben", name="Ben")
        story = a_story(tx, ann, title="A keeper finds…", premise="A keeper finds a shell.")
        opening, story = wrote(tx, story, ann.author, "One.", parent=None, origin=Origin.OPENED)
        own, story = wrote(
            tx, story, ann.author, OWN_WORDS, parent=opening.id, recap=f"One. {OWN_WORDS}"
        )
        retold = f"Long ago, {OWN_WORDS[0].lower()}{OWN_WORDS[1:]}"
        refined, story = wrote(
            tx, story, ben.author, retold, parent=opening.id, origin=Origin.REFINED, wish=""
        )
        text = "The dog slept by the stove all through the long winter."
        bens, story = wrote(tx, story, ben.author, text, parent=own.id, recap=f"One. {OWN_WORDS}")
        tx.rate(opening.id, ann.author, 1, now=NOW)
        tx.rate(own.id, ben.author, 1, now=NOW)
        tx.comment(own.id, ann.author, "Mine!", now=NOW)
        tx.report(refined.id, ann.author, "too close", now=NOW)
        tx.note_pick(own.id, [refined.id], ann.author, how="pick", now=NOW)
    return {
        "ann": ann.author,
        "ben": ben.author,
        "place": ann.place,
        "story": story.id,
        "opening": opening.id,
        "own": own.id,
        "refined": refined.id,
        "bens": bens.id,
    }


def a_dataset(tx: Transaction, name: str, *, authors: list[int], places: list[int]) -> None:
    run = tx.open_run(scope=0, recipe="kto", settings={}, now=NOW)
    tx.keep_dataset(run.id, hash=name, folder=name, rows=1, authors=authors, places=places, now=NOW)


def test_narrator_text_may_be_used_until_somebody_says_otherwise(library: Library, kept) -> None:
    with library.begin() as tx:
        assert tx.consent(kept["ann"]) is Consent.NARRATOR
        assert tx.place_learns(kept["place"])
        for level in LEVELS:
            tx.set_consent(kept["ann"], level, now=NOW)
            assert tx.consent(kept["ann"]) is level
        for learn in (False, True):
            tx.set_place_learns(kept["place"], learn=learn, now=NOW)
            assert tx.place_learns(kept["place"]) is learn


def test_allowing_less_spoils_what_used_it_and_allowing_more_does_not(library, kept) -> None:
    with library.begin() as tx:
        a_dataset(tx, "with ann", authors=[kept["ann"], kept["ben"]], places=[])
        a_dataset(tx, "with ben", authors=[kept["ben"]], places=[kept["place"]])
        tx.set_consent(kept["ann"], Consent.OWN, now=NOW)
        assert tx.stale_datasets() == []
        tx.set_consent(kept["ann"], Consent.NARRATOR, now=NOW)
        assert [dataset.hash for dataset in tx.stale_datasets()] == ["with ann"]
        tx.set_place_learns(kept["place"], learn=True, now=NOW)
        tx.set_place_learns(kept["place"], learn=False, now=NOW)
        assert [dataset.hash for dataset in tx.stale_datasets()] == ["with ann", "with ben"]


def test_what_is_known_of_a_person_is_handed_over_whole(library: Library, kept) -> None:
    with library.begin() as tx:
        a_dataset(tx, "with ann", authors=[kept["ann"]], places=[])
        known = tx.personal_data(kept["ann"])
    assert known["person"]["name"] == "Ann"
    assert [place["chat"] for place in known["places"]] == ["group"]
    assert [passage["text"] for passage in known["written"]] == [OWN_WORDS]
    assert [passage["text"] for passage in known["asked_for"]] == ["One."]
    assert [story["premise"] for story in known["premises"]] == ["A keeper finds a shell."]
    assert [(rating["passage"], rating["value"]) for rating in known["ratings"]] == [
        (kept["opening"], 1)
    ]
    assert [len(known[kind]) for kind in ("picks", "comments", "reports")] == [1, 1, 1]
    assert known["learned_from"] == [{"dataset": "with ann", "lora": None, "to_be_rebuilt": False}]


def test_who_is_forgotten_leaves_marks_and_the_others_keep_their_story(library, kept) -> None:
    with library.begin() as tx:
        a_dataset(tx, "with ann", authors=[kept["ann"]], places=[])
        gone = tx.forget_person(kept["ann"])
        assert (gone.passages, gone.stories, gone.datasets) == (1, 0, 1)
        story = tx.story(kept["story"])
        volume = tx.volume(kept["story"])
        people = list(tx._db.scalars(select(authors.c.name)))
        left = tx._db.scalar(select(func.count()).select_from(ratings))
        stale = [dataset.hash for dataset in tx.stale_datasets()]
    assert (story.premise, story.title, story.head) == ("", GONE, kept["bens"])
    texts = {passage.id: passage.text for passage in volume.passages}
    assert texts[kept["own"]] == texts[kept["refined"]] == GONE
    assert texts[kept["opening"]] == "One."
    everything = repr(volume)
    assert [word for word in ("Grandmother", "silver", "Rex", "Ann") if word in everything] == []
    assert "The dog slept" in texts[kept["bens"]]
    assert {passage.id: passage.parent for passage in volume.passages}[kept["bens"]] == kept["own"]
    assert (people, left, stale) == (["Ben"], 1, ["with ann"])


def test_stories_told_alone_with_the_bot_go_with_who_told_them(library: Library, kept) -> None:
    with library.begin() as tx:
        alone = a_session(tx, chat="ann's own", private=True)
        shared = a_story(tx, alone, title="Shared")
        only = a_story(tx, alone, title="Alone")
        group = a_session(tx)
        tx.open_story(group.place, shared.id)
        tx._db.execute(insert(shelf), {"place": group.place, "story": shared.id})
        assert tx.forget_person(kept["ann"]).stories == 1
        assert tx.story(only.id) is None
        assert tx.story(shared.id) is not None


def test_a_forgotten_person_who_comes_back_is_somebody_new(library: Library, kept) -> None:
    with library.begin() as tx:
        tx.forget_person(kept["ann"])
        back = a_session(tx, now=later(5))
        assert back.joined == NOW + timedelta(minutes=5)
        known = tx.personal_data(back.author)
    assert known["written"] == known["ratings"] == known["premises"] == []


def test_a_title_of_the_narrator_s_own_words_stays(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        story = a_story(tx, ann, title="The Singing Shell", premise="My cat Tom gets lost.")
        _, story = wrote(tx, story, ann.author, "One.", parent=None, origin=Origin.OPENED)
        tx.forget_person(ann.author)
        kept = tx.story(story.id)
        asked = tx._db.scalars(select(passages.c.provenance)).one()
    assert kept is not None
    assert (kept.title, kept.premise) == ("The Singing Shell", "")
    assert asked["wish"] == ""
