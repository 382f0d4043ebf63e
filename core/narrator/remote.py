"""The narrator on a server with OpenAI's completions: vLLM, llama.cpp's server and their like.

The prompt, what is kept out, cleaned and ended are those of the narrator that runs here. A passage
is asked for in legs: where a word was refused or the server broke off, the next request goes on
from what is written. What needs the logits of each step cannot be had there: words and moods
wished for stand in the prompt only, and what may not be written is asked for anew.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LoraRefused, ModelUnavailable, NarratorError, NoLikelihoods
from core.narrator.errand import Errand
from core.narrator.faults import Dealings, Fault, Patience, PromptTooLong
from core.narrator.guarding import guard_for
from core.narrator.lexicon import read_words
from core.narrator.narrator import BASE, Assignment, Doubt, Fit, Mode
from core.narrator.reading import Reading, plain_readings
from core.narrator.scribe import Scribe
from core.narrator.tokens import Tokens, read_tokens, tidy

if TYPE_CHECKING:
    from core.narrator.completions import Server

_BUNDLED = Path(__file__).parent / "starter"  # its tokenizer counts where the server's is unknown
_ATTEMPTS = 2  # at a passage of which nothing came
_LEGS = 16  # requests for one passage, besides those that failed


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """Which server, and what is known of its model."""

    url: str  # up to and with /v1
    model: str  # as the server calls it
    key: str = field(default="", repr=False)
    tokenizer: Path | None = None  # the model's folder with its tokenizer, if it is a GPT-2's
    window: int = 1024  # tokens the model sees at once
    patience: Patience = field(default_factory=Patience)
    drain_seconds: float = 10.0  # that passages in hand may take at shutdown


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What takes its time, and is there before the first passage."""

    server: "Server"
    tokens: Tokens
    words: frozenset[str]  # all that the model has read, if it is known


