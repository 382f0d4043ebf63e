"""The service: what `taleturn run` keeps going side by side, until it is asked to stop."""

import asyncio
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bot import wiring
from bot.criticism import build_critic
from bot.following import Following
from bot.settings import Secrets, Settings, data_folder
from core.errors import NarratorAway

_log = logging.getLogger(__name__)


async def run(settings: Settings, known: Secrets) -> None:
    """Speak on every platform that is switched on, until SIGTERM or SIGINT.

    Then the platforms end first, the narrator next, the library last: nobody is left talking to
    something that is gone. Raises SettingsError, StorageError, ModelUnavailable.
    """
    with wiring.opened_library(settings) as library:
        narrator = wiring.build_narrator(settings, known)
        try:
            following = Following(library, data_folder(settings), narrator)
            engine = wiring.build_engine(
                settings,
                library,
                narrator,
                loras=following.lora_for,
                critic=build_critic(settings, following),
            )
            jobs = wiring.platforms(settings, known, engine)
            try:
                await narrator.ready()
            except NarratorAway as away:  # it may come back; until then each chat is told
                _log.warning("starting without the narrator: %s", away)
            jobs |= {"timekeeping": engine.keep_time}
            if settings.narrator.lora is None:  # the operator's own choice comes first
                jobs |= {"following": following.run}
            if settings.learning.enabled:
                from bot.timetable import Timetable  # noqa: PLC0415  # slow, and not for all

                jobs |= {"timetable": Timetable(settings, library).run}
            await serve(jobs)
        finally:
            await narrator.close()


async def serve(jobs: Mapping[str, wiring.Job]) -> None:
    """Run the jobs until a signal, or until one breaks; then end them all, and wait for that.

    Raises what the first broken one raised.
    """
    try:
        with _told_to_stop() as stop:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(job(), name=name) for name, job in jobs.items()]
                _log.info("started", extra={"jobs": sorted(jobs)})
                await stop.wait()
                _log.info("stopping")
                for task in tasks:
                    task.cancel()
    except BaseExceptionGroup as errors:
        raise _first(errors) from errors
    _log.info("stopped")


@contextmanager
def _told_to_stop() -> Iterator[asyncio.Event]:
    """An event that a supervisor's signal, or Ctrl-C, sets."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
