"""A server with OpenAI's completions: one request as pieces of text, its failures as our errors."""

import json
from collections.abc import AsyncGenerator, Sequence

import httpx2
import openai
from openai.types import Completion

from core.errors import ModelUnavailable, NarratorError, NoLikelihoods
from core.narrator.errand import Ask
from core.narrator.faults import Fault, PromptTooLong

_CONNECT = 5.0  # seconds; a server that is there answers at once
_KEY = "TALETURN_OPENAI_KEY"
_TOO_LONG = ("context", "maximum", "too long", "exceed")  # in the words of several servers


class Server:
    """One server; its models are asked for by name."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        self._url = url
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",  # the package wants one; a server of one's own seldom does
            max_retries=0,  # trying again goes on from what was written, which it cannot do
            timeout=httpx2.Timeout(timeout, connect=min(timeout, _CONNECT)),
        )

    async def complete(self, model: str, ask: Ask) -> AsyncGenerator[str]:
        """Yield the text in pieces. Raises Fault, PromptTooLong or NarratorError."""
        try:
            stream = await self._client.completions.create(
                model=model,
                prompt=ask.prompt,
                max_tokens=ask.most,
                seed=ask.seed,
                temperature=ask.temperature,
                top_p=ask.top_p,
                presence_penalty=ask.presence,
                stop=list(ask.stop),
                logit_bias=dict(ask.bias) or openai.omit,
                stream=True,
            )
            async with stream:
                ended = False
                async for chunk in stream:
                    for choice in chunk.choices or ():  # the last chunk may have none
                        ended = ended or bool(choice.finish_reason)
                        if choice.text:
                            yield choice.text
            if not ended:
                raise Fault(f"{self._url} broke off in the middle of a passage.")
        except (openai.OpenAIError, httpx2.HTTPError, json.JSONDecodeError) as error:
            raise self._translated(error) from error

    async def likelihoods(self, model: str, prompt: str | Sequence[int]) -> list[float]:
        """Log-likelihoods of a prompt's tokens after the first, in nats. Raises as `complete`."""
        try:
            found: Completion = await self._client.completions.create(
                model=model, prompt=prompt, max_tokens=0, echo=True, logprobs=1
            )
        except (openai.OpenAIError, httpx2.HTTPError, json.JSONDecodeError) as error:
            raise self._translated(error) from error
        logprobs = found.choices[0].logprobs if found.choices else None
        given = logprobs.token_logprobs if logprobs else None
        count = found.usage.prompt_tokens if found.usage else None
        if not given or count is None or len(given) < count:
            raise NoLikelihoods(
                f"{self._url} does not tell how likely a text is (`echo` with `logprobs`), "
                "so texts cannot be compared there."
            )
        return [float(value) for value in given[1:count]]

    async def models(self) -> list[str]:
        """The names of the models it serves. Raises as `complete`."""
        try:
            return [model.id async for model in self._client.models.list()]
        except (openai.OpenAIError, httpx2.HTTPError, json.JSONDecodeError) as error:
            raise self._translated(error) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _translated(self, error: Exception) -> Exception:
        """Our error for one of theirs; a key never stands in any of these."""
        match error:
            case openai.APITimeoutError():
                return Fault(f"{self._url} was silent for too long.")
            case openai.RateLimitError():
                return Fault(f"{self._url} has too much to do.", after=_after(error), full=True)
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return ModelUnavailable(f"{self._url} refuses the key: set {_KEY} to one it takes.")
            case openai.NotFoundError():
                return ModelUnavailable(
                    f"{self._url} has no such model, or no completions: see openai.url and "
                    "openai.model."
                )
            case openai.APIStatusError() if error.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                if any(word in error.message.lower() for word in _TOO_LONG):
                    return PromptTooLong(error.message)
                return NarratorError(f"{self._url} refuses what it is asked: {error.message}")
            case openai.APIStatusError():
                said = f"{self._url} failed with status {error.status_code}."
                return Fault(said, after=_after(error))
            case openai.APIConnectionError():
                return Fault(f"{self._url} cannot be reached, or hung up.")
            case _:
                return Fault(f"{self._url} sent what is no completion ({type(error).__name__}).")


def _after(error: openai.APIStatusError) -> float:
    """The seconds a server asks to be left alone; it may also name a date, which is not read."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
