"""The demonstration plays to its end, every step seen on the servers; at no chat's pace here."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from adapters.telegram import adapter
from tests.adapters.telegram.running import FAST
from tests.demo import session
from tests.demo.__main__ import demonstrate
from tests.demo.session import NotSeen


def printed() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.mark.timeout(300)  # some ten seconds of computing, on a machine that may be busy
async def test_the_session_is_played_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "Tempo", lambda: FAST)
    console = printed()
    await demonstrate(console, tmp_path)
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    for words in (
        "Ann (Telegram): /new A lighthouse keeper finds a shell that sings",
        "Tom (Discord): /join code: ",
        "Tom, on Discord",
        "✎ ",
        "[A]  [B]  [C]",
        "only Ann sees it",
        "B won (A 0 · B 2 · C 1)",
        "one step back; /redo goes forward again · Lea, on Discord",
        "only Tom sees it",
        "The story so far, explained",
        "<picture>",
        ".epub",
        ".md",
    ):
        assert words in told, words
    assert "✗" not in told


async def test_a_step_that_is_not_seen_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "Tempo", lambda: FAST)
    monkeypatch.setattr(session, "PREMISE", "")  # the bot asks for one, and no story begins
    monkeypatch.setattr(session, "_PATIENCE", 0.5)
    with pytest.raises(NotSeen, match="the opening was not seen on Telegram"):
        await demonstrate(printed(), tmp_path)
