"""Commands end well, or in one clear line."""

from pathlib import Path

import pytest

from core.storage.database import HEAD
from core.story.export import FORMATS
from tests.bot.conftest import Shell


@pytest.fixture
def lamp(shell: Shell) -> Shell:
    """A shell in which one story has been told."""
    shell("play", lines="A lamp shone.\n/title The Lamp\n")
    return shell


def test_it_tells_its_version(shell: Shell) -> None:
    assert shell("--version").startswith("taleturn 20")


def test_alone_it_tells_what_it_can_do(shell: Shell) -> None:
    _, out, err = shell.ended()
    for command in "play run stories export import doctor pretrain db".split():
        assert command in out + err


def test_stories_are_listed_with_their_numbers(lamp: Shell) -> None:
    out = lamp("stories")
    assert [line.split()[:4] for line in out.splitlines()[1:]] == [["1", "The", "Lamp", "1"]]


def test_an_empty_shelf_says_how_to_begin(shell: Shell) -> None:
    assert "No stories yet; `taleturn play` begins one." in shell("stories")


@pytest.mark.parametrize("wanted", ["1", "The Lamp", "the l"])
def test_a_story_is_exported_by_number_or_title(lamp: Shell, wanted: str) -> None:
    assert lamp("export", wanted) == "The Lamp.md\n"
    assert "A lamp shone." in Path("The Lamp.md").read_text()


def test_a_story_put_away_can_still_be_exported(lamp: Shell) -> None:
    lamp("play", lines="/archive\n")
    assert "archived" in lamp("stories")
    assert lamp("export", "1") == "The Lamp.md\n"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written(lamp: Shell, form: str) -> None:
    assert lamp("export", "1", "--format", form) == f"The Lamp.{form}\n"
    assert Path(f"The Lamp.{form}").stat().st_size > 20


def test_an_export_goes_where_it_is_told(lamp: Shell) -> None:
    assert lamp("export", "1", "--format", "txt", "--out", "-").endswith("A lamp shone.\n")
    assert lamp("export", "1", "--out", "mine.md") == "mine.md\n"
    Path("shelf").mkdir()
    assert lamp("export", "1", "--out", "shelf") == "shelf/The Lamp.md\n"


def test_an_export_writes_over_nothing(lamp: Shell) -> None:
    assert [lamp("export", "1"), lamp("export", "1")] == ["The Lamp.md\n", "The Lamp-2.md\n"]
    assert "The Lamp.md: File exists; name another" in lamp.fails(
        "export", "1", "--out", "The Lamp.md"
    )


def test_an_export_of_nothing_known_says_what_there_is(lamp: Shell) -> None:
    assert "'2' is no story here; `taleturn stories` lists" in lamp.fails("export", "2")
    assert "'doc' is not one of txt, md, epub, pdf, json." in lamp.fails(
        "export", "1", "--format", "doc"
    )


def test_a_title_that_two_stories_have_is_not_enough(lamp: Shell) -> None:
    lamp("export", "1", "--format", "json")
    assert lamp("import", "The Lamp.json") == "“The Lamp” is on the shelf.\n"
    assert "'the lamp' is more than one story" in lamp.fails("export", "the lamp")


def test_letters_no_pdf_can_show_are_told_in_words(shell: Shell) -> None:
    shell("play", lines="𓂀𓂀𓂀\n")
    assert "refusal." not in shell.fails("export", "1", "--format", "pdf")


def test_a_file_that_is_no_story_is_refused(shell: Shell) -> None:
    Path("bad.json").write_text("[]")
    assert "no story exported as JSON" in shell.fails("import", "bad.json")
    assert "nowhere.json: No such file" in shell.fails("import", "nowhere.json")


def test_tables_go_up_and_down(shell: Shell) -> None:
    shell.data.mkdir()
    assert shell("db", "current") == "base\n"
    assert shell("db", "upgrade") == f"{HEAD}\n"
    assert shell("db", "downgrade", "base", "--yes") == "base\n"
    assert "unknown" in shell.fails("db", "upgrade", "unknown")


def test_going_down_asks_first(shell: Shell) -> None:
    shell("play", lines="A lamp shone.\n")
    assert shell.ended("db", "downgrade", "base", lines="n\n")[0] == 1
    assert "A lamp shone" in shell("stories")


def test_a_wrong_setting_stops_every_command(shell: Shell) -> None:
    Path("mine.toml").write_text("[narrator]\ndevise = 1\n")
    for command in ("play", "run", "stories", "doctor"):
        code, out, err = shell.ended(command, "--config", "mine.toml")
        assert code == 1
        assert "narrator.devise" in out + err


def test_a_training_goes_over_no_other(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").touch()
    said = shell.fails("pretrain", "--corpus", str(tmp_path), "--out", str(tmp_path))
    assert "checkpoint.pt holds a run already" in said


def test_run_without_a_platform_says_what_to_switch_on(shell: Shell) -> None:
    assert "No platform is switched on: write enabled = true" in shell.fails("run")


@pytest.mark.parametrize("name", ["telegram", "discord"])
def test_run_without_a_token_names_the_variable(shell: Shell, name: str) -> None:
    shell.monkeypatch.setenv(f"TALETURN__{name.upper()}__ENABLED", "true")
    assert f"TALETURN_{name.upper()}_TOKEN is not set" in shell.fails("run")
