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
    license: str = ""
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
    file: str = ""  # where it differs from the name
    level: str = ""  # only rows of this level
    whole: bool = True
    most: float = 4.0  # epochs in a whole run; what is left goes to the other packs


MIXTURE = (
    Pack("en_tinystories", 0.35, 0.40, "tale", "the voice we want, and a hidden test"),
    Pack("en_tinystories2", 0.24, 0.26, "tale", "the same voice, other stories"),
    Pack("en_ccby", 0.11, 0.14, "picture book", "people's picture books; small, so often", most=9),
    Pack("en_fables_open", 0.04, 0.04, "fable", "longer sentences, plots with a turn"),
    Pack(
        "en_children_easy",
        0.14,
        0.04,
        "classic",
        "old children's books widen the vocabulary; early, since they are archaic",
        file="en_children_pd",
        level="easy",
        whole=False,
    ),
    Pack(
        "en_children_medium",
        0.08,
        0.02,
        "classic",
        "the same, less of it",
        file="en_children_pd",
        level="medium",
        whole=False,
    ),
    Pack(
        "own",
        0.04,
        0.10,
        "tale",
        "written for variety, with true headings; late, to set the tone",
        most=10,
    ),
)


def tales(pack: Pack, corpus: Path, split: str = "train") -> list[Tale]:
    """The pack's rows as they stand in the files now; rows that are no story are left out."""
    rows = _own_rows() if pack.name == "own" else _pack_rows(pack, corpus, split)
    return [tale for tale in (_tale(pack, row) for row in rows) if tale]


def _pack_rows(pack: Pack, corpus: Path, split: str) -> Iterator[dict[str, Any]]:
    path = corpus / f"{pack.file or pack.name}.{split}.jsonl.xz"
    if not path.exists():
        return
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not pack.level or row.get("level") == pack.level:
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
        title=_string(row, "title"),
        author=_string(row, "author"),
        license=_string(row, "license"),
        genre=_string(row, "genre").lower() if pack.name == "own" else "",
        mood=_string(row, "mood").lower() if pack.name == "own" else "",
        premise=_string(row, "premise") if pack.name == "own" else "",
        words=tuple(map(str, words)) if isinstance(words, list) and pack.name == "own" else (),
    )


def _string(row: dict[str, Any], field: str) -> str:
    value = row.get(field)
    return " ".join(plain(value).split()) if isinstance(value, str) else ""


def tidy(text: str) -> str:
    """Plain text with one blank line between paragraphs and no other white space than spaces."""
    paragraphs = (" ".join(part.split()) for part in plain(text).split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)
