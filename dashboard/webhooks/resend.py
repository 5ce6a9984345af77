"""What Resend's events mean for us. Each handler gets the parsed event inside the transaction that settles it."""

from datetime import UTC, datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns import replies
from dashboard.campaigns.engine import results
from dashboard.deliveries.feedback import Report
from dashboard.deliveries.mails import one_line
from dashboard.deliveries.tables import DeliveryState
from dashboard.webhooks import mailbox
from dashboard.webhooks.ledger import Fetching, Handler, Problem

NOT_OURS = "Not a mail of ours."
NO_NEWS = "Nothing new."


async def sent(organization: Organization, event: dict, now: datetime) -> str:
    return await _move(organization, event, now, DeliveryState.sent)


async def delivered(organization: Organization, event: dict, now: datetime) -> str:
    return await _move(organization, event, now, DeliveryState.delivered)


async def failed(organization: Organization, event: dict, now: datetime) -> str:
    why = f"Resend could not send it: {_words(event, 'failed', 'reason') or 'no reason given'}"
    return await _move(organization, event, now, DeliveryState.failed, why)


async def delayed(organization: Organization, event: dict, now: datetime) -> str:
    report = _report(organization, event, now)
    why = "The receiving server asks to wait. Resend goes on trying."
    if await report.delayed(why):
        if found := await report.found():
            await results.delayed(found["id"], why)
            if found["organization"] and await report.bounced_often(found["recipient"]):
                await report.suppress(found["recipient"], "bounced", "Mails to it were put off again and again")
                return "Delayed, like others to this address before. It is not written to again."
        return "Delayed. Resend goes on trying."
    return NO_NEWS if await report.found() else NOT_OURS


async def bounced(organization: Organization, event: dict, now: datetime) -> str:
    """Permanent: the address is not written to again. Transient or undetermined: only once it happens often."""
    report = _report(organization, event, now)
    said = _words(event, "bounce", "message") or "The receiving server sent it back."
    await report.moves(DeliveryState.bounced, said)
    delivery = await report.found()
    if delivery is None:
        return NOT_OURS
    await results.told(delivery["id"], "bounced", said, report.at)
    if not delivery["organization"]:
        return "Bounced."
    permanent = _part(event, "bounce").get("type") == "Permanent"
    if permanent or await report.bounced_often(delivery["recipient"]):
        await report.suppress(delivery["recipient"], "bounced", said)
        return "Bounced. The address is not written to again."
    return "Bounced, perhaps only for now."


async def complained(organization: Organization, event: dict, now: datetime) -> str:
    """Marked as spam, so it arrived; and it was the last one."""
    report = _report(organization, event, now)
    await report.moves(DeliveryState.delivered)
    delivery = await report.found()
    if delivery is None:
        return NOT_OURS
    await results.told(delivery["id"], "complained", "Marked it as spam", report.at)
    if delivery["organization"]:
        await report.suppress(delivery["recipient"], "complained", "Marked a mail of ours as spam")
    return "Marked as spam. The address is not written to again."


async def suppressed(organization: Organization, event: dict, now: datetime) -> str:
    """The address is on Resend's own list, so it belongs on ours."""
    report = _report(organization, event, now)
    said = _words(event, "suppressed", "message") or "Resend does not write to this address any more."
    await report.moves(DeliveryState.suppressed, said)
    delivery = await report.found()
    if delivery is None:
        return NOT_OURS
    await results.told(delivery["id"], "suppressed", said, report.at)
    if delivery["organization"]:
        await report.suppress(delivery["recipient"], "bounced", said)
    return "Not sent: the address is blocked at Resend, and here from now on."


async def opened(organization: Organization, event: dict, now: datetime) -> str:
    """A fact that decides nothing: mail programs fetch images by themselves."""
    return await _seen(organization, event, now, "opened", "Opened.")


async def clicked(organization: Organization, event: dict, now: datetime) -> str:
    return await _seen(organization, event, now, "clicked", "Clicked.")


async def received(organization: Organization, event: dict, now: datetime) -> str:
    """A mail came in: perhaps somebody answers a campaign; with its words, it is kept in its conversation."""
    data = event["data"]
    if not isinstance(data, dict):
        raise Problem("The event names no mail.")
    mail = replies.Mail.of(data)
    campaign = await replies.received(organization, mail, now)
    if not ("text" in data or "html" in data or data.get("fetched")):
        return campaign or "A mail that answers no campaign."
    kept = await mailbox.receive(organization, data, mail, now, quiet=bool(campaign))
    return f"{campaign} {kept}".strip()


async def _seen(organization: Organization, event: dict, now: datetime, fact: str, words: str) -> str:
    report = _report(organization, event, now)
    if not await report.seen(fact):
        return NOT_OURS
    if found := await report.found():
        await results.seen(found["id"], fact, report.at)
    return words


async def _move(organization: Organization, event: dict, now: datetime, state: DeliveryState, why: str = "") -> str:
    report = _report(organization, event, now)
    moved = await report.moves(state, why)
    found = await report.found()
    if found:
        await results.told(found["id"], state.value, why, report.at)
    if moved:
        return f"The mail is {state.value} now."
    return NO_NEWS if found else NOT_OURS


# ── reading what Resend wrote ──


def _report(organization: Organization, event: dict, now: datetime) -> Report:
    data = event["data"]
    if not isinstance(data, dict) or not isinstance(data.get("email_id"), str) or not 0 < len(data["email_id"]) <= 120:
        raise Problem("The event names no mail.")
    tags = data.get("tags")
    if isinstance(tags, list):  # an array where we send it, an object in the events: take both
        tags = {tag.get("name"): tag.get("value") for tag in tags if isinstance(tag, dict)}
    tag = tags.get("delivery") if isinstance(tags, dict) else ""
    return Report(
        organization, data["email_id"], tag if isinstance(tag, str) else "", _time(event.get("created_at"), now)
    )


def _time(text: object, now: datetime) -> datetime:
    """When it happened, as the event says; never later than now, and now when it does not say."""
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return now
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _part(event: dict, name: str) -> dict[str, Any]:
    part = event["data"].get(name)
    return part if isinstance(part, dict) else {}


def _words(event: dict, part: str, name: str) -> str:
    value = _part(event, part).get(name)
    return one_line(value)[:300] if isinstance(value, str) else ""


HANDLERS: dict[str, Handler] = {
    "resend:email.sent": sent,
    "resend:email.delivered": delivered,
    "resend:email.delivery_delayed": delayed,
    "resend:email.bounced": bounced,
    "resend:email.complained": complained,
    "resend:email.opened": opened,
    "resend:email.clicked": clicked,
    "resend:email.failed": failed,
    "resend:email.suppressed": suppressed,
    "resend:email.received": Fetching(mailbox.fetch, received),
}
