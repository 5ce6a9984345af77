import asyncio
from dataclasses import replace

import pytest

from dashboard.integrations.mail import Attachment, Message
from dashboard.integrations.outcomes import OverQuota, Refused, Unavailable, Unclear
from tests.canaries import RESEND_KEY
from tests.integrations import connected
from tests.partners.provider import provider

MESSAGE = Message(to="Robin <robin@mail.example>", subject="Your quote", html="<p>Hello</p>", text="Hello")


async def test_sends_one_mail_however_often_the_same_key_is_sent():
    async with provider() as p:
        mail = connected(p).mail
        id = await mail.send(MESSAGE, "reply:91")
        assert await mail.send(MESSAGE, "reply:91") == id
        [entry] = p.sent("resend")
        assert (entry["id"], entry["key"]) == (id, "reply:91")
        assert entry["body"] == {
            "from": "Harbor <hello@harbor.example>",
            "to": ["Robin <robin@mail.example>"],
            "subject": "Your quote",
            "html": "<p>Hello</p>",
            "text": "Hello",
        }
        assert mail.honours_keys and mail.key_lifetime.total_seconds() == 24 * 3600


async def test_headers_tags_and_files_arrive_in_resends_shapes():
    message = replace(
        MESSAGE,
        html="",
        from_="Ana <ana@harbor.example>",
        reply_to="r+42@in.harbor.example",
        headers={"List-Unsubscribe": "<https://app.harbor.example/u/T>"},
        tags={"campaign": "c 17/é"},
        attachments=(Attachment("quote.pdf", b"%PDF", "application/pdf"),),
    )
    async with provider() as p:
        await connected(p).mail.send(message, "k")
        assert p.sent("resend")[0]["body"] == {
            "from": "Ana <ana@harbor.example>",
            "to": ["Robin <robin@mail.example>"],
            "subject": "Your quote",
            "text": "Hello",
            "reply_to": "r+42@in.harbor.example",
            "headers": {"List-Unsubscribe": "<https://app.harbor.example/u/T>"},
            "tags": [{"name": "campaign", "value": "c_17__"}],
            "attachments": [{"filename": "quote.pdf", "content": "JVBERg==", "content_type": "application/pdf"}],
        }


async def test_many_organizations_send_at_once_each_with_its_own_key_to_its_own_address():
    async with provider() as ours, provider() as theirs:
        sends = []
        for n in range(20):
            partner = ours if n % 2 else theirs
            mail = connected(partner, RESEND_API_KEY=f"re_organization_{n}").mail
            sends.append(mail.send(replace(MESSAGE, subject=f"{n}"), f"k{n}"))
        await asyncio.gather(*sends)
        for partner, rest in ((ours, 1), (theirs, 0)):
            seen = {request.json["subject"]: request.headers["authorization"] for request in partner.asked("resend")}
            assert seen == {f"{n}": f"Bearer re_organization_{n}" for n in range(20) if n % 2 == rest}


async def test_the_sdk_sends_nothing_when_it_is_used_without_an_organization():
    import resend as sdk

    async with provider() as p:
        await connected(p).mail.test()
        with pytest.raises(sdk.exceptions.ResendError):
            await sdk.Domains.list_async()
        assert len(p.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("401", None, "Check RESEND_API_KEY"),
        ("403", {"name": "invalid_api_key", "message": f"Bad {RESEND_KEY}"}, "Check RESEND_API_KEY"),
        ("403", {"name": "validation_error", "message": "The harbor.example domain is not verified."}, "not verified"),
        ("422", {"name": "missing_required_field", "message": f"No to for {RESEND_KEY}"}, r"No to for \(hidden\)"),
        ("409", {"name": "invalid_idempotent_request"}, "under this key, with other content"),
        ("400", {"name": ["odd"], "message": 7}, r"refused the request \(400\)"),
    ],
)
async def test_a_refusal_is_final_and_says_why_without_the_key(status, error, words):
    async with provider() as p:
        p.mode("resend", status, error=error)
        with pytest.raises(Refused, match=words) as caught:
            await connected(p).mail.send(MESSAGE, "k")
        assert RESEND_KEY not in str(caught.value) and len(p.asked("resend")) == 1


async def test_the_same_key_with_other_content_sends_nothing_more():
    async with provider() as p:
        mail = connected(p).mail
        await mail.send(MESSAGE, "k")
        with pytest.raises(Refused, match="other content"):
            await mail.send(replace(MESSAGE, subject="Another"), "k")
        assert len(p.sent("resend")) == 1


@pytest.mark.parametrize("period", ["daily", "monthly"])
async def test_a_used_up_quota_stops_instead_of_waiting(period):
    async with provider() as p:
        p.mode("resend", "429", error={"name": f"{period}_quota_exceeded"})
        with pytest.raises(OverQuota, match=f"The {period} quota"):
            await connected(p).mail.send(MESSAGE, "k")


@pytest.mark.parametrize(
    ("status", "error", "retry_after", "wait"),
    [
        ("429", {"name": "rate_limit_exceeded"}, "2", 2.0),
        ("429", {"name": "rate_limit_exceeded"}, "1000000000", 3600.0),
        ("429", None, None, None),
        ("409", {"name": "concurrent_idempotent_requests"}, None, None),
        ("500", None, None, None),
        ("502", None, None, None),
    ],
)
async def test_a_busy_resend_is_asked_again_later(status, error, retry_after, wait):
    async with provider() as p:
        p.mode("resend", status, times=1, error=error, retry_after=retry_after)
        with pytest.raises(Unavailable) as caught:
            await connected(p).mail.send(MESSAGE, "k")
        assert caught.value.retry_after == wait and p.sent("resend") == []
        await connected(p).mail.send(MESSAGE, "k")
        assert len(p.sent("resend")) == 1


@pytest.mark.parametrize("mode", ["cut", "slow", "drip", "malformed", "wrong_type", "empty", "html", "huge"])
async def test_an_answer_that_never_came_is_unclear_and_the_same_key_settles_it(mode):
    async with provider() as p:
        mail = connected(p).mail
        hasty = replace(mail, resend=replace(connected(p).resend, seconds=3))
        p.mode("resend", mode, times=1, delay=0.2 if mode == "drip" else 30)
        with pytest.raises(Unclear, match="may have"):
            await hasty.send(MESSAGE, "k")
        assert await mail.send(MESSAGE, "k") == p.sent("resend")[0]["id"]
        assert len(p.sent("resend")) == 1


async def test_a_resend_that_cannot_be_reached_has_certainly_sent_nothing():
    async with provider() as p:
        mail = connected(p).mail
    with pytest.raises(Unavailable, match="could not be reached"):
        await mail.send(MESSAGE, "k")


async def test_fetches_the_body_of_a_mail_that_came_in():
    async with provider() as p:
        p.objects["in_1"] = {"id": "in_1", "html": "<p>Hi</p>", "headers": {"x": "y"}}
        found = await connected(p).resend.received("in_1")
        assert (found["html"], p.asked("resend")[0].path) == ("<p>Hi</p>", "/emails/receiving/in_1")
        p.mode("resend", "cut")
        with pytest.raises(Unavailable):
            await connected(p).resend.received("in_1")
