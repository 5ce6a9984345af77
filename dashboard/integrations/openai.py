"""OpenAI and servers that speak like it: whether it answers, and one structured answer to one prompt."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dashboard.integrations.outcomes import (
    OverQuota,
    ProviderError,
    Refused,
    Unavailable,
    Unclear,
    safe_words,
    wait_from,
)
from dashboard.integrations.provider import Provider
from dashboard.integrations.wire import AGAIN_LATER, SECONDS, tls

OWN_HOST = "https://api.openai.com/"
LONGEST_ANSWER = 40_000  # characters; a server that goes on writing is not listened to
MOST_COUNTED = 1_000_000_000  # tokens of one call; more is no count


class Malformed(Unavailable):
    """It answered, but not what was asked for. What it cost is in `used`, where the server told."""

    def __init__(self, message: str, used: "Used | None" = None) -> None:
        super().__init__(message)
        self.used = used


@dataclass
class Used:
    """Tokens, as the server counted them."""

    given: int = 0
    cached: int = 0
    written: int = 0


@dataclass(frozen=True)
class Written:
    values: dict[str, Any]
    used: Used | None
    model: str


@dataclass(frozen=True)
class OpenAI(Provider):
    name: ClassVar[str] = "OpenAI"

    key: str = field(repr=False)
    base: str
    model: str
    held: str = ""
    seconds: float = SECONDS
    speaks: str = ""  # responses or chat; by itself OpenAI's own server is spoken to in the first, all others in chat

    @property
    def missing(self) -> str:
        if not self.key:
            return "OPENAI_API_KEY is not set"
        return self.held if self.model else "OPENAI_MODEL is not set"

    async def ping(self) -> None:
        import openai

        self.require()
        try:
            async with asyncio.timeout(self.seconds), self._client() as client:
                found = await client.models.list()
        except openai.APIStatusError as error:
            raise _outcome(error, self.key) from None
        except (openai.OpenAIError, TimeoutError, ValueError, TypeError, AttributeError):
            raise Unavailable("OpenAI could not be reached, or its answer makes no sense.") from None
        if not isinstance(getattr(found, "data", None), list):
            raise Unavailable("OpenAI sent an answer that makes no sense.")

    async def write(
        self, instructions: str, text: str, name: str, schema: dict[str, Any], *, most_tokens: int, seconds: float
    ) -> Written:
        """One object of this JSON schema. Nothing is stored there, nothing is retried here, and no tools are offered.
        The answer is read as a stream, so that its size and time have an end. ProviderError, or Malformed."""
        import openai

        self.require()
        pieces: list[str] = []
        used: Used | None = None
        way = self.speaks or ("responses" if self.base.startswith(OWN_HOST) else "chat")
        ask = self._responses if way == "responses" else self._chat
        try:
            async with asyncio.timeout(seconds), self._client() as client:
                async for piece, found in ask(client, instructions, text, name, schema, most_tokens):
                    pieces.append(piece)
                    used = found or used
                    if sum(len(each) for each in pieces) > LONGEST_ANSWER:
                        raise Malformed("OpenAI wrote an answer that is too long.", used)
        except openai.APIStatusError as error:
            raise _outcome(error, self.key) from None
        except openai.APIConnectionError as error:
            if isinstance(error, openai.APITimeoutError):
                raise Unclear("OpenAI did not answer in time.") from None
            raise Unavailable("OpenAI could not be reached.") from None
        except TimeoutError:
            raise Unclear("OpenAI did not answer in time.") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError):
            raise Malformed("OpenAI sent an answer that makes no sense.", used) from None
        return Written(_object("".join(pieces), used), used, self.model)

    async def _chat(
        self, client: Any, instructions: str, text: str, name: str, schema: dict[str, Any], most_tokens: int
    ) -> AsyncIterator[tuple[str, Used | None]]:
        stream = await client.chat.completions.create(
            model=self.model,
            messages=[{"role": "system", "content": instructions}, {"role": "user", "content": text}],
            response_format={"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}},
            max_completion_tokens=most_tokens, store=False, stream=True, stream_options={"include_usage": True},
        )  # fmt: skip
        async for chunk in stream:
            choice = chunk.choices[0] if chunk.choices else None
            if choice is not None and getattr(choice.delta, "refusal", None):
                raise Refused("The model refused to answer.")
            if choice is not None and choice.finish_reason in ("length", "content_filter"):
                raise Malformed("The model stopped in the middle of its answer.", _chat_usage(chunk.usage))
            yield (choice.delta.content or "") if choice is not None else "", _chat_usage(chunk.usage)

    async def _responses(
        self, client: Any, instructions: str, text: str, name: str, schema: dict[str, Any], most_tokens: int
    ) -> AsyncIterator[tuple[str, Used | None]]:
        stream = await client.responses.create(
            model=self.model, instructions=instructions, input=text, max_output_tokens=most_tokens, store=False,
            stream=True,
            text={"format": {"type": "json_schema", "name": name, "schema": schema, "strict": True}},
        )  # fmt: skip
        async for event in stream:
            if event.type == "response.output_text.delta":
                yield event.delta, None
            elif event.type == "response.completed":
                usage = event.response.usage
                cached = getattr(getattr(usage, "input_tokens_details", None), "cached_tokens", 0) or 0
                yield "", _counted(usage.input_tokens, cached, usage.output_tokens) if usage else None
            elif event.type.startswith("response.refusal"):
                raise Refused("The model refused to answer.")
            elif event.type in ("response.failed", "response.incomplete", "error"):
                raise Malformed("The model stopped in the middle of its answer.")

    def _client(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self.key,
            base_url=self.base,
            max_retries=0,
            timeout=self.seconds,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False, follow_redirects=False, verify=tls()),
        )


def _chat_usage(usage: Any) -> Used | None:
    if usage is None:
        return None
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", 0) or 0
    return _counted(usage.prompt_tokens or 0, cached, usage.completion_tokens or 0)


def _counted(*tokens: Any) -> Used | None:
    """None where a server says what cannot be: then a call costs its whole reserve."""
    whole = all(isinstance(each, int) and 0 <= each <= MOST_COUNTED for each in tokens)
    return Used(*tokens) if whole else None


def _object(text: str, used: Used | None) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Malformed("OpenAI sent an answer that makes no sense.", used)
    return found


def _outcome(error: Any, key: str) -> ProviderError:
    if error.code == "insufficient_quota":
        return OverQuota("The OpenAI account has no credit left. Add credit, then try again.")
    status = error.status_code
    if status in AGAIN_LATER or status >= 500:
        wait = wait_from(error.response.headers.get("retry-after"))
        return Unavailable(f"OpenAI asks to try again later ({status}).", wait)
    if status == 401:
        return Refused("OpenAI did not accept the key. Check OPENAI_API_KEY.")
    body = error.body if isinstance(error.body, dict) else {}
    return Refused(f"OpenAI refused: {safe_words(body.get('message'), key) or status}")
