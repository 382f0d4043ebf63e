"""The finished model as a folder that transformers loads without a network, and its card."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import GenerationConfig, GPT2LMHeadModel

from core.learning.corpus import MIXTURE, tales
from core.learning.pretrain_run import Run
from core.learning.tokenizer import END_OF_TEXT_ID
from core.learning.validation import sample, validation_bits
from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.headings import Field, heading
from core.narrator.lexicon import WORDS, words_of

SUMS = "SHA256SUMS"
_EVERY_STORY = 1_000_000
_SAMPLES = 4
_TALES = 2  # that a word must stand in: one may hold a slip of the pen

_ABOUT_MODEL = """\
# Taleturn's starter model

A GPT-2 of {millions:.1f} M parameters that tells small stories in English: {megabytes:.1f} MB,
weights in half precision. `transformers` loads it from this folder without a network, and so does
the bot, once the hashes in `SHA256SUMS` are right. Like the rest of the repository it is free to
use under the MIT licence."""

_ABOUT_LORA = """\
# A LoRA that teaches {base} Taleturn's headings

{millions:.1f} M parameters, {megabytes:.1f} MB. It works with {base} only, and its use is bound by
that model's licence as well."""

_CARD = """\
{opening}

## How it was trained

By `taleturn pretrain --corpus DIR --out DIR --minutes {minutes}{more}`: {steps} steps, {tokens} M
tokens, {elapsed} minutes on {where}.{start}

{settings}

Stories are read with headings (style, genre, title, premise, mood, words, lore, recap), which were
found by rule in the stories themselves. The loss counts stories, their ends and proposed titles,
not headings.

## What it has read

{packs}

## How well it reads

Bits per character of whole stories that it was not trained on (the valid part of each pack), as
plain text; lower is better. How it writes is measured by `make bench-stories`:
`tests/benchmarks/RESULTS-stories.md` has the table.

{bits}

While it was trained:

{history}

## Limits

It knows a child's English, a few thousand words, and nothing about the world. It loses threads in
longer stories, mixes up who did what, and counts badly. It has read old books and stories written
by other language models, and their ways of seeing people are in it. It does not follow
instructions: headings alone tell it what to write. No other language than English.

## Samples

Not chosen: the first that seed 0 gave, at temperature 0.8 and top-p 0.95, with nothing sorted out
and without the bot's own decoding; the second and the fourth after the heading "Style: tale".

{samples}
"""


def write_bundle(run: Run, folder: Path) -> None:
    """What was learnt, hashes, credits and the model card.

    A new model is written whole, in half precision with its tokenizer; of a run with a base only
    the LoRA.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if run.settings.base:
        run.model.save_pretrained(folder)  # transformers leaves out the base under a LoRA
        summed = ["adapter_model.safetensors"]
    else:
        _half(run.model).save_pretrained(folder)
        run.tokenizer.save_pretrained(folder)
        write_words(run.settings.corpus, folder)
        summed = ["model.safetensors", "tokenizer.json", WORDS]
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in summed]
    lines = [f"{digest}  {name}\n" for digest, name in zip(digests, summed, strict=True)]
    (folder / SUMS).write_text("".join(lines))
    (folder / "CREDITS.md").write_text(_credits(run.settings.corpus), encoding="utf-8")
    (folder / "README.md").write_text(_card(run, folder), encoding="utf-8")


def write_words(corpus: Path, folder: Path) -> None:
    """Write the words that the narrator may use: of two tales at least, or of one of our own."""
    tales_with = Counter[str]()
    for pack in MIXTURE:
        for tale in tales(pack, corpus):
            weight = _TALES if pack.name == "own" else 1
            tales_with.update(dict.fromkeys(words_of(tale.text), weight))
    names = {name.lower() for name in (*GIRLS, *BOYS)}
    known = sorted(names | {word for word, number in tales_with.items() if number >= _TALES})
    (folder / WORDS).write_text("\n".join(known) + "\n", encoding="utf-8")


def _half(model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    """A copy in half precision; the run's own model stays as it is."""
    config = type(model.config).from_dict({**model.config.to_dict(), "use_cache": True})
    copy = GPT2LMHeadModel(config)
    copy.load_state_dict(model.state_dict())
    copy.generation_config = GenerationConfig(  # type: ignore[no-untyped-call] # transformers' own
        bos_token_id=END_OF_TEXT_ID, eos_token_id=END_OF_TEXT_ID, pad_token_id=END_OF_TEXT_ID
    )
    torch.nn.Module.half(copy)
    return copy


