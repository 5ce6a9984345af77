from dataclasses import replace

import pytest

from dashboard.integrations.outcomes import OverQuota, Refused, Unavailable
from tests.canaries import OPENAI_KEY
from tests.integrations import connected
from tests.partners.provider import provider


@pytest.mark.parametrize(
    ("status", "error", "expected", "words"),
    [
        ("401", {"message": f"Incorrect API key {OPENAI_KEY}"}, Refused, "Check OPENAI_API_KEY"),
        ("404", {"message": f"No {OPENAI_KEY} here"}, Refused, r"OpenAI refused: No \(hidden\) here"),
        ("429", {"code": "rate_limit_exceeded"}, Unavailable, "try again later"),
        ("429", {"code": "insufficient_quota"}, OverQuota, "no credit left"),
        ("500", None, Unavailable, "try again later"),
        ("200", None, Unavailable, "makes no sense"),
    ],
)
async def test_says_what_is_wrong_with_the_connection(status, error, expected, words):
    async with provider() as p:
        p.mode("openai", status, error=error, retry_after="9")
        with pytest.raises(expected, match=words) as caught:
            await connected(p).openai.test()
        assert len(p.requests) == 1 and "canary" not in str(caught.value)
        assert status != "429" or expected is OverQuota or caught.value.retry_after == 9.0


@pytest.mark.parametrize("mode", ["cut", "close", "slow", "drip", "malformed", "wrong_type", "empty", "html"])
async def test_an_answer_that_makes_no_sense_is_no_proof(mode):
    async with provider() as p:
        p.mode("openai", mode, delay=0.2 if mode == "drip" else 30)
        with pytest.raises(Unavailable):
            await replace(connected(p).openai, seconds=3).test()


async def test_asks_no_proxy_of_the_environment(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with provider() as p:
        its = connected(p)
        for each in (its.openai, its.stripe, its.resend, its.telegram):
            await each.test()
        assert len(p.requests) == 4
