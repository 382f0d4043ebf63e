"""Letters for pictures: DejaVu Sans, which comes with matplotlib, and what else the machine has.

Chinese, Japanese, Korean and emoji are in no font we could bundle. Where the machine has one, it is
found by its name and used; where it has none, an emoji is told by its name in brackets, other
letters become dots, and the picture says so.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

_FOLDERS = (
    *("~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts"),
    *("~/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts"),
)
_WIDE = re.compile(  # fonts that hold what DejaVu has not
    r"noto|source ?han|wqy|wenquan|fallback|unifont|arial ?uni|pingfang|hiragino|heiti|songti"
    r"|msyh|simsun|simhei|yugoth|meiryo|malgun|nanum|symbola|emoji|seguiemj|seguisym",
    re.IGNORECASE,
)
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
OMITTED = "⋯"  # letters that no font here has
_BITMAP = 109  # pixels: the one size that emoji fonts made of pictures have
_MOST_FONTS = 400  # looked at by name

Font = ImageFont.FreeTypeFont


def runs(text: str, *, bold: bool = False) -> list[tuple[Path, str]]:
    """Split a text into stretches that one font can draw."""
    found: list[tuple[Path, str]] = []
    for char in text:
        path = _font_for(char, bold=bold)
        if found and found[-1][0] == path:
            found[-1] = (path, found[-1][1] + char)
        else:
            found.append((path, char))
    return found


def drawable(text: str) -> tuple[str, bool]:
    """Return the text with other words for what no font here has, and whether it was whole."""
    seen = _UNSEEN.sub("", text)
    bare = "".join(c for c in seen if c.isprintable() or c.isspace())
    told = "".join(char if _has(char) else _named(char) for char in bare)
    return re.sub("\ufffc+", OMITTED, told), all(map(_has, bare))


@functools.lru_cache(maxsize=64)
def font(path: Path, size: int) -> Font:
    """Return a font; one made of pictures has a size of its own."""
    try:
        return ImageFont.truetype(str(path), size)
    except OSError:
        return ImageFont.truetype(str(path), _BITMAP)


def _named(char: str) -> str:
    if unicodedata.category(char) != "So":
        return "\ufffc"
    return f"[{unicodedata.name(char, 'sign').lower()}]"


def _has(char: str) -> bool:
    return char.isspace() or _font_for(char, bold=False) != _own(bold=False) or _knows(char)


def _knows(char: str) -> bool:
    return ord(char) in _letters(_own(bold=False))


def _own(*, bold: bool) -> Path:
    found = find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("matplotlib, whose fonts are used, is not installed")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(found.submodule_search_locations[0], "mpl-data", "fonts", "ttf", name)


@functools.lru_cache(maxsize=4096)
def _font_for(char: str, *, bold: bool) -> Path:
    own = _own(bold=bold)
    if char.isspace() or ord(char) in _letters(own):
        return own
    return next((path for path in _others() if ord(char) in _letters(path)), own)


@functools.cache
def _others() -> tuple[Path, ...]:
    """The fonts of this machine that may hold more; those that are drawn before pictures."""
    found = sorted(_files())[:_MOST_FONTS]
    return tuple(sorted(found, key=lambda path: ("color" in path.name.lower(), path)))


def _files() -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in Path(folder).expanduser().rglob("*.[tToO][tT][fFcC]"):
            if _WIDE.search(path.name):
                yield path


@functools.cache
def _letters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import (  # type: ignore[import-untyped] # noqa: PLC0415 - slow, and only pictures need it; it has no types
        TTCollection,
        TTFont,
        TTLibError,
    )

    try:
        with path.open("rb") as file:
            if path.suffix.lower() == ".ttc":
                return frozenset(TTCollection(file, lazy=True).fonts[0].getBestCmap() or ())
            return frozenset(TTFont(file, lazy=True).getBestCmap() or ())
    except (OSError, TTLibError, KeyError, AssertionError):
        return frozenset()  # no font after all: there are others
