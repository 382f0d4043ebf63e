"""Real runs on a tiny model, in processes that can be killed: all parts are the real ones but one.

That one is who writes the passages to be compared: the narrator's guards refuse most of what
random weights write, and try again for a minute. Here they are sampled as they come.

    python -m tests.core.learning.lessons DATA     forks a run for each line it reads

A run is a process of its own, forked where everything is imported, so that it takes seconds and a
kill meets the run rather than its imports.
"""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from core.errors import LearningError
from core.learning import evaluation, training
from core.learning.examples import prompt_text
from core.learning.likelihood import with_lora
from core.learning.plan import LearningSettings, School
from core.learning.promotion import decide
from core.learning.run import Study, learn
from core.narrator.narrator import Assignment
from core.narrator.tokens import read_tokens
from core.storage.database import open_database
from core.storage.library import Library

MODEL = "model"  # a folder beside the stories
_WORDS = 12  # tokens of a passage


def a_lesson(library: Library, data: Path, **asked: object) -> Study:
    """A study of the real school, whose model stands in the data folder; nothing goes live."""
    base = data / MODEL
    tokens = read_tokens(base)
    window = json.loads((base / "config.json").read_text(encoding="utf-8"))["n_positions"]
    settings = LearningSettings(
        model=str(base), recipe="kto", rank=4, threads=1, passages=8, margin=0.99
    )
    return Study(
        library=library,
        data=data,
        base=base,
        prompt=lambda assignment: prompt_text(assignment, tokens, window),
        school=School(training.train, evaluation.evaluate, decide),
        settings=replace(settings, **asked),  # type: ignore[arg-type] # whatever a test asks for
        clock=lambda: datetime.now(UTC),
        minimum=20.0,
    )


@torch.inference_mode()
def sampled(
    assignments: Sequence[Assignment], model: str = "", lora: Path | None = None
) -> list[str]:
    """So many tokens for each, drawn from its seed."""
    if not assignments:
        return []
    tokens, loaded = read_tokens(Path(model)), with_lora(Path(model), lora)
    drawn = [torch.Generator().manual_seed(item.seed) for item in assignments]
    said = [torch.full((len(assignments), 1), tokens.end)]
    read = None
    for _ in range(_WORDS):
        out = loaded(input_ids=said[-1], past_key_values=read, use_cache=True)
        read, odds = out.past_key_values, out.logits[:, -1].softmax(-1)
        chosen = [
            torch.multinomial(row, 1, generator=rng) for row, rng in zip(odds, drawn, strict=True)
        ]
        said.append(torch.stack(chosen))
    return [
        b"".join(map(tokens.bytes_of, row)).decode(errors="replace")
        for row in torch.cat(said[1:], 1).tolist()
    ]


def _run(data: Path) -> None:
    """One run, or the rest of one."""
    database = open_database(f"sqlite:///{data / 'stories.db'}")
    try:
        learn(a_lesson(Library(database), data))
    except LearningError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 # a person may want to know
        os._exit(1)
    finally:
        database.close()
    os._exit(0)


def main(data: Path) -> None:
    """For each line fork a run, say its process, and when it has ended how."""
    warnings.simplefilter("ignore")
    evaluation.write = sampled  # type: ignore[attr-defined] # see the top
    print("ready", flush=True)  # noqa: T201 # the test reads it
    for _ in sys.stdin:
        process = os.fork()
        if not process:
            _run(data)
        print(process, flush=True)  # noqa: T201 # the same
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 # the same


if __name__ == "__main__":
    main(Path(sys.argv[1]))
