"""Books: the stories of this terminal as a list, as files, and back from files."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.terminal.adapter import PLACE
from adapters.terminal.files import keep
from adapters.terminal.pages import harmless
from bot import wiring
from bot.playing import person
from bot.settings import Settings
from core.errors import ImportRefused, TaleturnError
from core.storage.library import Session, Spine, Transaction
from core.story import export
from core.story.portable import from_json

STDOUT = Path("-")
_MOST = 10_000  # stories in a list


def show_stories(settings: Settings, console: Console) -> None:
    """Print the stories of this terminal, newest first, by the numbers `export` takes."""
    with wiring.opened_library(settings) as library, library.begin() as tx:
        spines = _spines(tx)
    table = Table(box=None, pad_edge=False)
    for column in ("", "title", "passages", "state", "last told"):
        table.add_column(column, justify="right" if column in {"", "passages"} else "left")
    for number, spine in enumerate(spines, 1):
        told = spine.told.astimezone().strftime("%Y-%m-%d %H:%M")
        row = (str(number), spine.title, str(spine.passages), spine.state.value, told)
        table.add_row(*(Text(harmless(cell)) for cell in row))
    console.print(table if spines else "No stories yet; `taleturn play` begins one.")


def export_story(settings: Settings, wanted: str, form: str, out: Path) -> Path | None:
    """Write a story as a file; return its path, or None where it went to standard output."""
    if form not in export.FORMATS:
        raise TaleturnError(f"{form!r} is not one of {', '.join(export.FORMATS)}.")
    with wiring.opened_library(settings) as library, library.begin() as tx:
        book = export.export(tx.volume(_found(_spines(tx), wanted).id), form)
    if out == STDOUT:
        sys.stdout.buffer.write(book.content)
        return None
    try:
        if out.is_dir():
            return keep(book.name, book.content, out)
        with out.open("xb") as file:
            file.write(book.content)
    except OSError as error:
        raise TaleturnError(f"{out}: {error.strerror}; name another file or folder.") from error
    return out


def import_story(settings: Settings, file: Path) -> str:
    """Put an exported story on this terminal's shelf and return its title."""
    try:
        volume = from_json(file.read_bytes())
    except OSError as error:
        raise ImportRefused(f"{file}: {error.strerror}.") from error
    with wiring.opened_library(settings) as library, library.begin() as tx:
        return tx.import_volume(_session(tx), volume, now=datetime.now(UTC)).title


def _session(tx: Transaction) -> Session:
    return tx.session(
        platform=PLACE.platform,
        chat=PLACE.chat,
        topic=PLACE.topic,
        private=PLACE.private,
        author=(me := person()).id,
        name=me.name,
        language=me.language,
        now=datetime.now(UTC),
    )


def _spines(tx: Transaction) -> list[Spine]:
    place = _session(tx).place
    told, _ = tx.shelf(place, limit=_MOST, offset=0)
    put_away, _ = tx.shelf(place, archived=True, limit=_MOST, offset=0)
    return [*told, *put_away]


def _found(spines: list[Spine], wanted: str) -> Spine:
    """Return the story with this number in the list, or the only one whose title begins so."""
    if wanted.isdecimal() and 1 <= int(wanted) <= len(spines):
        return spines[int(wanted) - 1]
    begins = [spine for spine in spines if spine.title.casefold().startswith(wanted.casefold())]
    if len(begins) != 1:
        raise TaleturnError(
            f"{wanted!r} is {'more than one story' if begins else 'no story here'}; "
            "`taleturn stories` lists them with their numbers."
        )
    return begins[0]
