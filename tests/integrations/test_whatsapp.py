import logging
from dataclasses import replace

import pytest

from dashboard.integrations.outcomes import NotConfigured, OverQuota, Refused, Unavailable, Unclear
from tests.canaries import WHATSAPP_TOKEN
from tests.integrations import connected
from tests.partners.provider import provider

TEXT = "New order 7: €49.00\nRobin Sample\t·   Starter audit\nhttps://desk.example/acme/orders/7"


async def test_an_alert_without_a_template_is_free_text_to_the_phone_of_the_admin():
    async with provider() as p:
        its = connected(p).whatsapp
        id = await its.alert(TEXT, "42")
        [entry] = p.sent("whatsapp")
        assert entry["id"] == id and entry["path"] == "/106540352242922/messages" and entry["key"] == ""
        assert entry["body"] == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "15550100042",
            "biz_opaque_callback_data": "42",
            "type": "text",
            "text": {"body": TEXT, "preview_url": False},
        }
        assert not its.honours_keys and its.key_lifetime is None


@pytest.mark.parametrize(("setting", "language"), [("team_alert", "en_US"), ("team_alert:nb", "nb")])
async def test_with_a_template_the_alert_is_its_one_variable_on_one_line(setting, language):
    async with provider() as p:
        await connected(p, WHATSAPP_ALERT_TEMPLATE=setting).whatsapp.alert(TEXT, "42")
        template = p.sent("whatsapp")[0]["body"]["template"]
        assert template == {
            "name": "team_alert",
            "language": {"code": language},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {
                            "type": "text",
                            "text": "New order 7: €49.00 · Robin Sample · Starter audit · https://desk.example/acme/orders/7",
                        }
                    ],
                }
            ],
        }


@pytest.mark.parametrize("template", ["", "team_alert"])
@pytest.mark.parametrize("text", ["x" * 9000, "😀" * 9000, "a\n" * 5000, "\ud800" * 9000])
async def test_any_text_fits(text, template):
    async with provider() as p:
        await connected(p, WHATSAPP_ALERT_TEMPLATE=template).whatsapp.alert(text, "1")
        assert len(p.sent("whatsapp")) == 1


@pytest.mark.parametrize("setting", ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_SENDER_ID", "WHATSAPP_ADMIN_PHONE"])
async def test_each_of_the_three_is_needed_and_named(setting):
    async with provider() as p:
        its = connected(p, **{setting: ""}).whatsapp
        assert its.missing == f"{setting} is not set"
        for attempt in (its.alert("Hello", "1"), its.test()):
            with pytest.raises(NotConfigured, match=setting):
                await attempt
        assert p.requests == []


async def test_outside_the_window_of_24_hours_it_says_what_to_do_and_counts_as_not_configured():
    async with provider() as p:
        p.mode("whatsapp", "400", error={"code": 131047, "message": "Re-engagement message"})
        with pytest.raises(NotConfigured, match=r"24 hours .* approved template"):
            await connected(p).whatsapp.alert("Hello", "1")


@pytest.mark.parametrize(
    ("status", "code", "outcome", "words"),
    [
        ("401", 190, Refused, "Check WHATSAPP_ACCESS_TOKEN"),
        ("400", 131026, Refused, "Check WHATSAPP_ADMIN_PHONE"),
        ("404", 132001, Refused, "no approved template"),
        ("400", 368, Refused, "blocked this WhatsApp account"),
        ("400", 131049, Refused, r"WhatsApp refused: \(#100\) Reason"),
        ("429", 130429, Unavailable, "slow down"),
        ("400", 80007, Unavailable, "slow down"),
        ("400", 131048, OverQuota, "reported"),
        ("500", 1, Unavailable, "WhatsApp refused"),
        ("200", 100, Refused, "WhatsApp refused"),
    ],
)
async def test_what_whatsapp_answers_decides_what_becomes_of_the_alert(status, code, outcome, words):
    async with provider() as p:
        p.mode("whatsapp", status, error={"code": code, "message": "(#100) Reason"})
        with pytest.raises(outcome, match=words):
            await connected(p).whatsapp.alert("Hello", "1")


async def test_two_messages_to_one_phone_are_six_seconds_apart():
    async with provider() as p:
        p.mode("whatsapp", "400", error={"code": 131056})
        with pytest.raises(Unavailable) as caught:
            await connected(p).whatsapp.alert("Hello", "1")
        assert caught.value.retry_after == 6.0


@pytest.mark.parametrize("mode", ["cut", "slow", "malformed", "wrong_type", "empty", "html", "huge", "close"])
async def test_an_answer_that_never_came_is_unclear_because_nothing_guards_against_a_second_message(mode):
    async with provider() as p:
        p.mode("whatsapp", mode)
        with pytest.raises(Unclear, match="may have"):
            await replace(connected(p).whatsapp, seconds=3).alert("Hello", "1")
        assert len(p.sent("whatsapp")) == (0 if mode == "close" else 1)


async def test_a_gateway_that_failed_is_unclear_too():
    async with provider() as p:
        p.mode("whatsapp", "502", error="nothing of WhatsApp's")
        with pytest.raises(Unclear):
            await connected(p).whatsapp.alert("Hello", "1")
        with pytest.raises(Unavailable):
            await connected(p).whatsapp.test()


async def test_testing_reads_the_number_and_sends_nothing():
    async with provider() as p:
        assert "WhatsApp answered in" in await connected(p).whatsapp.test()
        assert p.sent("whatsapp") == [] and p.asked("whatsapp")[0].path == "/106540352242922"
        with pytest.raises(Refused, match="WHATSAPP_ACCESS_TOKEN"):
            await connected(p, WHATSAPP_ACCESS_TOKEN="wrong").whatsapp.test()


async def test_the_token_never_reaches_a_log_or_a_message(caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    async with provider() as p:
        its = replace(connected(p).whatsapp, seconds=3)
        for mode in ("ok", "400", "401", "429", "500", "cut", "malformed"):
            p.mode("whatsapp", mode, error={"message": f"token {WHATSAPP_TOKEN} is odd"} if mode.isdecimal() else None)
            for attempt in (its.alert("Hello", "1"), its.test()):
                try:
                    await attempt
                except Exception as error:
                    said.append(f"{error!r} {error.__cause__!r}")
    assert len(said) > 8 and WHATSAPP_TOKEN not in caplog.text + "".join(said) + repr(its)


async def test_a_sender_id_cannot_lead_to_another_address():
    async with provider() as p:
        with pytest.raises(Refused):
            await connected(p, WHATSAPP_SENDER_ID="1/../../v1/refunds?a=").whatsapp.test()
        assert p.asked("resend")[0].path.startswith("/1%2F..%2F..%2Fv1%2Frefunds%3Fa%3D")
