import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from core.errors import LearningError, LoraRefused, TooLittle
from core.learning import dataset as datasets
from core.learning import files
from core.learning.plan import Progress
from core.learning.run import learn
from core.storage.consent import Consent
from core.storage.database import open_database
from core.storage.library import Library
from core.storage.loras import LoraState
from core.storage.runs import EVERYBODY, RunState
from tests.core.learning.studies import LONG_AGO, Pupil, a_study, judge


@pytest.fixture
def library(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    yield Library(database)
    database.close()


def test_a_run_goes_from_feedback_to_a_live_lora(library: Library, tmp_path: Path) -> None:
    judge(library)
    told: list[Progress] = []
    pupil = Pupil()
    learned = learn(a_study(library, tmp_path, pupil, tell=told.append))
    assert learned.promoted
    with library.begin() as tx:
        live = tx.live_loras()[EVERYBODY]
        (run,) = tx.runs(5)
    assert (live.name, live.state, live.parent) == (f"lora-{run.id}", LoraState.LIVE, None)
    assert (run.state, run.dataset) == (RunState.DONE, live.dataset)
    assert run.outcome == f"{live.name} went live: the win rate is at least 0.60"
    assert files.check(live, tmp_path) == tmp_path / "loras" / live.name
    assert live.base_hash == files.sha256(tmp_path / "base" / "model.safetensors")
    assert live.environment["torch"] != "not installed"
    assert live.measures["win rate"]["new"] == 0.7
    assert learned.report is not None
    assert learned.report.is_file()
    assert [progress.phase for progress in told] == ["collecting", *["training"] * 5, "evaluating"]
    assert pupil.beaten == [None]
    sums = (tmp_path / "loras" / live.name / "SHA256SUMS").read_text()
    assert live.hash in sums


def test_a_worse_lora_is_kept_with_the_reasons_and_what_is_live_stays(library, tmp_path) -> None:
    judge(library)
    first = learn(a_study(library, tmp_path, Pupil()))
    pupil = Pupil(better=False)
    second = learn(a_study(library, tmp_path, pupil))
    assert not second.promoted
    assert second.lora.state is LoraState.REJECTED
    assert second.lora.reasons == ("the win rate is at least 0.30",)
    assert pupil.beaten == [tmp_path / first.lora.folder]
    with library.begin() as tx:
        assert tx.live_loras()[EVERYBODY].name == first.lora.name


def test_with_too_little_feedback_it_says_how_much_is_missing(library, tmp_path) -> None:
    judge(library, stories=2)
    with pytest.raises(
        TooLittle, match=r"6 ratings.* count for 6\.0 of the 20 .* 14\.0 are missing"
    ):
        learn(a_study(library, tmp_path, Pupil()))
    study = a_study(library, tmp_path, Pupil(), minimum=1.0)
    with pytest.raises(TooLittle, match="No story that was judged falls on the side for"):
        learn(study)
    with library.begin() as tx:
        assert {run.state for run in tx.runs(5)} == {RunState.FAILED}
        assert tx.loras() == []


def test_newcomers_do_not_bring_a_run_about(library: Library, tmp_path: Path) -> None:
    judge(library)
    study = a_study(library, tmp_path, Pupil(), clock=lambda: LONG_AGO)
    with pytest.raises(TooLittle, match=r"120 ratings.* count for 12\.0"):
        learn(study)


def test_who_is_forgotten_is_not_in_the_next_lora_nor_in_any_file(library, tmp_path) -> None:
    judge(library, author="ben")
    ann = judge(library, author="ann")
    first = learn(a_study(library, tmp_path, Pupil())).lora
    with library.begin() as tx:
        tx.forget_person(ann)
        assert tx.lora(first.name).stale
    with pytest.raises(LoraRefused), library.begin() as tx:
        tx.promote_lora(first.name, now=LONG_AGO)
    rebuilt = learn(a_study(library, tmp_path, Pupil())).lora
    assert rebuilt.state is LoraState.LIVE
    assert not rebuilt.stale
    assert not (tmp_path / first.folder).exists()
    (folder,) = (tmp_path / "datasets").iterdir()
    written = "".join(file.read_text() for file in folder.rglob("*.jsonl"))
    assert "ben 1" in written
    assert "ann " not in written
    rows = load_file(tmp_path / rebuilt.folder / files.WEIGHTS)["rows"][0, 0]
    assert rows == len(datasets.load(folder))


def test_what_is_to_go_anyway_is_not_what_the_next_one_has_to_beat(library, tmp_path) -> None:
    """It learned from more people, and would keep the rebuilt one from going live."""
    judge(library, author="ben")
    clean = learn(a_study(library, tmp_path, Pupil())).lora
    ann = judge(library, author="ann")
    spoilt = learn(a_study(library, tmp_path, Pupil())).lora
    with library.begin() as tx:
        tx.forget_person(ann)
        assert tx.live_loras()[0].name == spoilt.name
    pupil = Pupil()
    learn(a_study(library, tmp_path, pupil))
    assert pupil.beaten == [tmp_path / clean.folder]


@pytest.mark.parametrize("better", [True, False])
def test_a_lora_of_somebody_forgotten_goes_even_where_none_takes_its_place(
    library: Library, tmp_path: Path, *, better: bool
) -> None:
    """Too little is left to learn from, or the new one is not better."""
    if not better:
        judge(library, author="ben")
    ann = judge(library, author="ann")
    first = learn(a_study(library, tmp_path, Pupil())).lora
    with library.begin() as tx:
        tx.set_consent(ann, Consent.NOTHING, now=LONG_AGO)
    if better:
        with pytest.raises(TooLittle):
            learn(a_study(library, tmp_path, Pupil()))
    else:
        learn(a_study(library, tmp_path, Pupil(better=False)))
    with library.begin() as tx:
        assert tx.live_loras() == {}
    assert not (tmp_path / first.folder).exists()


def test_what_is_taken_back_while_it_is_learned_does_not_go_live(library, tmp_path) -> None:
    judge(library, author="ben")
    ann = judge(library, author="ann")

    def forget(progress: Progress) -> None:
        if progress.phase == "evaluating":
            with library.begin() as tx:
                tx.forget_person(ann)

    learned = learn(a_study(library, tmp_path, Pupil(), tell=forget))
    assert not learned.promoted
    with library.begin() as tx:
        assert tx.live_loras() == {}


def test_a_group_s_own_lora_learns_from_its_place_alone(library, tmp_path) -> None:
    judge(library)
    common = learn(a_study(library, tmp_path, Pupil())).lora
    with library.begin() as tx:
        (place,) = tx.glean().stories[0].places
    pupil = Pupil()
    study = a_study(library, tmp_path, pupil, scope=place)
    start = tmp_path / common.folder
    study = replace(study, settings=replace(study.settings, start=start))
    own = learn(study).lora
    assert (own.scope, own.parent) == (place, common.name)
    assert pupil.beaten == [start]
    with library.begin() as tx:
        assert set(tx.live_loras()) == {EVERYBODY, place}


def test_a_second_run_at_once_is_refused_and_a_dead_one_s_place_is_taken(library, tmp_path) -> None:
    judge(library)
    study = a_study(library, tmp_path, Pupil())
    now = study.clock()
    later = now.replace(year=2027)
    with library.begin() as tx:
        tx.take_lease("learning", "elsewhere:1", until=later, now=now)
    with pytest.raises(LearningError, match=r"learning already \(elsewhere:1\)"):
        learn(study)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with library.begin() as tx:
        tx.drop_lease("learning", "elsewhere:1")
        holder = f"{os.uname().nodename}:{dead.pid}"
        tx.take_lease("learning", holder, until=later, now=now)
    assert learn(study).promoted


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(library)

    def full(*_paths: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(LearningError, match="disk is full; free some space"):
            learn(a_study(library, tmp_path, Pupil()))
    assert list((tmp_path / "loras").iterdir()) == []
    assert list((tmp_path / "runs").iterdir()) == []
    with library.begin() as tx:
        assert tx.runs(1)[0].state is RunState.FAILED
        assert tx.loras() == []
    assert learn(a_study(library, tmp_path, Pupil())).promoted


def test_whatever_breaks_is_kept_with_the_run(library: Library, tmp_path: Path) -> None:
    judge(library)
    pupil = Pupil()

    def breaks(progress: Progress) -> None:
        if progress.step == 2:
            raise RuntimeError("a wire came loose")

    with pytest.raises(RuntimeError):
        learn(a_study(library, tmp_path, pupil, tell=breaks))
    with library.begin() as tx:
        (run,) = tx.runs(5)
    assert run.state is RunState.FAILED
    assert "a wire came loose" in run.outcome


def test_a_broken_off_run_goes_on_where_it_was(library: Library, tmp_path: Path) -> None:
    judge(library)
    pupil = Pupil()

    def stops(progress: Progress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(a_study(library, tmp_path, pupil, tell=stops))
    learned = learn(a_study(library, tmp_path, pupil))
    assert pupil.lessons == [0, 3]
    assert learned.promoted
    with library.begin() as tx:
        assert len(tx.runs(5)) == 1


def test_a_broken_off_run_with_other_settings_is_begun_anew(library, tmp_path) -> None:
    judge(library)

    def stops(progress: Progress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(a_study(library, tmp_path, Pupil(), tell=stops))
    study = a_study(library, tmp_path, Pupil())
    learn(replace(study, settings=replace(study.settings, rank=4)))
    with library.begin() as tx:
        assert [run.state for run in tx.runs(5)] == [RunState.DONE, RunState.FAILED]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["2"]


def test_what_a_killed_run_left_half_written_is_swept_away(library: Library, tmp_path) -> None:
    judge(library)
    halves = ("datasets/.ab12.77.part", "loras/.lora-1.part", "runs/1/training/lora.writing")
    for half in halves:
        (tmp_path / half).mkdir(parents=True)
    kept = tmp_path / "datasets" / "imported" / ".faq.78.part"  # somebody may be writing it
    kept.mkdir(parents=True)
    (tmp_path / "runs" / "1" / "told.writing").touch()
    learn(a_study(library, tmp_path, Pupil()))
    assert not any((tmp_path / half).exists() for half in halves)
    assert not (tmp_path / "runs" / "1" / "told.writing").exists()
    assert kept.is_dir()


def test_a_dataset_is_noted_before_it_is_written(library, tmp_path, monkeypatch) -> None:
    """Else texts that somebody takes back could lie in a folder that nobody knows."""
    judge(library)

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(datasets, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            learn(a_study(library, tmp_path, Pupil()))
    with library.begin() as tx:
        (run,) = tx.open_runs()
    assert run.dataset is not None
    assert learn(a_study(library, tmp_path, Pupil())).lora.dataset == run.dataset


def test_the_files_of_a_lora_are_checked(library: Library, tmp_path: Path) -> None:
    judge(library)
    lora = learn(a_study(library, tmp_path, Pupil())).lora
    weights = tmp_path / lora.folder / files.WEIGHTS
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(LoraRefused, match="its hash differs"):
        files.check(lora, tmp_path)
    weights.unlink()
    with pytest.raises(LoraRefused, match="rollback"):
        files.check(lora, tmp_path)


def test_an_imported_dataset_is_learned_from_as_it_is(library: Library, tmp_path: Path) -> None:
    rows = {"sft": [{"prompt": f"q{n}", "completion": f"a{n}"} for n in range(40)]}
    folder = datasets.write(datasets.licensed("faq", rows, "CC0-1.0"), tmp_path / "faq")
    learned = learn(a_study(library, tmp_path, Pupil(), dataset=folder))
    assert learned.lora.facts["rows"] == 40
    assert learned.lora.dataset is None
