"""The comparison with an echo comes to its end on both platforms."""

from argparse import Namespace
from types import ModuleType

import pytest

from tests.benchmarks import bench_discord, bench_telegram, platforms

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("bench", [bench_telegram, bench_discord])
async def test_both_bots_answer_every_time(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[platforms.Answers] = []
    compared = platforms.compared

    def noted(*answers: platforms.Answers) -> platforms.Found:
        timed.extend(answers)
        return compared(*answers)

    for name, value in {"ROUNDS": 1, "WARMING": 1, "TURNS": 3, "PATIENCE": 20.0}.items():
        monkeypatch.setattr(platforms, name, value)
    monkeypatch.setattr(platforms, "compared", noted)
    await bench.own(Namespace())
    assert [len(answers.milliseconds) for answers in timed] == [3, 3]
