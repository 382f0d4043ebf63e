"""The gate's measurements: a candidate beside the live LoRA, on the same seeds, with intervals.

The judge is a head fitted to the ratings of stories that training did not see. How sure it is
counts as well: each bootstrap sample draws the judge's ratings anew, and then the passages.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from core.learning import dataset as datasets
from core.learning import measures, promotion, report
from core.learning.describe import compound
from core.learning.discriminator import Reader, Verdicts, reader, verdicts
from core.learning.examples import Examples, prompt_text
from core.learning.judge import judge_of
from core.learning.likelihood import DRAFTS, held_out, losses, texts_to_read
from core.learning.plan import Evaluation, LearningSettings, Measure, Progress, Tell, Trained
from core.learning.roughen import roughen
from core.learning.writing import asked_for, write
from core.narrator.narrator import Assignment, Mode
from core.narrator.screening import Level, screen
from core.narrator.storyteller import model_folder
from core.story.likeness import distance

MOODS = {"happy": (0.05, 1.0), "sad": (-1.0, -0.05), "calm": (-0.2, 0.2)}  # of VADER's compound
_MOODED = 4 / 15  # passages of each mood, as a share of those the taste is measured on
_ROUGH = 0.4  # drafts to refine, as a share of the same; of 16, chance alone moves BLEU by 12 %
_JUDGES = 300  # bootstrap samples of the judge and the passages
_TOLD = "told.json"


@dataclass(frozen=True, slots=True)
class Told:
    """What both wrote to the same assignments and seeds."""

    asked: tuple[Assignment, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    def part(self, start: int, end: int) -> "Told":
        """Those from one place to another."""
        return Told(self.asked[start:end], self.old[start:end], self.new[start:end])


@dataclass(frozen=True, slots=True)
class Parts:
    """How many assignments there are of each kind, in this order."""

    free: int  # the taste is measured on them
    mooded: int  # of each mood
    rough: int  # drafts to refine

    def split(self, told: Told) -> tuple[Told, Told, Told]:
        """The passages of each kind."""
        mooded = self.free + self.mooded * len(MOODS)
        return (
            told.part(0, self.free),
            told.part(self.free, mooded),
            told.part(mooded, mooded + self.rough),
        )


def parts_of(settings: LearningSettings) -> Parts:
    """As many passages as are asked for, and a share of them of each other kind."""
    number = max(2, settings.passages)
    rough = min(DRAFTS, max(2, round(_ROUGH * number)))
    return Parts(number, max(2, round(_MOODED * number)), rough)


def evaluate(
    settings: LearningSettings,
    dataset: Path,
    trained: Trained,
    live: Path | None,
    out: Path,
    tell: Tell,
) -> Evaluation:
    """Measure what was trained against what is live; None: against the model as it is."""
    torch.set_num_threads(settings.threads or 1)
    out.mkdir(parents=True, exist_ok=True)
    examples = datasets.read(dataset)
    model = model_folder(settings.model)
    told = _written(settings, examples, trained.folder, live, out, tell)
    tell(Progress("evaluating", 3, 4))
    reading = reader(model)
    pairs, moods, rough = parts_of(settings).split(told)
    found = [
        *_won(reading, examples, pairs, settings),
        _held_out_loss(model, examples, trained.folder, live, settings.seed),
        *_counted(examples, pairs, settings.seed),
        *_obeyed(moods, rough, settings.seed),
    ]
    asked = [item.premise or item.mode.value for item in pairs.asked]
    rows = list(zip(asked, pairs.old, pairs.new, strict=True))
    page = report.write(out / "report.html", found, trained, rows, settings)
    return Evaluation(tuple(found), page)


def win_rate(judge: Verdicts, old: Tensor, new: Tensor, seed: int, times: int = _JUDGES) -> Measure:
    """How often the judge prefers the new passage, and what holds 95 % of that.

    `old`, `new`: features of the passages to the same assignments, (rows, features).
    """
    rng = torch.Generator().manual_seed(seed)
    found = judge_of(judge)
    samples = [torch.arange(found.rows), *(found.sample(rng) for _ in range(times))]
    heads = torch.stack([found.head(chosen) for chosen in samples], 1)  # (ratings, 1 + times)
    won = _wins(found.likens(old) @ heads, found.likens(new) @ heads)  # (passages, 1 + times)
    passages = torch.randint(len(old), (len(old), times), generator=rng)
    drawn = won[:, 1:].gather(0, passages).mean(0)
    low, high = drawn.quantile(torch.tensor([0.025, 0.975], dtype=drawn.dtype)).tolist()
    mean = float(won[:, 0].mean())
    return Measure(promotion.WIN_RATE, None, mean, low, high)


def compare(
    name: str,
    old: Sequence[float],
    new: Sequence[float],
    seed: int,
    statistic: Callable[[Sequence[float]], float] = fmean,
) -> Measure:
    """A number of each passage, before and after; the interval is that of the paired change."""
    before, after = statistic(old), statistic(new)

    def changed(rows: Sequence[int]) -> float:
        return statistic([new[at] for at in rows]) - statistic([old[at] for at in rows])

    low, high = measures.bootstrap(len(old), changed, seed)
    return Measure(name, before, after, before + low, before + high)


def _wins(old: Tensor, new: Tensor) -> Tensor:
    return (new > old).double() + 0.5 * (new == old).double()


def _written(
    settings: LearningSettings,
    examples: Examples,
    candidate: Path,
    live: Path | None,
    out: Path,
    tell: Tell,
) -> Told:
    """Passages of both; kept, so that a run that was killed does not write them again."""
    asked = tuple(_assignments(examples, settings))
    kept = out / _TOLD
    texts: dict[str, list[str]] = (
        json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    )
    for step, (name, lora) in enumerate((("old", live), ("new", candidate))):
        if name not in texts:
            tell(Progress("evaluating", step, 4))
            texts[name] = write(asked, settings.model, lora)
            unfinished = kept.with_suffix(".writing")
            unfinished.write_text(json.dumps(texts), encoding="utf-8")
            unfinished.replace(kept)
    return Told(asked, tuple(texts["old"]), tuple(texts["new"]))


def _assignments(examples: Examples, settings: LearningSettings) -> list[Assignment]:
    """What the held-out stories asked for; then moods; then drafts to refine."""
    seed, parts = settings.seed, parts_of(settings)
    known = (*examples.test.asked, *examples.validation.asked)
    asked = asked_for(known, parts.free, seed)
    moods = [
        replace(item, mood=mood, words=(), seed=item.seed + 1)
        for mood in MOODS
        for item in asked[: parts.mooded]
    ]
    rng = random.Random(f"rough {seed}")
    rough = [
        Assignment(mode=Mode.REFINE, seed=number, draft=roughen(text, rng), wish="polish")
        for number, text in enumerate(_well_told(parts.rough))
    ]
    return [*asked, *moods, *rough]


def _well_told(number: int) -> list[str]:
    """First paragraphs of stories that come with the program."""
    return [text.split("\n\n")[0] for text in texts_to_read(DRAFTS)[:number]]


def _won(
    reading: Reader, examples: Examples, told: Told, settings: LearningSettings
) -> list[Measure]:
    """The judge's preference; none where too few held-out passages were rated."""
    # What a search chose by cannot judge what it chose.
    checked = () if settings.search else examples.validation.judged
    judge = verdicts(reading, (*examples.test.judged, *checked))
    if not judge.both:
        return []
    window = reading.window
    prompts = [prompt_text(item, reading.tokens, window) for item in told.asked]
    old = reading.features(list(zip(prompts, told.old, strict=True)))
    new = reading.features(list(zip(prompts, told.new, strict=True)))
    return [win_rate(judge, old, new, settings.seed)]


