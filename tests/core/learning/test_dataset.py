import errno
import json
from pathlib import Path

import pytest

from core.errors import LearningError
from core.learning import dataset as datasets_
from core.learning.dataset import SIDES, Dataset, Row, load, manifest, read, side_of, write
from core.narrator.narrator import Assignment, Mode

STORIES = {side: next(s for n in range(999) if side_of(s := f"s{n}") == side) for side in SIDES}


def a_dataset() -> Dataset:
    """One row of each kind on each side."""
    asked = Assignment(Mode.CONTINUE, 7, premise="A shell.", path=("One.", "Two."))
    rows: dict[tuple[str, str], tuple[Row, ...]] = {}
    for side, story in STORIES.items():
        told = {"story": story, "prompt": f"Once – “{side}”\n", "weight": 0.5}
        rows |= {
            ("sft", side): (told | {"completion": "Liked."},),
            ("kto", side): (told | {"completion": "Disliked.", "label": False},),
            ("dpo", side): (told | {"chosen": "Good.", "rejected": "Bad."},),
            ("asked", side): (
                {"story": story, "weight": 1.0, "assignment": datasets_.spelled(asked)},
            ),
        }
    return Dataset(rows)


def test_what_is_written_is_read_back_and_nothing_half_lies_beside_it(tmp_path: Path) -> None:
    folder = write(a_dataset(), tmp_path / "data")
    assert load(folder).rows == a_dataset().rows
    found = read(folder)
    (pair,) = found.validation.pairs
    assert (pair.chosen, pair.rejected, pair.weight) == ("Good.", "Bad.", 0.5)
    assert found.train.thumbs[0].liked is False
    assert found.test.liked[0].prompt == "Once – “test”\n"
    (asked,) = found.test.asked
    assert asked == Assignment(Mode.CONTINUE, 7, premise="A shell.", path=("One.", "Two."))
    assert manifest(folder)["rows"]["kto/train"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_it_is_written_over_an_older_one_whole(tmp_path: Path) -> None:
    folder = write(a_dataset(), tmp_path / "data")
    (folder / "left over.txt").touch()
    write(Dataset({}), folder)
    assert not (folder / "left over.txt").exists()
    assert len(load(folder)) == 0


def test_a_changed_or_broken_file_is_refused(tmp_path: Path) -> None:
    folder = write(a_dataset(), tmp_path / "data")
    file = folder / "dpo" / "train.jsonl"
    whole = file.read_text("utf-8")
    file.write_text(whole.replace("Good.", "Evil."), encoding="utf-8")
    with pytest.raises(LearningError, match="not what it was"):
        read(folder)
    file.write_text(whole[:-9], encoding="utf-8")
    with pytest.raises(LearningError, match="cannot be read"):
        read(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(LearningError, match="no dataset"):
        read(folder)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_hugging_face_loads_it_by_kind_and_side(tmp_path: Path, form: str) -> None:
    load_dataset = pytest.importorskip("datasets").load_dataset
    folder = write(a_dataset(), tmp_path / "data", form)
    found = load_dataset(str(folder), "dpo", cache_dir=str(tmp_path / "cache"))
    assert {side: len(rows) for side, rows in found.items()} == dict.fromkeys(SIDES, 1)
    assert found["train"][0]["chosen"] == "Good."
    assert found["train"][0]["prompt"] == "Once – “train”\n"


def test_a_full_disk_is_said_clearly_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_text

    def full(self: Path, text: str, **options: str) -> int:
        if self.name == "validation.jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(self, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(LearningError, match=r"cannot be written .*No space left.*free some space"):
        write(a_dataset(), tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_imported_rows_carry_their_licence(tmp_path: Path) -> None:
    given = {"sft": [{"prompt": f"q{n}", "completion": f"a{n}"} for n in range(40)]}
    found = datasets_.licensed("faq", given, "CC-BY-4.0")
    assert len(found) == 40
    assert {side for _, side in found.rows} == set(SIDES)
    folder = write(found, tmp_path / "d")
    row = json.loads((folder / "sft" / "train.jsonl").read_text("utf-8").splitlines()[0])
    assert (row["basis"], row["licence"]) == ("licence", "CC-BY-4.0")
