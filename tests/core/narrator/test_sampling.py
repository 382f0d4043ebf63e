"""How long a passage is to be, and how boldly it is written."""

import pytest

from core.narrator.narrator import Assignment, Mode
from core.narrator.sampling import PRESETS, measure, sampling
from core.story.model import Length, Preset


def asked(mode: Mode, *, length: Length = Length.MEDIUM, wish: str = "") -> Assignment:
    return Assignment(mode, seed=1, length=length, wish=wish)


@pytest.mark.parametrize("mode", [Mode.OPEN, Mode.CONTINUE, Mode.FINISH])
def test_longer_lengths_measure_longer(mode: Mode) -> None:
    short, medium, long = (measure(asked(mode, length=length), 0, 512) for length in Length)
    assert short.most < medium.most < long.most
    assert all(each.least < each.target <= each.most for each in (short, medium, long))


def test_a_small_window_has_shorter_passages() -> None:
    assert measure(asked(Mode.CONTINUE), 0, 256).most == 70
    assert measure(asked(Mode.CONTINUE), 0, 1024) == measure(asked(Mode.CONTINUE), 0, 512)


@pytest.mark.parametrize("draft", [0, 1, 20, 100, 400])
@pytest.mark.parametrize("wish", ["", "polish", "shorter", "LONGER please"])
def test_a_refined_passage_is_about_as_long_as_its_draft(draft: int, wish: str) -> None:
    found = measure(asked(Mode.REFINE, wish=wish), draft, 512)
    assert found.least <= found.target <= found.most <= 512 // 3
    assert found.least < found.most


def test_calm_is_bolder_than_none_and_wild_the_boldest() -> None:
    calm, lively, wild = (PRESETS[preset].temperature for preset in Preset)
    assert calm < lively < wild
    assert sampling(Assignment(Mode.OPEN, seed=1, preset=Preset.WILD)) == PRESETS[Preset.WILD]
    assert sampling(Assignment(Mode.TITLE, seed=1, preset=Preset.WILD)).temperature == 0.6
    refined = {sampling(Assignment(Mode.REFINE, seed=1, preset=preset)) for preset in Preset}
    assert len(refined) == 1