def _held_out_loss(
    model: Path, examples: Examples, candidate: Path, live: Path | None, seed: int
) -> Measure:
    """How well both read stories, and what people wrote that was liked elsewhere."""
    texts = held_out((*examples.test.liked, *examples.validation.liked))
    return compare(
        promotion.LOSS, losses(model, live, texts), losses(model, candidate, texts), seed
    )


def _counted(examples: Examples, told: Told, seed: int) -> list[Measure]:
    known = measures.memory(row.text for row in examples.train.liked)
    pairs = [[measures.grams(text, 2) for text in side] for side in (told.old, told.new)]

    def by(name: str, count: Callable[[str], float]) -> Measure:
        return compare(name, [*map(count, told.old)], [*map(count, told.new)], seed)

    before, after = map(measures.distinct_2, pairs)
    low, high = measures.bootstrap(
        len(told.old),
        lambda rows: (
            measures.distinct_2([pairs[1][at] for at in rows])
            - measures.distinct_2([pairs[0][at] for at in rows])
        ),
        seed,
        times=100,
    )
    return [
        Measure(promotion.DISTINCT, before, after, before + low, before + high),
        by(promotion.REPETITION, measures.repetition),
        by(promotion.COPIED, lambda text: measures.copied(text, known)),
        by(promotion.SAFE, lambda text: float(screen(text, Level.STRICT).safe)),
    ]


def _obeyed(moods: Told, rough: Told, seed: int) -> list[Measure]:
    """Moods that were asked for, and drafts that were to be mended."""
    well = _well_told(len(rough.asked))
    mended_before = list(zip(well, rough.old, strict=True))
    mended_now = list(zip(well, rough.new, strict=True))

    def obeyed(texts: Sequence[str]) -> list[float]:
        limits = [MOODS[item.mood] for item in moods.asked]
        return [
            float(low < compound(text) < high)
            for (low, high), text in zip(limits, texts, strict=True)
        ]

    return [
        compare(promotion.MOOD, obeyed(moods.old), obeyed(moods.new), seed),
        compare(
            promotion.REFINED,
            [measures.bleu(text, whole) for whole, text in mended_before],
            [measures.bleu(text, whole) for whole, text in mended_now],
            seed,
        ),
        compare(
            promotion.EDITED,
            [distance(text, whole) for whole, text in mended_before],
            [distance(text, whole) for whole, text in mended_now],
            seed,
        ),
    ]
