"""OpenAI and servers that speak like it. For now only whether it answers; drafting comes with the assistant."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dashboard.integrations.outcomes import OverQuota, ProviderError, Refused, Unavailable, safe_words, wait_from
from dashboard.integrations.provider import Provider
from dashboard.integrations.wire import AGAIN_LATER, SECONDS


@dataclass(frozen=True)
class OpenAI(Provider):
    name: ClassVar[str] = "OpenAI"

    key: str = field(repr=False)
    base: str
    model: str
    held: str = ""
    seconds: float = SECONDS

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

    def _client(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self.key,
            base_url=self.base,
            max_retries=0,
            timeout=self.seconds,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False, follow_redirects=False),
        )


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
