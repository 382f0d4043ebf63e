from core.storage.library import Library
from core.storage.runs import EVERYBODY, RunState
from tests.core.storage.steps import NOW, a_session, later


def test_a_lease_is_held_by_one_until_it_ends_or_is_dropped(library: Library) -> None:
    with library.begin() as tx:
        for holder, minute, until, held in (
            ("one", 0, 5, "one"),
            ("two", 1, 6, "one"),
            ("one", 4, 9, "one"),
            ("two", 8, 12, "one"),
            ("two", 9, 14, "two"),
            ("one", 10, 15, "two"),
        ):
            taken = tx.take_lease("learning", holder, until=later(until), now=later(minute))
            assert (taken, minute) == (held, minute)
        tx.drop_lease("learning", "one")
        assert tx.take_lease("learning", "one", until=later(20), now=later(11)) == "two"
        tx.drop_lease("learning", "two")
        assert tx.take_lease("learning", "one", until=later(20), now=later(11)) == "one"
        assert tx.take_lease("another", "two", until=later(20), now=later(11)) == "two"


def test_a_run_is_recorded_from_beginning_to_end(library: Library) -> None:
    with library.begin() as tx:
        run = tx.open_run(scope=EVERYBODY, recipe="kto", settings={"rank": 8}, now=NOW)
        assert (run.state, run.dataset, run.ended) == (RunState.OPEN, None, None)
        ann = a_session(tx)
        for _ in range(2):
            tx.keep_dataset(
                run.id,
                hash="abc",
                folder="datasets/abc",
                rows=12,
                authors=[ann.author],
                places=[ann.place],
                now=NOW,
            )
        tx.note_progress(run.id, {"step": 3, "loss": 2.5}, now=later(1))
        (found,) = tx.open_runs()
        assert (found.dataset, found.progress, found.seen) == (
            "abc",
            {"step": 3, "loss": 2.5},
            later(1),
        )
        assert tx.learned_until(EVERYBODY) is None
        tx.close_run(run.id, RunState.DONE, "promoted", now=later(2))
        assert tx.open_runs() == []
        assert tx.learned_until(EVERYBODY) == NOW
        assert tx.learned_until(7) is None
        (done,) = tx.runs(5)
        assert (done.state, done.outcome, done.ended) == (RunState.DONE, "promoted", later(2))
        tx.set_place_learns(ann.place, learn=False, now=later(3))
        (stale,) = tx.stale_datasets()
        assert (stale.hash, stale.folder, stale.rows) == ("abc", "datasets/abc", 12)
        tx.drop_dataset("abc")
        assert tx.stale_datasets() == []
        assert tx.runs(1)[0].dataset is None
