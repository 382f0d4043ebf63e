"""A person at a terminal, or a script, tells stories with nothing but lines."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from core.errors import NarratorError
from tests.adapters.terminal.conftest import ME, Desk
from tests.fakes import StandInNarrator

NEW = "/new A lighthouse keeper finds a shell"
LAMP = "Once there was a lamp."
TITLE = "Once there was a lamp"  # what a story is called that begins with it


def test_a_script_tells_a_story_line_by_line(desk: Desk) -> None:
    desk.narrator.upcoming.extend([LAMP, "Lamp", "It shone."])
    out = desk.pipe(NEW, "/continue", "A moth came.", "/undo")
    assert out.split("\n\n") == [
        "No story is told here yet. /new and a premise begins one.",
        "Lamp",
        LAMP,
        "It shone.",
        "A moth came.",
        "It shone.\none step back; /redo goes forward again",
        "",
    ]


def test_the_next_visit_opens_the_same_story(desk: Desk) -> None:
    desk.pipe(LAMP, "/title Lamp")
    assert desk.pipe() == f"Lamp\n\n{LAMP}\n\n"


def test_empty_lines_are_passed_over_and_quit_leaves(desk: Desk) -> None:
    assert desk.pipe("", "  ", "/quit", NEW).count("\n\n") == 1
    assert desk.narrator.assigned == []


def test_an_unknown_command_is_answered_with_a_way_out(desk: Desk) -> None:
    assert "I do not know /dance. /help lists what I know." in desk.pipe("/dance")


def test_the_terminal_speaks_its_persons_language(desk: Desk) -> None:
    out = desk.pipe("/dance", author=replace(ME, language="zh-cn"))
    assert "/dance" in out
    assert "I do not know" not in out


def test_a_question_is_answered_by_the_next_line(desk: Desk) -> None:
    out = desk.pipe("/new", "A cat who paints", "/continue")
    assert "What shall the story be about?" in out
    assert desk.narrator.assigned[0].premise == "A cat who paints"
    assert desk.prompts == ["> ", "? ", "> ", "> "]


def test_a_command_leaves_a_question_unanswered(desk: Desk) -> None:
    out = desk.pipe("/new", "/help", "A cat painted.")
    assert desk.narrator.assigned == []
    assert out.endswith("\nA cat painted.\n\n")


def test_a_number_stands_for_the_hint_that_had_it(desk: Desk) -> None:
    desk.pipe("First story.", NEW)
    out = desk.tty("/shelf", "/rate up", "/2")
    assert "\n  /2 2. First story\n" in out
    assert "here we are again" in out


def test_a_number_that_no_hint_had_is_refused(desk: Desk) -> None:
    desk.pipe("First story.")
    assert "“3” is not a number I can use." in desk.pipe("/shelf", "/3")
    assert "“0” is not a number I can use." in desk.pipe("/shelf", "/0")


def test_an_exported_story_is_written_and_imports_again(desk: Desk) -> None:
    out = desk.pipe(LAMP, "/title Lamp", "/export json")
    path = desk.folder / "Lamp.json"
    assert f"\n{path}\n" in out
    assert "imported" in desk.pipe(f"/import {path}")
    assert "Stories told here: 2." in desk.pipe("/shelf")


def test_a_file_that_cannot_be_read_is_named(desk: Desk) -> None:
    out = desk.pipe("/import /nowhere/story.json")
    assert "cannot be taken in: /nowhere/story.json: No such file or directory" in out


def test_an_import_without_a_file_is_told_how(desk: Desk) -> None:
    assert "Send a story that was exported as JSON" in desk.pipe("/import")


def test_a_folder_that_takes_no_export_is_named(desk: Desk) -> None:
    desk.folder.write_text("a file where the folder should be")
    assert f"\n{desk.folder}: File exists\n" in desk.pipe(LAMP, "/export md")


def test_a_person_sees_title_text_note_and_hints(desk: Desk) -> None:
    desk.narrator.upcoming.extend([LAMP, "Lamp", "It shone."])
    out = desk.tty(NEW, "/retry")
    assert f"\n  Lamp\n\n  {LAMP}\n\n  /continue   /retry Another take" in out
    assert out.endswith(
        "\n  It shone.\n\n  take 2 of 2\n"
        "  /continue   /retry Another take   /takes Takes (2)\n"
        "  /rate up 👍   /rate down 👎   /refine   /explain\n  /finish\n\n\n"
    )


def test_what_was_typed_is_not_shown_again(desk: Desk) -> None:
    assert LAMP not in desk.tty(LAMP)
    assert "  A moth came." in desk.tty("/edit A moth came.")


def test_an_export_is_told_by_its_path(desk: Desk) -> None:
    out = desk.tty(LAMP, "/title Lamp", "/export txt", width=40)
    assert f"\n  {desk.folder / 'Lamp.txt'}\n" in out


def press_ctrl_c(narrator: StandInNarrator, *, times: int) -> threading.Thread:
    """Have Ctrl-C pressed as soon as the narrator writes."""

    def press() -> None:
        while not narrator.writing:
            time.sleep(0.005)
        for _ in range(times):
            time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    return presser


def test_ctrl_c_stops_the_passage_and_the_story_goes_on(desk: Desk) -> None:
    desk.narrator.delay = 0.01
    desk.narrator.upcoming.extend(["word " * 500, "It shone."])
    presser = press_ctrl_c(desk.narrator, times=1)
    out = desk.tty(LAMP, "/continue", "/continue")
    presser.join()
    assert "\n  It shone.\n" in out
    assert "word" not in out
    assert desk.pipe() == f"{TITLE}\n\nIt shone.\n\n"


def test_ctrl_c_again_leaves_and_the_next_visit_tells_the_rest(desk: Desk) -> None:
    desk.narrator.delay = 30
    presser = press_ctrl_c(desk.narrator, times=2)
    with pytest.raises(KeyboardInterrupt):
        desk.pipe(LAMP, "/continue", "/continue")
    presser.join()
    desk.narrator.delay = 0
    desk.narrator.upcoming.append("It shone.")
    assert desk.pipe() == f"{TITLE}\n\nIt shone.\n\n"
    assert len(desk.narrator.assigned) == 2


def test_after_a_turn_ctrl_c_means_again_what_it_meant_before(desk: Desk) -> None:
    before = signal.getsignal(signal.SIGINT)
    desk.pipe(LAMP)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_narrator_that_stumbles_is_told_of_and_the_story_is_whole(desk: Desk) -> None:
    desk.narrator.upcoming.append(NarratorError("out of memory"))
    out = desk.pipe(LAMP, "/continue", "/show")
    assert "The narrator stumbled" in out
    assert out.endswith(f"\n\n{LAMP}\n\n")
