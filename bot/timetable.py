"""The timetable: when the narrator is trained from what people said since.

Every process of a service has one; whichever takes the lease first starts the run, as a process of
its own that yields to the chats. It can crash or run out of memory without them.
"""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.learning import rules
from bot.settings import Settings, database_url
from core.errors import SettingsError, StorageError
from core.learning.collecting import collected
from core.storage.gleaning import Gleanings
from core.storage.library import Library
from core.storage.runs import EVERYBODY

_log = logging.getLogger(__name__)
_LEASE = "timetable"
NICE = 10  # how far the run stands back behind the chats


class Timetable:
    """Starts training when it is time and there is enough new to learn from."""

    def __init__(self, settings: Settings, library: Library) -> None:
        """Raise SettingsError for a schedule that is none."""
        self._settings = settings
        self._library = library
        try:
            self._when = CronTrigger.from_crontab(settings.learning.schedule)
        except ValueError as error:
            raise SettingsError(f"learning.schedule: {error}; see crontab(5).") from error

    async def run(self) -> None:
        """Keep the timetable until cancelled."""
        scheduler = AsyncIOScheduler()
        scheduler.add_job(self.learn, self._when, max_instances=1, coalesce=True)
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def learn(self) -> None:
        """Train whatever is due, if this process is the one to do it."""
        try:
            due = await asyncio.to_thread(self._due, datetime.now(UTC))
        except StorageError as error:
            _log.warning("the timetable could not be kept: %s", error)
            return
        for scope in due:
            await self._start(scope)

    def _due(self, now: datetime) -> list[int]:
        """The scopes to train for, if this process is elected."""
        holder = f"{socket.gethostname()}:{os.getpid()}"
        # Long enough that clocks which are a little apart elect one process all the same.
        until = now + timedelta(minutes=5)
        with self._library.begin() as tx:
            elected = tx.take_lease(_LEASE, holder, until=until, now=now) == holder
        return due(self._settings, self._library, now) if elected else []

    async def _start(self, scope: int) -> None:
        """Run `taleturn learn` beside the chats, and log what it says."""
        line = [sys.executable, "-m", "bot", "learn", "--place", str(scope)]
        process = await asyncio.create_subprocess_exec(
            *line,
            env=os.environ | environment_of(self._settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        with suppress(OSError):  # it may have ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        try:
            if process.stdout is not None:
                async for said in process.stdout:
                    _log.info("learning: %s", said.decode(errors="replace").rstrip())
            code = await process.wait()
        except asyncio.CancelledError:
            # What was begun is taken up by the next run.
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        _log.info("learning ended", extra={"scope": scope, "code": code})


def due(settings: Settings, library: Library, now: datetime) -> list[int]:
    """For whom there is enough new to learn, or something that somebody took back."""
    told = settings.learning
    with library.begin() as tx:
        everything = tx.glean()
        live = tx.live_loras()
        places = {place for story in everything.stories for place in story.places}
        since = {scope: tx.learned_until(scope) for scope in (EVERYBODY, *places)}
        own = {place: tx.glean(place) for place in places} if told.group_minimum else {}
    found = []
    for scope, gleanings in {EVERYBODY: everything, **own}.items():
        minimum = told.minimum if scope == EVERYBODY else told.group_minimum
        fresh = _since(gleanings, since[scope])
        enough = _weight(settings, gleanings, now) >= minimum
        stale = scope in live and live[scope].stale
        if stale or (enough and _weight(settings, fresh, now) >= told.minimum_new):
            found.append(scope)
    return sorted(found)


def _weight(settings: Settings, gleanings: Gleanings, now: datetime) -> float:
    newcomer = timedelta(hours=settings.learning.newcomer_hours)
    found = collected(gleanings, rules(settings), lambda _: "", now=now, newcomer=newcomer)
    return found.weight


def _since(gleanings: Gleanings, moment: datetime | None) -> Gleanings:
    """What was said after a moment."""
    if moment is None:
        return gleanings
    written = {p.id: p.written for story in gleanings.stories for p in story.passages}
    return replace(
        gleanings,
        ratings=tuple(one for one in gleanings.ratings if one.given > moment),
        choices=tuple(one for one in gleanings.choices if one.given > moment),
        rewritings=tuple(
            one for one in gleanings.rewritings if written.get(one.passage, moment) > moment
        ),
    )


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The settings as variables, for a process that shall have the same."""
    found = {
        f"TALETURN__{section.upper()}__{key.upper()}": json.dumps(value)
        for section, table in settings.model_dump(mode="json").items()
        if section != "database"
        for key, value in table.items()
        if value is not None
    }
    return found | {"TALETURN_DATABASE_URL": database_url(settings)}
