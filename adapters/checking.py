"""Checking: what a platform says to a start that is only tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checked:
    """A platform that lets the bot in, or may do so later; what never can is a SettingsError."""

    said: str
    worries: tuple[str, ...] = ()  # what to look at though the bot runs, each with its remedy