class RemoteNarrator:
    """A language model that tells stories, elsewhere; building it takes no time."""

    def __init__(self, settings: RemoteSettings) -> None:
        self._settings = settings
        self._lora: str | None = None
        self._dealings = Dealings(settings.patience)
        loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="narrator-loading")
        self._loading: Future[_Loaded] = loader.submit(_load, settings)
        loader.shutdown(wait=False)

    @property
    def model(self) -> str:
        """The model's name, for provenance."""
        return self._settings.model

    @property
    def lora(self) -> str | None:
        """The live LoRA's name, for provenance; None: the model as it is."""
        return self._lora

    async def ready(self) -> None:
        """Ask whether the server is there. Raises NarratorAway, ModelUnavailable."""
        known = await self._known()
        if known and self.model not in known:
            raise ModelUnavailable(
                f"{self._settings.url} serves {', '.join(known)} and no {self.model!r}: "
                "see openai.model."
            )

    async def use(self, lora: Path | None) -> None:
        """Make a LoRA the live one that the server serves as a model of its folder's name.

        What is being written is finished with the one it was begun with.
        """
        if lora and lora.name not in (known := await self._known()):
            raise LoraRefused(
                f"{self._settings.url} serves {', '.join(known)} and no {lora.name!r}: load the "
                f"LoRA there under that name (vLLM: --lora-modules {lora.name}={lora})."
            )
        self._lora = lora.name if lora else None

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write the passage: the text so far, longer each time; the last one is whole."""
        loaded = await self._loaded()
        with self._dealings.one():
            model = self._model_for(assignment)
            for attempt in range(_ATTEMPTS):
                errand = self._errand(loaded, assignment, attempt)
                guard = guard_for(assignment, loaded.words)
                scribe = Scribe(loaded.tokens, errand.prompt.measure, guard)
                async with aclosing(self._told(loaded.server, model, errand, scribe)) as texts:
                    async for text in texts:
                        yield text
                if scribe.result:
                    yield scribe.result
                    return
        raise NarratorError("The model found nothing to write. Ask again, or change the story.")

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Return each text's mean log-likelihood as the passage asked for, in nats a token.

        Raises NoLikelihoods where the server tells none of a prompt.
        """
        loaded = await self._loaded()
        errand = self._errand(loaded, assignment)
        model, lead = self._model_for(assignment), " " if assignment.mode is Mode.TITLE else ""

        async def likelihoods(told: str) -> list[float]:
            sent = errand.sent(told)
            try:
                return await self._dealings.tried(lambda: loaded.server.likelihoods(model, sent))
            except PromptTooLong as error:
                raise NarratorError(f"The server finds the text too long: {error}") from error

        with self._dealings.one():
            before = len(await likelihoods(""))
            found = [
                (await likelihoods(lead + text))[before:] if text else []
                for text in map(tidy, texts)
            ]
        return [sum(each) / len(each) if each else float("-inf") for each in found]

    async def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        """Return a text's mean log-likelihood as the passage of each. Raises NoLikelihoods."""
        return [(await self.score(each, [text]))[0] for each in variants]

    async def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        """Raise NoLikelihoods: whole words that nearly stood there cannot be asked for."""
        del assignment, text, most
        raise NoLikelihoods(f"{self._settings.url} does not tell what it nearly wrote.")

    async def fit(self, assignment: Assignment) -> Fit:
        """Return what of the assignment the model would see, as far as its tokens are known."""
        return self._errand(await self._loaded(), assignment).prompt.fit

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return how each text feels, by its words: a server does not show what its model makes."""
        return await asyncio.to_thread(plain_readings, texts)

    async def close(self) -> None:
        """Finish what is being written and let the server go."""
        await self._dealings.close(self._settings.drain_seconds)
        with suppress(NarratorError):  # what could not be loaded needs no closing
            await (await self._loaded()).server.close()

    async def _loaded(self) -> _Loaded:
        return await asyncio.wrap_future(self._loading)

    async def _known(self) -> list[str]:
        """The names of the models the server serves. Raises NarratorAway."""
        try:
            return await (await self._loaded()).server.models()
        except Fault as fault:
            raise fault.error from fault

    def _model_for(self, assignment: Assignment) -> str:
        lora = Path(assignment.lora).name if assignment.lora else self._lora
        return self.model if lora in {None, BASE} else str(lora)

    def _errand(self, loaded: _Loaded, assignment: Assignment, attempt: int = 0) -> Errand:
        return Errand(
            assignment,
            loaded.tokens,
            self._settings.window,
            known=self._settings.tokenizer is not None,
            attempt=attempt,
        )

    # ------------------------------------------------------------ one passage
    async def _told(
        self, server: "Server", model: str, errand: Errand, scribe: Scribe
    ) -> AsyncGenerator[str]:
        """Write legs until the scribe has ended; yields what may be shown."""
        faults = legs = 0
        while not scribe.ended:
            if legs == _LEGS:
                scribe.break_off()
                return
            try:
                ask = errand.ask(scribe.written, _left(errand, scribe), legs + faults)
                async with aclosing(self._leg(server.complete(model, ask), scribe)) as texts:
                    async for text in texts:
                        yield text
                legs += 1
            except PromptTooLong as error:
                errand.shorten(error)
            except Fault as fault:
                faults += 1
                await self._dealings.endure(fault, faults)

    async def _leg(self, pieces: AsyncGenerator[str], scribe: Scribe) -> AsyncGenerator[str]:
        """Write until the server or the scribe has had enough, or a word is refused."""
        scribe.again()
        shown = scribe.shown
        async with aclosing(pieces):
            async for piece in pieces:
                self._dealings.worked()
                accepted = scribe.read(piece)
                if scribe.shown != shown:
                    shown = scribe.shown
                    yield shown
                if scribe.ended or not accepted:
                    return
        if scribe.rest() and not scribe.ended:
            scribe.stop()


def _left(errand: Errand, scribe: Scribe) -> int:
    return max(1, errand.prompt.measure.most - len(scribe.ids))


def _load(settings: RemoteSettings) -> _Loaded:
    try:
        from core.narrator.completions import Server  # noqa: PLC0415 - slow, and an extra
    except ImportError as error:
        raise ModelUnavailable(
            'narrator.backend = "openai" needs the package openai: pip install "taleturn[openai]".'
        ) from error
    folder = settings.tokenizer
    return _Loaded(
        Server(settings.url, settings.key, settings.patience.timeout),
        read_tokens(folder or _BUNDLED),
        read_words(folder) if folder else frozenset(),
    )
