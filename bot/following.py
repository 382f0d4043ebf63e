"""Following what is live: the narrator changes its LoRA within seconds, with no restart."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import LoraRefused, NarratorError, StorageError
from core.learning import files
from core.learning.trials import gets_challenger
from core.narrator.narrator import BASE, Narrator
from core.storage.library import Library
from core.storage.loras import Lora, Trial
from core.storage.runs import EVERYBODY

_log = logging.getLogger(__name__)
_PAUSE = 3.0  # seconds between two looks; a promotion is heard at once, as people count


@dataclass(frozen=True, slots=True)
class Serving:
    """What the places hear that do not hear the live LoRA."""

    own: Mapping[int, Path] = field(default_factory=dict)  # places with a LoRA of their own
    trial: Trial | None = None
    challenger: Path | None = None


class Following:
    """Keeps a narrator on what the registry says is live. A broken LoRA is told of and left."""

    def __init__(
        self, library: Library, data: Path, narrator: Narrator, begun: Lora | None = None
    ) -> None:
        """`begun`: the LoRA that the narrator was built with, by `begun_with`."""
        self._library = library
        self._data = data
        self._narrator = narrator
        self._serving = Serving()
        self._live = _key(begun) if begun else None  # what the narrator was last told to use
        # The same as an assignment names it; empty: nobody has looked yet.
        self._everybody = str(data / begun.folder) if begun else ""
        self._refused: set[str] = set()  # each is told of once
        self._checked: dict[str, tuple[int, int] | None] = {}  # files as they were found sound

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_PAUSE)

    async def look(self) -> None:
        """Take over what has changed in the registry since."""
        try:
            live, serving = await asyncio.to_thread(self._read)
        except StorageError as error:
            _log.warning("what is live could not be looked up: %s", error)
            return
        await self._use(live)
        self._serving = serving

    def lora_for(self, place: int) -> str:
        """The folder of the LoRA that a place hears, or BASE; empty: what the narrator uses.

        What is live is named, so that a turn in which it changes is told by one, and says by which.
        """
        serving = self._serving
        if place in serving.own:
            return str(serving.own[place])
        if serving.trial is None or serving.challenger is None:
            return self._everybody
        hears_it = gets_challenger(str(place), serving.trial)
        return str(serving.challenger) if hears_it else self._everybody

    def head_for(self, place: int) -> Path | None:
        """The discriminator that came with the LoRA a place hears; None: there is none."""
        hears = self.lora_for(place)
        head = Path(hears) / files.HEAD if hears not in {"", BASE} else None
        return head if head and head.is_file() else None

    def _read(self) -> tuple[Lora | None, Serving]:
        with self._library.begin() as tx:
            live, trial = tx.live_loras(), tx.trial()
            rival = tx.lora(trial.challenger) if trial else None
        common = live.pop(EVERYBODY, None)
        own = {scope: self._folder(lora) for scope, lora in live.items()}
        return common, Serving(
            own={scope: folder for scope, folder in own.items() if folder is not None},
            trial=trial,
            challenger=self._folder(rival) if rival else None,
        )

    async def _use(self, lora: Lora | None) -> None:
        """Have the narrator use a LoRA, unless it does or cannot."""
        wanted = _key(lora) if lora else None
        if wanted in self._refused:
            return
        if wanted == self._live:
            self._everybody = self._everybody or BASE
            return
        folder = self._folder(lora) if lora else None
        if lora is not None and folder is None:
            return
        try:
            await self._narrator.use(folder)
        except NarratorError as error:
            self._refuse(lora, str(error))
        else:
            self._live, self._everybody = wanted, str(folder) if folder else BASE
            _log.info("a LoRA went live", extra={"lora": lora.name if lora else "none"})

    def _folder(self, lora: Lora) -> Path | None:
        """The LoRA's folder, if its files are what was measured."""
        if _key(lora) in self._refused:
            return None
        stamp = files.stamp(lora, self._data)
        if stamp is not None and self._checked.get(_key(lora)) == stamp:
            return self._data / lora.folder
        try:
            folder = files.check(lora, self._data)
        except LoraRefused as error:
            self._refuse(lora, str(error))
            return None
        self._checked[_key(lora)] = stamp
        return folder

    def _refuse(self, lora: Lora | None, reason: str) -> None:
        if lora is not None:
            self._refused.add(_key(lora))
        _log.error("a LoRA is not used; what served before still does: %s", reason)


def begun_with(library: Library, data: Path) -> Lora | None:
    """What is live for everybody, for a narrator to be built with; None: the model as it is."""
    with library.begin() as tx:
        live = tx.live_loras().get(EVERYBODY)
    if live is not None:
        try:
            files.check(live, data)
        except LoraRefused as error:
            _log.error("a LoRA is not used: %s", error)
            return None
    return live


def _key(lora: Lora) -> str:
    return f"{lora.name} {lora.hash}"
