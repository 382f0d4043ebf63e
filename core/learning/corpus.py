"""The text to learn from: packs of stories, each with its weight in the mixture and the reason."""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.narrator.headings import plain

OWN_STORIES = Path(__file__).parent / "stories"


@dataclass(frozen=True, slots=True)
class Tale:
    """A text to learn from and what its pack says about it."""

    text: str
    style: str
    whole: bool  # a whole story, not an excerpt: its end is an ending
    pack: str = ""
    title: str = ""
    author: str = ""
    genre: str = ""
    mood: str = ""
    premise: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's share of the tokens seen: `early` at the start, `late` at the end of the run."""

    name: str
    early: float
    late: float
    style: str
    why: str
    credit: str  # for the model card
    file: str = ""  # where it differs from the name
    level: str = ""  # only rows of this level
    whole: bool = True
    most: float = 4.0  # epochs in a whole run; what is left goes to the other packs


_TINY = "TinyStories, R. Eldan and Y. Li, 2023 (written by GPT-3.5 and GPT-4); CDLA-Sharing-1.0"
_BOOKS = "old children's books and classics, Project Gutenberg's texts; public domain in the USA"

MIXTURE = (
    Pack("en_tinystories", 0.46, 0.47, "tale", "the voice we want", _TINY),
    Pack("en_tinystories2", 0.31, 0.31, "tale", "the same voice, other stories", _TINY),
    Pack(
        "en_ccby",
        0.09,
        0.10,
        "picture book",
        "people's picture books from many countries; few, so often",
        "African Storybook and StoryWeaver; CC BY 4.0; each book is credited in CREDITS.md",
        most=9,
    ),
    Pack(
        "en_fables_open",
        0.03,
        0.03,
        "fable",
        "longer sentences, plots with a turn",
        "klusai/tinyfabulist (written by Mistral-7B, Qwen2.5-7B, Phi-3-mini); MIT",
    ),
    Pack(
        "en_children_easy",
        0.04,
        0.02,
        "classic",
        "they widen the vocabulary; early, since they are archaic",
        _BOOKS,
        file="en_children_pd",
        level="easy",
        whole=False,
    ),
    Pack(
        "en_children_medium",
        0.02,
        0.01,
        "classic",
        "the same, less of it",
        _BOOKS,
        file="en_children_pd",
        level="medium",
        whole=False,
    ),
    Pack(
        "own",
        0.05,
        0.06,
        "tale",
        "written for variety, with true headings; late, to set the tone",
        "core/learning/stories in this repository; MIT",
        most=10,
    ),
)
# Books on the children's shelf that were not written for children.
_GROWN_UP = ("Maupassant",)


def tales(pack: Pack, corpus: Path, split: str = "train") -> list[Tale]:
    """The pack's rows as they stand in the files now; rows that are no story are left out."""
    rows = _own_rows() if pack.name == "own" else _pack_rows(pack, corpus, split)
    return [tale for tale in (_tale(pack, row) for row in rows) if tale]


def own_stories() -> list[Tale]:
    """The stories that come with the program."""
    own = next(pack for pack in MIXTURE if pack.name == "own")
    return tales(own, OWN_STORIES)


def _pack_rows(pack: Pack, corpus: Path, split: str) -> Iterator[dict[str, Any]]:
    path = corpus / f"{pack.file or pack.name}.{split}.jsonl.xz"
    if not path.exists():
        return
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if pack.level and row.get("level") != pack.level:
                continue
            if not any(book in row["source"] for book in _GROWN_UP):
                yield row


def _own_rows() -> Iterator[dict[str, Any]]:
    """Rows of our own files, which may be in the making: a broken line is no story yet."""
    for path in sorted(OWN_STORIES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict):
                yield row


def _tale(pack: Pack, row: dict[str, Any]) -> Tale | None:
    text = row.get("text")
    if not isinstance(text, str) or len(text) < 80:
        return None
    words = row.get("words")
    return Tale(
        text=tidy(text),
        style=pack.style,
        whole=pack.whole,
        pack=pack.name,
        title=_title(row),
        author=_string(row, "author"),
        genre=_string(row, "genre").lower() if pack.name == "own" else "",
        mood=_string(row, "mood").lower() if pack.name == "own" else "",
        premise=_string(row, "premise") if pack.name == "own" else "",
        words=tuple(map(str, words)) if isinstance(words, list) and pack.name == "own" else (),
    )


def _title(row: dict[str, Any]) -> str:
    """The row's title; for a part of a book the chapter's, where that is a title at all."""
    title = _string(row, "story" if "story" in row else "title")
    named = 1 < len(title.split()) < 8 and not title.lower().startswith("chapter")
    return title.strip('“”"') if named or "story" not in row else ""


def _string(row: dict[str, Any], field: str) -> str:
    value = row.get(field)
    return " ".join(plain(value).split()) if isinstance(value, str) else ""


def tidy(text: str) -> str:
    """Plain text with one blank line between paragraphs and no other white space than spaces."""
    paragraphs = (" ".join(part.split()) for part in plain(text).split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)
