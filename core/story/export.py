"""A story as a file: to read (txt, Markdown, EPUB, PDF) or to keep and put back (JSON).

The files to read tell the path to the head; the JSON holds the whole tree.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.story import epub
from core.story.model import Passage, Story, Volume
from core.story.path import path as path_of
from core.story.portable import to_json

FORMATS = ("txt", "md", "epub", "pdf", "json")
_MIME = {
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "epub": "application/epub+zip",
    "pdf": "application/pdf",
    "json": "application/json",
}
_MOST_NAME_BYTES = 120  # file systems take 255, sync tools and phones add to it
_NOT_IN_A_NAME = re.compile(r'[<>:"/\\|?*]+')
# Windows opens a device under these names, whatever their ending.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_MARKUP = re.compile(r"[\\`*_\[\]<>&~|$#]")
_LINE_MARKUP = re.compile(r"^(?:(\d{1,9})([.)])|([-+=:]))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Book:
    """A file made of a story."""

    name: str
    mime: str
    content: bytes


def export(volume: Volume, format: str) -> Book:  # noqa: A002  # the word people type
    """Return the story as one of `FORMATS`. Raises Refusal where that has no such letters."""
    story, path = volume.story, path_of(volume, volume.story.head)
    match format:
        case "txt":
            content = _txt(story, path).encode()
        case "md":
            content = _markdown(story, path).encode()
        case "epub":
            content = epub.epub(story, path)
        case "pdf":
            from core.story import pdf  # noqa: PLC0415  # half a second nobody waits for otherwise

            content = pdf.pdf(story, path)
        case "json":
            content = to_json(volume)
        case _:
            raise ValueError(f"no such format: {format}")
    return Book(name=f"{file_name(story.title)}.{format}", mime=_MIME[format], content=content)


def file_name(title: str) -> str:
    """Return a title as a file name without ending that every system takes."""
    kept = "".join(
        c for c in title if not unicodedata.category(c).startswith(("C", "Z")) or c == " "
    )
    name = " ".join(_NOT_IN_A_NAME.sub(" ", kept).split())
    # Cut as bytes, since that is what file systems count, and between characters.
    name = name.encode()[:_MOST_NAME_BYTES].decode(errors="ignore").strip(" .-~")
    return f"story {name}".strip() if not name or _DEVICES.match(name) else name


def _txt(story: Story, path: Sequence[Passage]) -> str:
    head = [story.title] + ([story.premise] if story.premise else [])
    return "\n\n".join(head + ["* * *"] + [passage.text for passage in path]) + "\n"


def _markdown(story: Story, path: Sequence[Passage]) -> str:
    head = [f"# {_escaped(story.title)}"]
    head += [f"> {_escaped(story.premise)}"] if story.premise else []
    return "\n\n".join(head + [_escaped(passage.text) for passage in path]) + "\n"


def _escaped(text: str) -> str:
    """Return people's text so that Markdown shows it letter by letter."""
    lines = (line.strip() for line in _MARKUP.sub(r"\\\g<0>", text).split("\n"))
    bare = _LINE_MARKUP.sub(_escaped_start, "\n".join(lines))
    # A line that ends in a backslash breaks there; an empty one begins a paragraph.
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "\\\\\n", bare)


def _escaped_start(found: re.Match[str]) -> str:
    number, mark, other = found.groups()
    return f"\\{other}" if other else f"{number}\\{mark}"
