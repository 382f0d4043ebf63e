"""What an author can ask: one frozen dataclass each, written as a line or held in a button.

Adding one: the dataclass here and in `Command`, its spelling in `spelling.py`, its answer in
`engine.py`, its line of help in every catalogue of `wording/`. mypy names the places left out.

`at` is the passage a button was drawn for; None, as in a typed line, means the head.
"""

from dataclasses import dataclass

from core.session.group_commands import GroupCommand


# ---------------------------------------------------------------- writing
@dataclass(frozen=True, slots=True)
class New:
    """Begin a story from a premise; the narrator writes the opening."""

    text: str = ""  # the premise; empty: ask for one
    genre: str = ""
    mood: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Write a passage oneself."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Continue:
    """Let the narrator write the next passage."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """Let the narrator write the ending."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Let the narrator write another take of its passage."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Takes:
    """Look at the takes of a passage; `number` counts from 1, 0 shows the one the story holds."""

    at: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Pick:
    """Choose a take; the story goes on from it. By passage (button) or by number (line)."""

    passage: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Undo:
    """Step back one passage."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Redo:
    """Step forward again."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Rewind:
    """Go back to the passage with this number on the path, counted from 1; 0 shows the path."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """Name a new line of the story from here, or go to it; no name lists the branches."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Rewrite a passage; the new text is a take. No text asks for it."""

    text: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Refine:
    """Let the narrator tell a passage better: polish, shorter, happier, or free words."""

    text: str = ""  # the wish
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Explain:
    """Tell why a passage is as it is; `text` may say story, quick, full or a passage's number."""

    at: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """Write a passage again from its seed, to see that it is the same; nothing is kept."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Change a sentence of the story and see where it leads: `text` is "old" -> "new"."""

    text: str = ""  # empty: ask for it


@dataclass(frozen=True, slots=True)
class Rate:
    """Thumb up (+1) or down (-1); 0 takes the thumb back."""

    value: int
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Title:
    """Give the story a title; no text lets the narrator propose one."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Recap:
    """The story so far in three sentences of its own."""


@dataclass(frozen=True, slots=True)
class Inspire:
    """Offer premises and stories like those that were liked; `premise` begins one of our own."""

    premise: int = 0


# ---------------------------------------------------------------- controls
@dataclass(frozen=True, slots=True)
class Lore:
    """List what is known of the world, or add to it: `text` is "keyword, keyword: fact"."""

    text: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove the lore entry with this number in the list, counted from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Genre:
    """Set the genre; "none" clears it, no text shows it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Mood:
    """Set the mood; "none" clears it, no text shows it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Length:
    """Set how long the narrator's passages are: short, medium, long."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """Set how boldly the narrator writes: calm, lively, wild."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Ban:
    """Set the words the narrator must not use, split by commas; "none" clears them."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Seed:
    """Fix the seed, so that takes can be written again; "none" frees it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """Choose the language the bot speaks to this author; in `place`, to everybody here."""

    text: str = ""
    place: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """Show or set how strictly what the narrator writes is screened here: mild, strict, off."""

    text: str = ""


# ---------------------------------------------------------------- shelf
@dataclass(frozen=True, slots=True)
class Shelf:
    """List the stories of this place; `text` searches titles, premises and passages."""

    text: str = ""
    page: int = 1
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """Go on with a story of this place: by its id (button) or its number on the shelf."""

    story: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Archive:
    """Put the story away, or back if it was put away."""

    story: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the story for good; asks once before it does."""

    story: int | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Hand the story over as a file: txt, md, epub, json."""

    text: str = ""  # the format


@dataclass(frozen=True, slots=True)
class Import:
    """Put a story exported as JSON on this place's shelf."""

    text: str = ""  # the file's content


@dataclass(frozen=True, slots=True)
class Show:
    """Show where the story stands, with its buttons."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can be asked."""


# ---------------------------------------------------------------- one's own data
@dataclass(frozen=True, slots=True)
class Privacy:
    """Show or set what may be learned from: nothing, narrator, own; here on, here off."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class MyData:
    """Hand over everything kept about who asks, as a file."""


@dataclass(frozen=True, slots=True)
class ForgetMe:
    """Take out everything of who asks; a button is for the author it was drawn for alone."""

    sure: bool = False
    author: int | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """Say what one thinks of a passage; no text asks for it."""

    text: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Say that a passage is not fit to be here; `text` may say why."""

    text: str = ""
    at: int | None = None


Command = (
    New
    | Say
    | Continue
    | Finish
    | Retry
    | Takes
    | Pick
    | Undo
    | Redo
    | Rewind
    | Branch
    | Edit
    | Refine
    | Explain
    | Again
    | WhatIf
    | Rate
    | Title
    | Recap
    | Inspire
    | Lore
    | Forget
    | Genre
    | Mood
    | Length
    | Style
    | Ban
    | Seed
    | Language
    | Screening
    | Privacy
    | MyData
    | ForgetMe
    | Comment
    | Report
    | GroupCommand
    | Shelf
    | Open
    | Archive
    | Delete
    | Export
    | Import
    | Show
    | Help
)
