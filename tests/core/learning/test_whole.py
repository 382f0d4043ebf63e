import shutil

import pytest

from core.learning.whole import take_place


def test_a_kill_while_an_older_folder_is_deleted_leaves_the_new_one_whole(tmp_path, monkeypatch):
    part, folder = tmp_path / ".new.part", tmp_path / "data"
    for place, text in ((part, "new"), (folder, "old")):
        place.mkdir()
        (place / "rows").write_text(text)

    def killed(path, **_options):
        if path.exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            take_place(part, folder)
    assert (folder / "rows").read_text() == "new"
    left = [path.name for path in tmp_path.iterdir() if path != folder]
    assert left == [".data.old.part"], "which the next run sweeps away"


def test_the_old_folder_is_gone_and_so_is_the_part(tmp_path):
    part, folder = tmp_path / ".new.part", tmp_path / "data"
    for place in (part, folder):
        place.mkdir()
    (folder / "left over").touch()
    take_place(part, folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["data"]
