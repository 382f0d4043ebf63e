"""What is sent to a server for one assignment: the prompt as text or tokens, and how to draw."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import NarratorError
from core.narrator.guarding import barred_tokens
from core.narrator.narrator import Assignment, Mode
from core.narrator.prompt import LEAST_WINDOW, Prompt, build
from core.narrator.sampling import sampling
from core.narrator.tokens import Tokens

_STOP = "\x01"  # a heading begins
_NEVER = -100
_MOST_BIASED = 300  # tokens; OpenAI and vLLM take no more
# Of the local penalty: a server's weighs on every token written, full stops and names included.
_PRESENCE = 0.3
# What some tokenizer reads as a command, typed by somebody: <|endoftext|>, </s>, [INST].
_COMMAND = re.compile(r"<(?=[^\s\d])|\[(?=/?[A-Z])")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for text that goes on from a prompt."""

    prompt: str | Sequence[int]  # a text, or the tokens of the server's own model
    most: int  # tokens
    seed: int
    temperature: float
    top_p: float
    presence: float  # nats taken from tokens that were written
    stop: tuple[str, ...]
    bias: Mapping[str, int] = field(default_factory=dict)  # token -> -100 (never) to 100


class Errand:
    """An assignment on its way to a server."""

    def __init__(
        self, assignment: Assignment, tokens: Tokens, window: int, *, known: bool, attempt: int = 0
    ) -> None:
        """`known`: the tokens are those of the server's model, and no mere estimate of them."""
        self.assignment = assignment
        self.prompt: Prompt = build(assignment, tokens, window)
        self._tokens = tokens
        self._window = window
        self._known = known
        self._attempt = attempt

    def shorten(self, why: Exception) -> None:
        """Halve the prompt: the server counted more tokens in it. NarratorError below the least."""
        self._window //= 2
        if self._window < LEAST_WINDOW:
            raise NarratorError(f"The server finds every prompt too long: {why}") from why
        self.prompt = build(self.assignment, self._tokens, self._window)

    def sent(self, told: str) -> str | list[int]:
        """The prompt and what was told after it: tokens where the server's are known."""
        if self._known:
            return [*self.prompt.ids, *self._tokens.encode(told)]
        # The first token says that a text begins; a server that wants such a thing puts it there.
        spelled = b"".join(map(self._tokens.bytes_of, self.prompt.ids[1:]))
        return _COMMAND.sub(r"\g<0> ", spelled.decode(errors="replace") + told)

    def ask(self, told: str, most: int, leg: int) -> Ask:
        """What goes on from `told` for so many tokens; another leg draws other words."""
        chosen = sampling(self.assignment)
        return Ask(
            prompt=self.sent(told),
            most=most,
            seed=zlib.crc32(f"{self.assignment.seed}.{self._attempt}.{leg}".encode()) >> 1,
            temperature=chosen.temperature,
            top_p=chosen.top_p,
            presence=chosen.repetition * _PRESENCE,
            stop=(_STOP, "\n") if self.assignment.mode is Mode.TITLE else (_STOP,),
            bias=self._bias(),
        )

    def _bias(self) -> dict[str, int]:
        """What bars banned words, where the server's tokens are known."""
        if not self._known:
            return {}
        barred = sorted(barred_tokens(self.assignment.banned, self._tokens))
        return {str(token): _NEVER for token in barred[:_MOST_BIASED]}
