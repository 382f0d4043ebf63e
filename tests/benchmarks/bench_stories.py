"""How good the narrator's stories are, beside the goals: `make bench-stories`.

    python -m tests.benchmarks.bench_stories [--model DIR] [--baseline DIR] [--corpus DIR]

Prints a table and writes it, as JSON and Markdown, with a page of forty stories to read, to
tests/benchmarks/results/. As in a chat, a passage is the one of four takes that follows best from
what was asked; a column beside it has the first takes. All seeds are fixed: the same model gives
the same numbers.
"""

import argparse
import json
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer, GPT2LMHeadModel

from core.learning.corpus import MIXTURE, tales
from core.learning.validation import validation_bits
from core.narrator.asking import telling_words
from core.narrator.introducing import introduced
from core.narrator.narrator import Assignment, Mode
from core.narrator.tense import in_the_past
from core.story.model import Length
from tests.benchmarks import stories_asked as asked
from tests.benchmarks import stories_measures as measures
from tests.benchmarks.stories_teller import Teller, Told

_ROOT = Path(__file__).parents[2]
_STARTER = _ROOT / "core" / "narrator" / "starter"
_SHARED = Path(os.environ.get("TALETURN_SHARED", _ROOT.parent / "shared"))
_RESULTS = Path(__file__).parent / "results"
_CONTINUES = 5
_NO_DEEDS = ("was", "were", "had", "did", "could", "not")
_BEST_OF = 4  # as `learning.rerank`
_KEPT_IN = 2  # of the last passages: a name that is in them was kept
_ALL = 1_000_000
_SEEDS = range(1, 7)  # each tells the twenty premises once
_SET = 40  # stories among which different pairs of words are counted

# Goals for a model trained on two cores; ">" or "<" says which way is better.
GOALS = {
    "bits/char en_tinystories": "<= 0.60",
    "bits/char en_ccby": "<= 1.35",
    "endings reached": ">= 90 %",
    "sentences repeated": "<= 0.5 %",
    "repeated 4-grams": "<= 1.5 %",
    "distinct-2 over 40 stories": ">= 0.57",
    "words used": ">= 70 %",
    "mood obeyed": ">= 70 %",
    "8-grams also in the training text": "<= 15 %",
    "names kept through five continues": ">= 80 %",
    "premise words kept": "",
    "size, MB": "<= 32",
    "load time, s": "<= 0.5",
}
_PERCENT = tuple("endings sentences repeated words mood 8-grams names premise titles".split())


def main() -> None:
    """Measure the model, and the baseline when one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--corpus", type=Path, default=_SHARED / "corpus")
    options = parser.parse_args()
    torch.set_num_threads(1)
    memory = _memory(options.corpus)
    results = {
        name: measured(folder, options.corpus, memory, name, best_of)
        for name, folder, best_of in (
            ("model", options.model, _BEST_OF),
            ("first takes", options.model, 1),
            ("baseline", options.baseline, 1),
        )
        if folder
    }
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "stories.json").write_text(json.dumps(results, indent=2) + "\n")
    page = table(results)
    (_RESULTS / "stories.md").write_text(page)
    print(page)


def measured(
    folder: Path, corpus: Path, memory: measures.Memory, name: str, best_of: int
) -> dict[str, float]:
    """Every number of one model; its stories go to a page of their own."""
    teller = Teller(folder, best_of)
    try:
        return {
            **_read(folder, corpus),
            **_told(teller, memory, name),
            **_obeyed(teller),
            "size, MB": teller.megabytes,
            "load time, s": teller.seconds,
        }
    finally:
        teller.close()


def table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The numbers beside the goals."""
    head = ["what", *results, "goal on 2 cores"]
    names = dict.fromkeys(name for numbers in results.values() for name in numbers)
    lines = [
        [name, *(_shown(name, numbers[name]) for numbers in results.values()), GOALS.get(name, "")]
        for name in names
    ]
    ruled = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in ruled) + "\n"


def _shown(name: str, value: float) -> str:
    return f"{value:.1%}" if name.startswith(_PERCENT) else f"{value:.3g}"


def _memory(corpus: Path) -> measures.Memory:
    return measures.Memory(tale.text for pack in MIXTURE for tale in tales(pack, corpus))


def _read(folder: Path, corpus: Path) -> dict[str, float]:
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    bits = validation_bits(model, AutoTokenizer.from_pretrained(folder), corpus, _ALL)
    return {f"bits/char {pack}": value for pack, value in bits.items()}


