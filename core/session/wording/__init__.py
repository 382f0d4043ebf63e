"""Every sentence the bot says, one catalogue a language: `en.toml`, `zh-hans.toml`.

A third language is one more file here. A test holds all catalogues to the keys and the places to
fill of the English one.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

FIRST = "en"


@cache
def _catalogues() -> dict[str, dict[str, str]]:
    """Read all catalogues, once."""
    return {
        file.name.removesuffix(".toml"): dict(_flat(tomllib.loads(file.read_text("utf-8"))))
        for file in sorted(files(__name__).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    }


def _flat(table: dict[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, str(value)


def languages() -> tuple[str, ...]:
    """Return the tags of the languages the bot speaks."""
    return tuple(_catalogues())


def keys(language: str) -> frozenset[str]:
    """Return what a language's catalogue can say."""
    return frozenset(_catalogues()[language])


def say(language: str, key: str, **values: str | int) -> str:
    """Return one sentence, filled. Raises KeyError for a key or a language that is not there."""
    return _catalogues()[language][key].format_map(values)


@lru_cache(maxsize=256)  # every request names one or two, nearly always the same
def closest(tag: str) -> str | None:
    """Return the language we speak for an IETF tag such as "zh-CN" or "en-GB"; None: we do not."""
    tag = tag.lower().replace("_", "-")
    if tag in {"zh-cn", "zh-sg"} or tag.startswith("zh-hans"):
        tag = "zh-hans"
    if tag in _catalogues():
        return tag
    main = tag.partition("-")[0]
    return next((known for known in _catalogues() if known.partition("-")[0] == main), None)


def menu(language: str) -> list[tuple[str, str]]:
    """Return the names of the commands with one line on each, in the order of `/help`."""
    prefix = "command."
    return [
        (key.removeprefix(prefix), sentence)
        for key, sentence in _catalogues()[language].items()
        if key.startswith(prefix)
    ]


@dataclass(frozen=True, slots=True)
class Voice:
    """One language's sentences, as a function of key and values."""

    language: str

    @classmethod
    def of(cls, wished: str, default: str) -> "Voice":
        """Return the voice nearest to the language an author wishes."""
        return cls((closest(wished) if wished else None) or closest(default) or FIRST)

    def __call__(self, key: str, **values: str | int) -> str:
        """Return the sentence."""
        return say(self.language, key, **values)

    def knows(self, key: str) -> bool:
        """Whether the catalogue has this key."""
        return key in keys(self.language)
