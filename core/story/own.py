"""The stories that come with the program: premises to offer, and how often plain words are used."""

import functools
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "learning" / "stories"
_WORD = re.compile(r"(?<![A-Za-z'])[a-z]+(?:'[a-z]+)?")


@dataclass(frozen=True, slots=True)
class OwnStory:
    """One of them; see the README beside their files."""

    title: str
    genre: str
    mood: str
    premise: str
    text: str


@functools.cache
def own_stories() -> tuple[OwnStory, ...]:
    """All of them, in the order of their files."""
    lines = [
        json.loads(line)
        for path in sorted(_FOLDER.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return tuple(
        OwnStory(line["title"], line["genre"], line["mood"], line["premise"], line["text"])
        for line in lines
    )


@functools.cache
def word_counts() -> Mapping[str, int]:
    """How often each word stands in them without a capital: names do not."""
    return Counter(word for story in own_stories() for word in _WORD.findall(story.text))
