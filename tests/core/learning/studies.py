"""Studies for tests: a library full of judgements, and a school that is quick and real on disk."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from core.learning import dataset as datasets
from core.learning.files import CONFIG, WEIGHTS
from core.learning.plan import (
    Decision,
    Evaluation,
    LearningSettings,
    Measure,
    Progress,
    School,
    Tell,
    Trained,
)
from core.learning.run import Study
from core.storage.library import Library
from core.story.model import Origin, Preset, Provenance, Style

LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    """Days after everybody joined; a second later each time somebody looks."""

    def __init__(self) -> None:
        self.now = LONG_AGO + timedelta(days=9)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Pupil:
    """Learns by counting rows; keeps its place in a file, so that a killed lesson goes on."""

    steps: int = 5
    better: bool = True
    lessons: list[int] = field(default_factory=list)  # the step each lesson began at
    beaten: list[Path | None] = field(default_factory=list)  # what it was measured against

    def train(self, settings: LearningSettings, dataset: Path, out: Path, tell: Tell) -> Trained:
        """Write a LoRA whose numbers come from the dataset."""
        rows = len(datasets.load(dataset))
        out.mkdir(parents=True, exist_ok=True)
        place = out / "step"
        begin = int(place.read_text()) if place.exists() else 0
        self.lessons.append(begin)
        for step in range(begin, self.steps):
            tell(Progress("training", step + 1, self.steps, 1 / (step + 1), 0.1))
            part = out / "step.part"
            part.write_text(str(step + 1))
            part.replace(place)
        folder = out / "lora"
        folder.mkdir(exist_ok=True)
        (folder / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 1, "lora_alpha": 1}))
        save_file({"rows": torch.full((1, 4), float(rows))}, folder / WEIGHTS)
        return Trained(folder, {"rank": settings.rank, "rows": rows})

    def evaluate(
        self,
        settings: LearningSettings,
        dataset: Path,
        trained: Trained,
        live: Path | None,
        out: Path,
        tell: Tell,
    ) -> Evaluation:
        """Measure what it was told to measure."""
        del settings, dataset, tell
        assert (trained.folder / WEIGHTS).is_file()
        self.beaten.append(live)
        out.mkdir(parents=True, exist_ok=True)
        report = out / "report.html"
        report.write_text("<h1>Report</h1>", encoding="utf-8")
        win = 0.7 if self.better else 0.4
        return Evaluation((Measure("win rate", None, win, win - 0.1, win + 0.1),), report)

    def decide(self, evaluation: Evaluation, settings: LearningSettings) -> Decision:
        """Compare the win rate's lower bound with the margin."""
        (win,) = evaluation.measures
        promote = win.low > settings.margin
        return Decision(promote, (f"the win rate is at least {win.low:.2f}",))

    @property
    def school(self) -> School:
        """The pupil's school."""
        return School(self.train, self.evaluate, self.decide)


def a_study(library: Library, data: Path, pupil: Pupil, **changes: Any) -> Study:
    """A study over a library, with a base model that is a file."""
    base = data / "base"
    base.mkdir(parents=True, exist_ok=True)
    (base / "model.safetensors").write_bytes(b"base")
    given: dict[str, Any] = {
        "library": library,
        "data": data,
        "base": base,
        "prompt": repr,
        "school": pupil.school,
        "settings": LearningSettings(recipe="kto"),
        "clock": Clock(),
        "minimum": 20.0,
    }
    return Study(**given | changes)


def judge(library: Library, *, stories: int = 40, author: str = "ann") -> int:
    """Stories of two takes each, rated and picked by one person; return their id."""
    now = LONG_AGO
    with library.begin() as tx:
        session = tx.session(
            platform="test",
            chat="group",
            topic="",
            private=False,
            author=author,
            name=author.title(),
            language="en",
            now=now,
        )
        for number in range(stories):
            story = tx.begin_story(session=session, title="", premise="", style=Style(), now=now)
            ids = []
            for take in range(2):
                passage, story = tx.add_passage(
                    story,
                    parent=None,
                    text=f"{author} {number} {take} went to the sea.",
                    origin=Origin.OPENED,
                    author=session.author,
                    provenance=Provenance("starter", None, take, Preset.LIVELY),
                    recap="",
                    now=now,
                )
                ids.append(passage.id)
            tx.rate(ids[0], session.author, 1, now=now)
            tx.rate(ids[1], session.author, -1, now=now)
            tx.note_pick(ids[0], ids[1:], session.author, how="pick", now=now)
    return session.author
