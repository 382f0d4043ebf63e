import pytest

from core.errors import LoraRefused
from core.storage.consent import Consent
from core.storage.library import Library, Transaction
from core.storage.loras import LoraState, NewLora
from core.story.model import Origin, Preset, Provenance
from tests.core.storage.steps import NOW, a_session, a_story, later


def a_lora(tx: Transaction, name: str, *, scope: int = 0, dataset: str | None = None, **facts):
    new = NewLora(
        name=name,
        scope=scope,
        base="starter",
        base_hash="b",
        hash=f"hash of {name}",
        folder=f"loras/{name}",
        parent=facts.pop("parent", None),
        run=None,
        dataset=dataset,
        facts=facts,
    )
    return tx.add_lora(new, now=NOW)


def test_a_candidate_is_in_the_registry_once_however_often_it_is_handed_in(library) -> None:
    with library.begin() as tx:
        first = a_lora(tx, "one", rank=8)
        assert a_lora(tx, "one") == first
        assert (first.state, first.facts, first.hash) == (
            LoraState.CANDIDATE,
            {"rank": 8},
            "hash of one",
        )
        assert tx.loras() == [first]
        tx.note_evaluation("one", measures={"win": 0.7}, reasons=("better",), report="r.html")
        found = tx.lora("one")
        assert (found.measures, found.reasons, found.report) == (
            {"win": 0.7},
            ("better",),
            "r.html",
        )
        tx.reject_lora("one", now=later(1))
        assert (tx.lora("one").state, tx.lora("one").decided) == (LoraState.REJECTED, later(1))


def test_one_lora_of_a_scope_is_live_and_a_rollback_brings_the_one_before(library) -> None:
    with library.begin() as tx:
        for name in ("one", "two"):
            a_lora(tx, name)
            tx.promote_lora(name, now=NOW)
        a_lora(tx, "group's own", scope=7)
        tx.promote_lora("group's own", now=NOW)
        assert tx.promote_lora("two", now=NOW).replaced == "one"
        live = {scope: lora.name for scope, lora in tx.live_loras().items()}
        assert live == {0: "two", 7: "group's own"}
        assert tx.lora("one").state is LoraState.RETIRED
        assert tx.roll_back(0, now=NOW).name == "one"
        assert tx.lora("two").state is LoraState.RETIRED
        assert tx.roll_back(0, now=NOW) is None
        assert set(tx.live_loras()) == {7}
        with pytest.raises(LoraRefused, match="nothing to roll back"):
            tx.roll_back(0, now=NOW)


def test_a_lora_that_is_not_there_is_refused_by_name(library: Library) -> None:
    with library.begin() as tx, pytest.raises(LoraRefused, match="no LoRA 'nobody'"):
        tx.promote_lora("nobody", now=NOW)


def test_a_stale_lora_goes_live_neither_by_promotion_nor_by_rollback(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        run = tx.open_run(scope=0, recipe="kto", settings={}, now=NOW)
        tx.keep_dataset(
            run.id, hash="d", folder="d", rows=1, authors=[ann.author], places=[], now=NOW
        )
        a_lora(tx, "clean")
        a_lora(tx, "learned from ann", dataset="d")
        a_lora(tx, "begun with it", parent="learned from ann")
        for name in ("clean", "learned from ann", "begun with it"):
            tx.promote_lora(name, now=NOW)
        tx.promote_lora("learned from ann", now=NOW)
        tx.set_consent(ann.author, Consent.NOTHING, now=NOW)
        assert [lora.stale for lora in tx.loras()] == [True, True, False]
        for name in ("begun with it",):
            with pytest.raises(LoraRefused, match="taken back"):
                tx.promote_lora(name, now=NOW)
            with pytest.raises(LoraRefused, match="stale"):
                tx.begin_trial(name, share=0.5, now=NOW)
        # It went live twice, so the way back leads round to itself; it ends at the model as it is.
        assert tx.roll_back(0, now=NOW) is None


def test_a_trial_hears_what_was_rated_of_both_since_it_began(library: Library) -> None:
    with library.begin() as tx:
        ann, ben = a_session(tx), a_session(tx, author="ben")
        a_lora(tx, "one")
        a_lora(tx, "two")
        tx.promote_lora("one", now=NOW)
        with pytest.raises(LoraRefused, match="live already"):
            tx.begin_trial("one", share=0.5, now=NOW)
        assert tx.trial() is None
        trial = tx.begin_trial("two", share=0.25, now=NOW)
        assert (trial.champion, trial.challenger, trial.share) == ("one", "two", 0.25)
        story = a_story(tx, ann)
        for lora, minute in (("one", 1), ("two", 2), (None, 3), ("two", -1)):
            passage, story = tx.add_passage(
                story,
                parent=story.head,
                text="Text.",
                origin=Origin.CONTINUED,
                author=ann.author,
                provenance=Provenance("starter", lora, 1, Preset.LIVELY),
                recap="",
                now=later(minute),
            )
            tx.rate(passage.id, ann.author, 1, now=later(minute))
            tx.rate(passage.id, ben.author, -1, now=later(minute))
        heard = [(one.lora, one.author == ann.author, one.value) for one in tx.heard(trial)]
        assert heard == [("one", True, 1), ("one", False, -1), ("two", True, 1), ("two", False, -1)]
        tx.promote_lora("two", now=later(9))
        assert tx.trial() is None