def _card(run: Run, folder: Path) -> str:
    """The model card, from what the run was and from the bundle as it was written."""
    model = run.model
    if not run.settings.base:  # measured as it was written: half precision costs a little
        model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    bits = validation_bits(model, run.tokenizer, run.settings.corpus, _EVERY_STORY)
    progress = run.progress
    return _CARD.format(
        opening=_opening(run, folder),
        minutes=f"{run.settings.minutes:g}",
        more=f" --seed {run.settings.seed}" + " --start EARLIER" * bool(run.settings.start),
        steps=progress.step,
        tokens=f"{progress.tokens / 1e6:.1f}",
        elapsed=f"{progress.elapsed / 60:.0f}",
        where=_where(run),
        start=_start(run.settings.start),
        settings=_table(("setting", "value"), _settings(run)),
        packs=_packs(run.settings.corpus),
        bits=_table(
            ("pack", "bits per character"), [(pack, f"{value:.3f}") for pack, value in bits.items()]
        ),
        history=_history(run),
        samples="\n\n".join(_samples(run, model)),
    )


def _opening(run: Run, folder: Path) -> str:
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    millions = sum(weight.numel() for weight in run.learning.values()) / 1e6
    base = run.settings.base
    return (
        _ABOUT_LORA.format(base=base.name, millions=millions, megabytes=megabytes)
        if base
        else _ABOUT_MODEL.format(millions=millions, megabytes=megabytes)
    )


def _start(start: Path | None) -> str:
    if start is None:
        return ""
    digest = hashlib.sha256((start / "model.safetensors").read_bytes()).hexdigest()
    return (
        "\n\nIts first weights are those of an earlier starter, whose model.safetensors has the "
        f"SHA-256\n`{digest}`."
    )


def _where(run: Run) -> str:
    if run.device.type == "cuda":
        return torch.cuda.get_device_name(run.device)
    return f"a CPU ({torch.get_num_threads()} threads)"


def _settings(run: Run) -> list[tuple[str, str]]:
    """Every setting but the folders."""
    return [
        (name, f"{value}")
        for name, value in asdict(run.settings).items()
        if not isinstance(value, Path)
    ]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in ruled)


def _packs(corpus: Path) -> str:
    return _table(
        ("pack", "stories", "share of tokens, first to last", "why", "credit"),
        [
            (
                pack.name,
                f"{len(tales(pack, corpus)):,}",
                f"{pack.early:.0%} to {pack.late:.0%}",
                pack.why,
                pack.credit,
            )
            for pack in MIXTURE
        ],
    )


def _history(run: Run) -> str:
    history = run.progress.history
    names = [pack.name for pack in MIXTURE if history and pack.name in history[-1]]
    return _table(
        ["tokens", *names],
        [
            [f"{entry['tokens'] / 1e6:.1f} M", *(f"{entry[name]:.3f}" for name in names)]
            for entry in history
        ],
    )


def _samples(run: Run, model: GPT2LMHeadModel) -> list[str]:
    """Drawn from one seed, none left out."""
    torch.manual_seed(0)
    prompts = ("", heading([(Field.STYLE, "tale")])) * (_SAMPLES // 2)
    told = [sample(model, run.tokenizer, prompt, tokens=250) for prompt in prompts]
    return ["\n".join("> " + line for line in text.splitlines()) for text in told]


def _credits(corpus: Path) -> str:
    """Title and author of each book whose licence asks for it."""
    credited = [pack for pack in MIXTURE if "CREDITS" in pack.credit]
    books = {f"{tale.title}, {tale.author}" for pack in credited for tale in tales(pack, corpus)}
    return (
        "# Credits\n\nThese picture books are free to use under CC BY 4.0 "
        "(https://creativecommons.org/licenses/by/4.0/), thanks to their authors, illustrators, "
        "translators and publishers. The starter model has read them; their text is not in this "
        "folder.\n\n" + "".join(f"* {book}\n" for book in sorted(books))
    )
