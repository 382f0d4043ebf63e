"""The report says what the gate decided, why, and what each number means."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.learning import meaning, promotion, report
from core.learning.plan import Facts, LearningSettings, Measure, Trained

SETTINGS = LearningSettings()
FINE = (
    Measure(promotion.WIN_RATE, None, 0.7, 0.6, 0.8),
    Measure(promotion.LOSS, 2.0, 2.02, 2.0, 2.04),
    Measure(promotion.DISTINCT, 0.6, 0.59, 0.57, 0.61),
    Measure(promotion.EDITED, 0.5, 0.6, 0.5, 0.7),
)


def page_of(found: tuple[Measure, ...], folder: Path) -> str:
    facts: Facts = {"recipe": "sft", "strength": 0.85, "story loss": 0.00994, "curves": "{}"}
    told = [("open", "old", "new")]
    trained = Trained(folder / "lora-7", facts)
    return report.write(folder / "report.html", found, trained, told, SETTINGS).read_text("utf-8")


def test_what_the_gate_decides_stands_first_with_its_reasons(tmp_path: Path) -> None:
    page = page_of(FINE, tmp_path)
    assert page.index("lora-7") < page.index("The gate lets it go live.") < page.index("<table>")
    assert "it is preferred in 70% (at least 60%)" in page
    bad = (FINE[0], replace(FINE[1], new=2.2), *FINE[2:])
    page = page_of(bad, tmp_path)
    assert "The gate does not let it go live." in page
    assert "story loss got worse by 10.0 %" in page
    assert page.count("✗") == 1


def test_every_measure_that_the_gate_looks_at_says_what_is_allowed(tmp_path: Path) -> None:
    page = page_of(FINE, tmp_path)
    assert "all of it above 0.500" in page
    assert "at most 2.030" in page
    assert "at least 0.570" in page
    assert page.count("✓") == 3  # the distance of edits decides nothing


def test_every_measure_of_the_gate_has_its_meaning_in_words() -> None:
    named = {promotion.WIN_RATE, *promotion.limits(SETTINGS)}
    for name in named:
        words = meaning.table([Measure(name, 0.5, 0.5, 0.4, 0.6)], SETTINGS)
        assert re.search(r"<small>\w.{20,}</small>", words), name


@pytest.mark.parametrize("name", [promotion.LOSS, promotion.SAFE])
def test_the_worst_value_is_the_one_at_which_the_gate_changes_its_mind(name: str) -> None:
    limit = promotion.limits(SETTINGS)[name]
    one = Measure(name, 0.9, 0.9, 0.8, 1.0)
    edge = meaning.worst(one, SETTINGS)
    assert edge is not None
    assert limit.fall(replace(one, new=edge)) == pytest.approx(limit.worst)
    assert meaning.forbidden_above(one, SETTINGS) is (name == promotion.LOSS)


def test_facts_read_as_a_person_would_write_them(tmp_path: Path) -> None:
    page = page_of(FINE, tmp_path)
    assert "<td>share of the change that was kept<td>85%" in page
    assert "+0.99%" in page
    assert "an opening without a premise" in page


def test_what_nobody_knows_is_called_unknown(tmp_path: Path) -> None:
    page = page_of((Measure(promotion.WIN_RATE, None, math.nan, math.nan, math.nan),), tmp_path)
    assert "unknown to unknown" in page
    assert "nobody can say whether it is better" in page