def _told(teller: Teller, memory: measures.Memory, name: str) -> dict[str, float]:
    """A hundred and twenty stories: an opening and, asked for at once, its end."""
    openings = asked.openings(_SEEDS)
    opened = teller.tell(openings)
    ends = teller.tell(
        [
            asked.after(assignment, [told.text], Mode.FINISH, Length.MEDIUM)
            for assignment, told in zip(openings, opened, strict=True)
        ]
    )
    stories = list(_joined(opened, ends))
    premises = [assignment.premise for assignment in openings]
    _RESULTS.mkdir(exist_ok=True)
    page = "\n".join(
        measures.listed(
            f"*{premise}*\n\n{story}"
            for premise, story in zip(premises[:_SET], stories[:_SET], strict=True)
        )
    )
    (_RESULTS / f"stories-of-{name.replace(' ', '-')}.md").write_text(
        f"# Twenty premises, told twice\n\n{page}"
    )
    return {
        "endings reached": measures.share(told.ended for told in ends),
        "sentences repeated": measures.repeated_sentences(stories),
        "repeated 4-grams": measures.repeated_4_grams(stories),
        "distinct-2 over 40 stories": statistics.mean(
            measures.distinct_2(stories[at : at + _SET]) for at in range(0, len(stories), _SET)
        ),
        "8-grams also in the training text": memory.copied(stories),
        "premise words kept": _kept(premises, stories),
        "premise's deeds told": _deeds_told(premises, [told.text for told in opened]),
        "titles of the premise": _entitled(teller, openings, opened),
        "premise words kept, nobody named": _kept(
            [assignment.premise for assignment in asked.nameless()],
            [told.text for told in teller.tell(asked.nameless())],
        ),
    }


def _kept(premises: Sequence[str], stories: Sequence[str]) -> float:
    """The share of each premise's words that its story holds."""
    return measures.share(
        measures.uses(story, word)
        for premise, story in zip(premises, stories, strict=True)
        for telling in telling_words(premise)
        for word in telling.split()
    )


def _deeds_told(premises: Sequence[str], stories: Sequence[str]) -> float:
    """The share of each premise's verbs that its story tells in the past: "lost" of "loses"."""
    return measures.share(
        deed in measures.words(story)
        for premise, story in zip(premises, stories, strict=True)
        for deed in {*measures.words(in_the_past(introduced(premise)))}
        - {*measures.words(introduced(premise)), *_NO_DEEDS}
    )


def _entitled(teller: Teller, openings: Sequence[Assignment], opened: Sequence[Told]) -> float:
    """The share of titles that hold a word of their premise beside a name."""
    asking = [
        replace(assignment, mode=Mode.TITLE, path=(told.text,), recaps=("",))
        for assignment, told in zip(openings, opened, strict=True)
    ]
    return measures.share(
        any(
            measures.uses(title.text, word)
            for telling in telling_words(assignment.premise)
            for word in telling.split()
        )
        for assignment, title in zip(openings, teller.tell(asking), strict=True)
    )


def _joined(opened: list[Told], ends: list[Told]) -> Iterator[str]:
    for opening, end in zip(opened, ends, strict=True):
        yield f"{opening.text}\n\n{end.text}"


def _obeyed(teller: Teller) -> dict[str, float]:
    with_words = asked.with_words()
    used = [
        measures.uses(told.text, word)
        for assignment, told in zip(with_words, teller.tell(with_words), strict=True)
        for word in assignment.words
    ]
    openings = [told.text for told in teller.tell(asked.openings())]
    moods = asked.with_moods(openings)
    obeyed = [
        (assignment.mood, measures.mood_obeyed(told.text, assignment.mood))
        for assignment, told in zip(moods, teller.tell(moods), strict=True)
    ]
    return {
        "words used": measures.share(used),
        "mood obeyed": measures.share(was for _, was in obeyed),
        **{
            f"mood obeyed, {mood}": measures.share(
                was for asked_for, was in obeyed if asked_for == mood
            )
            for mood in asked.MOODS
        },
        "names kept through five continues": _names_kept(teller),
    }


def _names_kept(teller: Teller) -> float:
    """Stories whose hero is still named in the last two of five continues."""
    openings = asked.openings()[: len(asked.PREMISES)]
    paths = [[told.text] for told in teller.tell(openings)]
    for _ in range(_CONTINUES):
        told = teller.tell(
            [
                asked.after(opening, path, Mode.CONTINUE, Length.MEDIUM)
                for opening, path in zip(openings, paths, strict=True)
            ]
        )
        for path, passage in zip(paths, told, strict=True):
            path.append(passage.text)
    return measures.share(
        measures.uses(" ".join(path[-_KEPT_IN:]), name.lower())
        for (name, _), path in zip(asked.PREMISES, paths, strict=True)
    )


if __name__ == "__main__":
    main()
