"""Logs tell what happened, in one line, and no secret."""

import json
import logging
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest

from bot import logs

TOKEN = "123:abc-def"  # noqa: S105  # an invented one, to look for


def test_a_line_of_json_holds_message_level_time_and_facts() -> None:
    out = StringIO()
    logs.to_stream("json", "info", [], out)
    logging.getLogger("core.session").info("turn", extra={"turn": 7, "outcome": "answered"})
    line = json.loads(out.getvalue())
    assert (line["event"], line["level"], line["turn"]) == ("turn", "info", 7)
    assert (line["logger"], line["outcome"]) == ("core.session", "answered")
    assert line["timestamp"].endswith("Z")


def test_a_line_for_people_has_no_colours_outside_a_terminal() -> None:
    out = StringIO()
    logs.to_stream("console", "info", [], out)
    logging.getLogger("core").info("turn %s", "done", extra={"turn": 7})
    assert "turn done" in out.getvalue()
    assert "turn=7" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def lose(premise: str) -> None:
    """Fail while a local variable holds what somebody wrote."""
    told = premise.title()
    raise ConnectionError(f"no answer to {len(told)} letters from /bot{TOKEN}")


def log_a_loss() -> None:
    try:
        lose("a shell that sings")
    except ConnectionError:
        logging.getLogger("adapters").exception("lost", extra={"url": f"/bot{TOKEN}"})


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_struck_out_of_messages_facts_and_tracebacks(
    form: Literal["console", "json"],
) -> None:
    out = StringIO()
    logs.to_stream(form, "info", [TOKEN, TOKEN[:3]], out)
    logging.getLogger("adapters").info("asked https://api/bot%s/getMe", TOKEN)
    log_a_loss()
    assert "no answer to 18 letters from /bot***" in out.getvalue()
    assert out.getvalue().count("***") >= 3
    assert TOKEN not in out.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_do_not_show_what_people_wrote(form: Literal["console", "json"]) -> None:
    out = StringIO()
    logs.to_stream(form, "info", [], out)
    log_a_loss()
    assert "lose" in out.getvalue()
    assert "Shell That Sings" not in out.getvalue()


def test_an_exception_is_one_line_of_json() -> None:
    out = StringIO()
    logs.to_stream("json", "info", [], out)
    log_a_loss()
    assert json.loads(out.getvalue())["exception"][0]["exc_type"] == "ConnectionError"


def test_what_is_below_the_level_is_left_out_and_libraries_are_kept_quiet() -> None:
    out = StringIO()
    logs.to_stream("json", "warning", [], out)
    logging.getLogger("core").info("quiet")
    logging.getLogger("httpx").info("POST /bot...")
    assert out.getvalue() == ""
    logs.to_stream("json", "debug", [], out)
    logging.getLogger("core").debug("heard")
    logging.getLogger("httpx").info("POST /bot...")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["heard"]


def test_a_log_file_is_made_when_there_is_something_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "taleturn.log"
    logs.to_file(file)
    logging.getLogger("core").info("nothing to worry about")
    assert not file.exists()
    logging.getLogger("core").warning("look here")
    assert "WARNING core: look here" in file.read_text()
