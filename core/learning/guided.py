"""A guide: the model as it is, leaning at each token towards what leads to what was liked.

Of all models that please as much, the one nearest to a model p in KL divergence is
p(y) exp(a Q(y)) / Z, where Q is how much the token y does for the passage (Mudgal et al., 2024). So
the narrator writes some hundred passages, a discriminator that the ratings taught judges them, each
token gets its credit (`credit.py`), and a regression finds how much a token is worth after what
stands before it. That is a shift of the last hidden state, and moves the odds of every token. A
LoRA then learns the guide's odds at every token of these passages: a thousand times as much to
learn from as one bit a passage, so few ratings move the taste and no passage is learnt by heart.

What was not asked about shall stay as it is. The shift is turned until what the narrator writes
with it is as varied as before (`steady.py`), and rows of what the model could do before (stories,
headings, mending, a mood that was asked for) are learnt with the odds it had. That it says the same
again as often is seen to when it has learnt (`levelling.py`).
"""

import copy
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

from core.errors import TooLittle
from core.learning.corpus import own_stories
from core.learning.credit import Course, credit, parts
from core.learning.describe import MOODS, WordWeights
from core.learning.discriminator import Head, Reader, fit, reader, side_by_side, verdicts
from core.learning.documents import document, refine_task
from core.learning.examples import Encoded, Examples, encode, prompt_text
from core.learning.leaning import ways
from core.learning.likelihood import DRAFTS, texts_to_read
from core.learning.plan import Progress, Tell
from core.learning.recipes import TrainingSettings
from core.learning.steady import STEPS, Known, steady
from core.learning.trainers import Guide
from core.learning.writing import asked_for, write_once
from core.narrator.states import all_states
from core.narrator.tokens import Tokens

_LEAST = 8  # tokens of a passage that says something
_AT_ONCE = 16  # passages read at once
_KEPT_LENGTH = 256  # tokens of a row that is to stay as it is
_MENDING = 0.5  # share of such rows that mend a rough passage
_MOODED = 0.08  # passages in each mood, which stay as they are, for each that is led


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a LoRA learns: a guide's odds on some passages, and the model's own on others."""

    guide: Guide
    led: tuple[Encoded, ...]
    kept: tuple[Encoded, ...]
    known: Known


@dataclass(frozen=True, slots=True)
class Pupil:
    """The model that is to learn: in memory, and the folders of what it holds."""

    plain: GPT2LMHeadModel
    model: Path
    lora: Path | None
    window: int  # tokens of a row at most


def lesson(
    examples: Examples, settings: TrainingSettings, pupil: Pupil, work: Path, tell: Tell
) -> Lesson:
    """A guide `settings.tilt` nats a token away from the pupil, and what it is shown on.

    Passages that were written are kept in `work`. Raises TooLittle.
    """
    reading = reader(pupil.model)
    judged = verdicts(reading, examples.train.judged)
    if not judged.both:
        raise TooLittle("All that was rated was liked, or none of it: there is no taste to see.")
    asked = asked_for(examples.train.asked, settings.fresh, settings.seed)
    # A mood that somebody asks for is not the taste's to change.
    moods = [
        replace(item, mood=mood, words=(), seed=item.seed + 1)
        for mood in MOODS
        for item in asked[: round(_MOODED * len(asked))]
    ]
    tell(Progress("writing", 0, STEPS))
    texts = write_once([*asked, *moods], str(pupil.model), pupil.lora, work / "takes.json")
    prompts = [prompt_text(item, reading.tokens, pupil.window) for item in (*asked, *moods)]
    rows = [encode(*row, reading.tokens, pupil.window) for row in zip(prompts, texts, strict=True)]
    told, mooded = (
        [row for row in part if len(row.told) >= _LEAST]
        for part in (rows[: len(asked)], rows[len(asked) :])
    )
    if not told:
        raise TooLittle("The model wrote nothing yet in which a taste could be seen.")
    course, liked = _followed(pupil.plain, reading, told, fit(judged, settings.seed))
    found = ways(
        pupil.plain.get_parameter("lm_head.weight").detach().cpu(),
        course,
        credit(course, liked),
        credit(course, _rareness(course)),
        settings.tilt,
    )
    others = asked_for(examples.validation.asked, settings.fresh, settings.seed + 1)
    known = Known(pupil.plain, pupil.model, asked, texts[: len(asked)], others)
    lean = steady(found, known, work, tell)
    teacher = copy.deepcopy(pupil.plain).requires_grad_(requires_grad=False)
    stays = _stays(reading.tokens, min(_KEPT_LENGTH, pupil.window - 1), settings.seed)
    return Lesson(Guide(teacher, lean), tuple(told), (*mooded, *stays), known)


@torch.inference_mode()
def _followed(
    plain: GPT2LMHeadModel, reading: Reader, told: Sequence[Encoded], head: Head
) -> tuple[Course, Tensor]:
    """Passages token by token, and each token's part of the head's verdict."""
    states: list[Tensor] = []
    worth: list[Tensor] = []
    for start in range(0, len(told), _AT_ONCE):
        rows = told[start : start + _AT_ONCE]
        ids = side_by_side(rows, reading.tokens.end)
        read = all_states(reading.weights, ids)
        out = plain.transformer(input_ids=ids.to(plain.device)).last_hidden_state.cpu().float()
        for at, row in enumerate(rows):
            first, end = len(row.prompt), len(row.prompt) + len(row.told)
            states.append(out[at, first - 1 : end - 1])
            worth.append(parts(head, read[at, first:end]))
    passage = torch.tensor([at for at, row in enumerate(told) for _ in row.told])
    tokens = torch.tensor([token for row in told for token in row.told])
    return Course(torch.cat(states), tokens, passage), torch.cat(worth)


def _rareness(course: Course) -> Tensor:
    """What each token adds to the number of different pairs of tokens in all passages."""
    before = torch.full_like(course.tokens, -1)
    before[1:] = course.tokens[:-1]
    before[1:][course.passage[1:] != course.passage[:-1]] = -1
    pairs = list(zip(before.tolist(), course.tokens.tolist(), strict=True))
    often = Counter(pairs)
    return torch.tensor([1 / often[pair] for pair in pairs])


def _stays(tokens: Tokens, most: int, seed: int) -> Iterator[Encoded]:
    """Rows of what the model can do: the stories that come with the program, and their tasks.

    Those by which a LoRA is judged are left out. A row has `most` tokens at most.
    """
    rng = random.Random(f"kept {seed}")
    measured = {*texts_to_read(), *texts_to_read(DRAFTS)}
    tales = [tale for tale in own_stories() if tale.text not in measured]
    weights = WordWeights.counted([tale.text for tale in tales])
    for tale in tales:
        mends = rng.random() < _MENDING
        made = refine_task(tale, weights, rng) if mends else document(tale, weights, rng)
        ids = [token for piece in made.pieces for token in tokens.encode(piece.text)]
        yield Encoded((tokens.end,), tuple(ids[:most]))
