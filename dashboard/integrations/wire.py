"""One HTTP exchange with a provider, with a total deadline and a size limit, that knows whether the request left."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dashboard.integrations.outcomes import NotTaken, ProviderError, Refused, Unavailable, Unclear, wait_from

if TYPE_CHECKING:
    import ssl

SECONDS = 20.0
LARGEST_ANSWER = 1_000_000
READS = ("GET", "HEAD")
AGAIN_LATER = (408, 409, 425, 429)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> dict[str, Any] | None:
        """The answer as a JSON object, or None when it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class _TooLarge(Exception):
    pass


async def exchange(
    who: str, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"", seconds: float = SECONDS,
    largest: int = LARGEST_ANSWER,
) -> Answer:  # fmt: skip
    """Whatever status the provider answered. Unavailable if the request never left (or was only a read), Unclear if
    it left and no whole answer came back within `seconds`. A fresh connection each time: a reused one may be dead,
    which would turn "nothing was sent" into "unclear"."""
    httpx = _httpx()
    left = False
    status, head, body = 0, {}, bytearray()

    async def note(event: str, _: Any) -> None:
        nonlocal left
        left = left or event.endswith("send_request_headers.started")

    # The deadline is ours because a client's own timeout starts again with every byte that drips in.
    headers = {"User-Agent": "Backdesk", **headers, "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(verify=tls(), trust_env=False, timeout=seconds) as client,
            client.stream(method, url, headers=headers, content=content, extensions={"trace": note}) as response,
        ):
            status, head = response.status_code, response.headers
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > largest:
                    raise _TooLarge
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError):
        raise Refused(f"{who} could not be asked: its address or a header is not valid.") from None
    except (httpx.HTTPError, TimeoutError, OSError, _TooLarge) as problem:
        if status >= 400:
            return Answer(status, head, b"")
        what = _words(problem, seconds)
        if not left:
            raise NotTaken(f"{who} could not be reached.") from None
        if method in READS:
            raise Unavailable(f"{who} {what}.") from None
        raise Unclear(f"{who} {what}. It may have acted.") from None
    return Answer(status, head, bytes(body))


def judged(who: str, method: str, answer: Answer, words: str = "", wait: float | None = None) -> ProviderError:
    """The error for an answer that is no success, by its status alone."""
    if answer.status in AGAIN_LATER or answer.status >= 500:
        wait = wait if wait is not None else wait_from(answer.headers.get("retry-after"))
        kind = NotTaken if answer.status == 429 else Unavailable
        return kind(words or f"{who} asks to try again later ({answer.status}).", wait)
    if not answer.good:
        return Refused(words or f"{who} refused the request ({answer.status}).")
    if method in READS:
        return Unavailable(f"{who} sent an answer that makes no sense.")
    return Unclear(f"{who} sent an answer that makes no sense. It may have acted.")


def _words(problem: BaseException, seconds: float) -> str:
    if isinstance(problem, _TooLarge):
        return "sent an answer that is too large"
    if isinstance(problem, TimeoutError) or "Timeout" in type(problem).__name__:
        return f"gave no whole answer within {seconds:g} seconds"
    return "closed the connection before answering"


@lru_cache(1)
def _httpx() -> Any:
    import httpx

    # It logs every address, and some providers carry their token in it.
    logging.getLogger("httpx").addFilter(lambda record: False)
    return httpx


@lru_cache(1)
def tls() -> "ssl.SSLContext":
    """Whom we trust. Made once: it costs some 30 ms, in which this process does nothing else."""
    return _httpx().create_ssl_context(trust_env=False)
