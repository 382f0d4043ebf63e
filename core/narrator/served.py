"""The narrator that `taleturn serve` runs: the engine of this machine, behind Ray Serve.

When a replica dies, the same assignment with its seed goes to another one, which writes the same
passage; what was shown of it is not shown again.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from core.errors import Overloaded
from core.narrator import wire
from core.narrator.faults import Dealings, Fault, Patience
from core.narrator.narrator import BASE, Assignment, Doubt, Fit
from core.narrator.reading import Reading, plain_readings

_CONNECT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class ServedSettings:
    """Where the replicas are asked."""

    url: str
    model: str  # its name, until a replica has told it
    patience: Patience = field(default_factory=Patience)
    drain_seconds: float = 10.0  # that passages in hand may take at shutdown


class ServedNarrator:
    """A language model that tells stories, in several replicas elsewhere."""

    def __init__(self, settings: ServedSettings) -> None:
        self._settings = settings
        self._model = settings.model
        self._live = ""  # the live LoRA's folder or BASE; empty: whatever the replicas have
        self._dealings = Dealings(settings.patience)
        timeout = settings.patience.timeout
        self._client = httpx.AsyncClient(
            base_url=settings.url,
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT)),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,  # a proxy to the world outside knows nothing of the house's servers
        )

    @property
    def model(self) -> str:
        """The model's name, for provenance."""
        return self._model

    @property
    def lora(self) -> str | None:
        """The live LoRA's name, for provenance; None: the model as it is."""
        return None if self._live in {"", BASE} else Path(self._live).name

    async def ready(self) -> None:
        """Ask a replica who it is. Raises NarratorAway, ModelUnavailable."""
        try:
            told = await self._asked("/about")
        except Fault as fault:
            raise fault.error from fault
        self._model = told["model"]
        self._live = self._live or told["lora"]

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write the passage: the text so far, longer each time; the last one is whole."""
        with self._dealings.one():
            begun, shown, faults = self._live, "", 0
            while True:
                try:
                    async with aclosing(self._lines(self._sent(assignment, begun))) as lines:
                        async for told in lines:
                            self._dealings.worked()
                            if "whole" in told:
                                yield told["whole"]
                                return
                            # Another replica begins anew; it says what is known up to there.
                            if (text := told["text"]).startswith(shown) and text != shown:
                                shown = text
                                yield text
                    fault = Fault(f"{self._settings.url} broke off in the middle of a passage.")
                except Fault as found:
                    fault = found
                faults += 1
                await self._dealings.endure(fault, faults)

    async def use(self, lora: Path | None) -> None:
        """Make the LoRA of a folder the live one in every replica; None: the model as it is."""
        live = _folder(lora) if lora else BASE
        with self._dealings.one():
            await self._dealings.tried(lambda: self._asked("/use", wire.line({"lora": live})))
            self._live = live

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Return each text's mean log-likelihood as the passage asked for, in nats a token."""
        sent = wire.assignment_line(assignment, texts=list(texts), live=self._live)
        with self._dealings.one():
            told = await self._dealings.tried(lambda: self._asked("/score", sent))
        return [float(score) for score in told["scores"]]

    async def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        """Return a text's mean log-likelihood as the passage of each, in nats a token."""
        sent = wire.line(
            {"variants": [asdict(each) for each in variants], "text": text, "live": self._live}
        )
        with self._dealings.one():
            told = await self._dealings.tried(lambda: self._asked("/weigh", sent))
        return [float(score) for score in told["scores"]]

    async def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        """Return the words of a text that the model found least likely, those first."""
        sent = wire.assignment_line(assignment, text=text, most=most, live=self._live)
        with self._dealings.one():
            return wire.doubts_from(
                await self._dealings.tried(lambda: self._asked("/doubts", sent))
            )

    async def fit(self, assignment: Assignment) -> Fit:
        """Return what of the assignment the model would see."""
        sent = wire.assignment_line(assignment)
        with self._dealings.one():
            return wire.fit_from(await self._dealings.tried(lambda: self._asked("/fit", sent)))

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return how each text feels, by its words: a server does not show what its model makes."""
        return await asyncio.to_thread(plain_readings, texts)

    async def close(self) -> None:
        """Finish what is being written; the replicas stay for others."""
        await self._dealings.close(self._settings.drain_seconds)
        await self._client.aclose()

    def _sent(self, assignment: Assignment, begun: str) -> str:
        """The assignment; one that was begun with another LoRA than the live one names it."""
        if begun != self._live and not assignment.lora:
            assignment = replace(assignment, lora=begun or BASE)
        return wire.assignment_line(assignment, live=self._live)

    async def _lines(self, sent: str) -> AsyncGenerator[dict[str, Any]]:
        """What a replica says to an assignment. Raises Fault, NarratorError."""
        try:
            async with self._client.stream("POST", "/write", content=sent) as response:
                self._check(response)
                async for line in response.aiter_lines():
                    if line:  # an empty one only says that it is still at it
                        yield _told(line)
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise self._fault(error) from error

    async def _asked(self, path: str, sent: str = "{}") -> dict[str, Any]:
        """The answer of a replica to a question. Raises Fault, NarratorError."""
        try:
            response = await self._client.post(path, content=sent)
            self._check(response)
            return _told(response.text)
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise self._fault(error) from error

    def _check(self, response: httpx.Response) -> None:
        if not response.is_success:  # Serve's own words: no replica yet, or none any more
            raise Fault(f"{self._settings.url} answered with status {response.status_code}.")

    def _fault(self, error: Exception) -> Fault:
        return Fault(f"{self._settings.url} cannot be reached, or hung up ({error!r}).")


def _folder(lora: Path) -> str:
    """The folder as every process on this machine knows it."""
    return str(lora.absolute())


def _told(line: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(line)
    if error := wire.error_from(told):
        # Another replica may have room.
        raise Fault(str(error), full=True) if isinstance(error, Overloaded) else error
    return told
