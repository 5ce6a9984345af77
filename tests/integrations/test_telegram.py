import logging
from dataclasses import replace

import pytest

from dashboard.errors import NotFound
from dashboard.integrations.outcomes import Refused, Unavailable, Unclear
from dashboard.integrations.signatures import BadSignature
from dashboard.integrations.telegram import escape
from tests.canaries import BOT_TOKEN, MARK
from tests.integrations import connected
from tests.partners.provider import provider


async def test_alerts_the_staff_chat_with_buttons():
    async with provider() as p:
        its = connected(p).telegram
        id = await its.send("", f"<b>New order</b> {escape('1 < 2 & 3')}", buttons=[("Approve", "a:7:f3c1")])
        [entry] = p.sent("telegram")
        assert entry["id"] == id and entry["body"] == {
            "chat_id": "-1001",
            "text": "<b>New order</b> 1 &lt; 2 &amp; 3",
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {"inline_keyboard": [[{"text": "Approve", "callback_data": "a:7:f3c1"}]]},
        }
        assert not its.honours_keys and its.key_lifetime is None
        await its.send("777", "Hello")
        assert p.sent("telegram")[1]["body"]["chat_id"] == "777"


async def test_a_button_that_carries_too_much_is_refused_before_anything_leaves():
    async with provider() as p:
        for data in ("é" * 33, ""):
            with pytest.raises(Refused, match="more than Telegram takes"):
                await connected(p).telegram.send("", "Hello", buttons=[("Approve", data)])
        assert p.requests == []


@pytest.mark.parametrize(
    "text", ["x" * 9000, "😀" * 9000, "x" + "😀" * 9000, "<&>" * 9000, "\ud800" * 9000, "a" * 4096]
)
async def test_any_text_fits_once_it_is_escaped(text):
    async with provider() as p:
        await connected(p).telegram.send("", escape(text))
        assert len(p.sent("telegram")) == 1


def test_short_text_stays_as_it_is_and_long_text_is_cut_before_it_is_escaped():
    assert escape("a < b") == "a &lt; b"
    assert escape("&&&&&", limit=4) == "&amp;&amp;&amp;…"
    assert escape("ab😀", limit=4) == "ab😀" and escape("ab😀d", limit=4) == "ab…"


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("400", {"description": "Bad Request: chat not found"}, "Telegram refused: Bad Request: chat not found"),
        ("403", {"description": "Forbidden: bot was blocked by the user"}, "blocked by the user"),
        ("400", {"parameters": {"migrate_to_chat_id": -100123}}, "Set TELEGRAM_CHAT_ID to -100123"),
        ("401", None, "Check TELEGRAM_BOT_TOKEN"),
        ("404", None, "Check TELEGRAM_BOT_TOKEN"),
        ("400", {"description": f"{BOT_TOKEN} {7}", "parameters": 5}, r"refused: \(hidden\) 7"),
        ("200", {"description": "odd"}, "refused: odd"),
        ("302", None, "refused"),
    ],
)
async def test_a_refusal_is_final_and_says_why(status, error, words):
    async with provider() as p:
        p.mode("telegram", status, error=error)
        with pytest.raises(Refused, match=words):
            await connected(p).telegram.send("", "Hello")


@pytest.mark.parametrize(
    ("status", "error", "wait"),
    [
        ("429", None, 35.0),
        ("429", {"parameters": {"retry_after": 10**9}}, 3600.0),
        ("429", {"parameters": {"retry_after": -1}}, None),
        ("429", {"parameters": {"retry_after": "soon"}}, None),
        ("500", {"description": "Internal Server Error"}, None),
    ],
)
async def test_a_busy_telegram_is_asked_again_later(status, error, wait):
    async with provider() as p:
        p.mode("telegram", status, error=error)
        with pytest.raises(Unavailable) as caught:
            await connected(p).telegram.send("", "Hello")
        assert caught.value.retry_after == wait


@pytest.mark.parametrize("mode", ["cut", "slow", "drip", "malformed", "wrong_type", "empty", "html", "huge", "close"])
async def test_an_answer_that_never_came_is_unclear_because_nothing_guards_against_a_second_message(mode):
    async with provider() as p:
        p.mode("telegram", mode, delay=0.2 if mode == "drip" else 30)
        with pytest.raises(Unclear, match="may have"):
            await replace(connected(p).telegram, seconds=3).send("", "Hello")
        assert len(p.sent("telegram")) == (0 if mode == "close" else 1)


async def test_a_failure_that_a_gateway_reports_is_unclear_too():
    async with provider() as p:
        p.mode("telegram", "502", error={"ok": "no"})
        with pytest.raises(Unclear):
            await connected(p).telegram.send("", "Hello")
        with pytest.raises(Unavailable):
            await connected(p).telegram.test()


async def test_the_token_never_reaches_a_log_or_a_message(caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    async with provider() as p:
        its = replace(connected(p).telegram, seconds=3)
        for mode in ("ok", "400", "401", "429", "500", "302", "cut", "malformed", "huge"):
            p.mode("telegram", mode)
            for attempt in (its.send("", "Hello"), its.test()):
                try:
                    await attempt
                except Exception as error:
                    said.append(f"{error!r} {error.__cause__!r}")
        assert p.asked("telegram")[0].path == f"/bot{BOT_TOKEN}/sendMessage"
    with pytest.raises(Unavailable) as caught:
        await its.send("", "Hello")
    assert len(said) > 12 and MARK not in caplog.text + "".join(said) + repr(caught.value)


async def test_a_token_cannot_lead_to_another_address():
    async with provider() as p:
        await connected(p, TELEGRAM_BOT_TOKEN="1:x/../../v1/refunds?a=").telegram.test()
        assert p.asked("telegram")[0].path == "/bot1:x%2F..%2F..%2Fv1%2Frefunds%3Fa%3D/getMe"


def test_believes_an_update_with_our_secret_and_no_other():
    its = connected(TELEGRAM_WEBHOOK_SECRET="old-one,new-one").telegram
    for secret in ("old-one", "new-one"):
        assert its.verify(b'{"update_id": 1}', secret) == {"update_id": 1}
    for header, reason in (
        ("", "no signature"),
        ("newone", "signature did not match"),
        ("é", "signature did not match"),
    ):
        with pytest.raises(BadSignature) as caught:
            its.verify(b'{"update_id": 1}', header)
        assert caught.value.reason == reason
    with pytest.raises(NotFound):
        connected().telegram.verify(b"{}", "")
