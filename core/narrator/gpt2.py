"""The narrator that runs here: a GPT-2 with a LoRA, loaded while nobody waits for it yet."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NarratorError
from core.narrator.narrator import Assignment, Doubt, Fit
from core.narrator.reading import Reading
from core.narrator.settings import NarratorSettings

if TYPE_CHECKING:
    from core.narrator.storyteller import Storyteller

_ATTEMPTS = 2  # at a passage of which nothing came


class Gpt2Narrator:
    """A language model that tells stories; building it takes no time, its first use waits.

    Loading begins with the first use, or `ready`: a program that starts has other things to do.
    """

    def __init__(self, settings: NarratorSettings) -> None:
        self._settings = settings
        self._lora = settings.lora.name if settings.lora else None
        self._using = asyncio.Lock()
        self._loading: Future[Storyteller] | None = None

    @property
    def model(self) -> str:
        """The model's name, for provenance."""
        return Path(self._settings.model).name if self._is_folder else self._settings.model

    @property
    def lora(self) -> str | None:
        """The live LoRA's name, for provenance; None: the model as it is."""
        return self._lora

    async def ready(self) -> None:
        """Wait until the model is loaded. Raises ModelUnavailable."""
        await self._storyteller()

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write the passage: the text so far, longer each time; the last one is whole."""
        storyteller = await self._storyteller()
        for attempt in range(_ATTEMPTS):
            news = asyncio.Event()
            job = await asyncio.to_thread(storyteller.job, assignment, attempt, _waker(news))
            storyteller.submit(job, assignment.lora)
            try:
                shown = ""
                while True:
                    await news.wait()
                    news.clear()
                    if job.ended:
                        break
                    if job.text != shown:
                        shown = job.text
                        yield shown
            finally:
                job.cancelled = True
            if job.error:
                raise job.error
            if job.pen.result:
                yield job.pen.result
                return
        raise NarratorError("The model found nothing to write. Ask again, or change the story.")

    async def use(self, lora: Path | None) -> None:
        """Make the LoRA of a folder the live one; None: the model as it is."""
        storyteller = await self._storyteller()
        async with self._using:
            await asyncio.to_thread(storyteller.use, lora)
            self._lora = lora.name if lora else None

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Return each text's mean log-likelihood as the passage asked for, in nats a token."""
        storyteller = await self._storyteller()
        return await asyncio.to_thread(storyteller.score, assignment, texts)

    async def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        """Return a text's mean log-likelihood as the passage of each, in nats a token."""
        storyteller = await self._storyteller()
        return await asyncio.to_thread(storyteller.weigh, variants, text)

    async def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        """Return the words of a text that the model found least likely, those first."""
        storyteller = await self._storyteller()
        return await asyncio.to_thread(storyteller.doubts, assignment, text, most)

    async def fit(self, assignment: Assignment) -> Fit:
        """Return what of the assignment the model would see."""
        storyteller = await self._storyteller()
        return await asyncio.to_thread(storyteller.fit, assignment)

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return how each text feels, and a place whose neighbours are texts like it."""
        storyteller = await self._storyteller()
        return await asyncio.to_thread(storyteller.read, texts)

    async def close(self) -> None:
        """Finish what is being written and let the model go."""
        if self._loading is None:  # nor need it be loaded any more
            self._loading = Future()
            self._loading.set_exception(NarratorError("The narrator has been closed."))
        with suppress(NarratorError):  # what could not be loaded needs no closing
            storyteller = await self._storyteller()
            await asyncio.to_thread(storyteller.close)

    @property
    def _is_folder(self) -> bool:
        return Path(self._settings.model).expanduser().is_dir()

    async def _storyteller(self) -> "Storyteller":
        if self._loading is None:
            loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="narrator-loading")
            self._loading = loader.submit(_load, self._settings)
            loader.shutdown(wait=False)
        return await asyncio.wrap_future(self._loading)


def _load(settings: NarratorSettings) -> "Storyteller":
    from core.narrator import storyteller  # noqa: PLC0415 - torch takes a second to import

    return storyteller.load(settings)


def _waker(news: asyncio.Event) -> Callable[[], None]:
    """Sets the event from another thread."""
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is there to be woken
            loop.call_soon_threadsafe(news.set)

    return wake
