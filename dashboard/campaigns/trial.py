"""A campaign's mails sent to oneself before anybody else gets them, and what exactly such a test has shown."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import previewing, rendering
from dashboard.campaigns.rendering import Texts
from dashboard.database import rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict

NAME = "campaign_test"
TESTED = "UPDATE campaign SET tested_at = {}, tested_content = {} WHERE organization = {} AND id = {}"


def fingerprint(campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], organization: Organization) -> str:
    """Changes with everything a recipient would see: texts, subjects, sender. Not with audience, days or hours."""
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    seen = [
        [[each["subject"], each["html"], each["text"]] for each in steps], trial.get("subject", ""),
        campaign["from_name"], campaign["reply_to"], organization.name, organization.from_address,
        organization.postal_address,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def is_tested(campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], organization: Organization) -> bool:
    """Whether a test mail was sent since the last change of what recipients see."""
    return bool(campaign["tested_at"]) and campaign["tested_content"] == fingerprint(campaign, steps, organization)


async def send(
    organization: Organization, campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], person: int,
    by: Visitor, now: datetime,
) -> int:  # fmt: skip
    """Every mail of the campaign to `by`, as the lead `person` would get it; how many. A second subject makes one mail
    more. Conflict while a step has no text. Asked for twice in one minute with nothing changed, they go once."""
    written = [each for each in steps if each["version"]]
    if not written or len(written) < len(steps):
        raise Conflict("Write every mail of the campaign first. Nothing was sent.")
    lead = await previewing.person(organization, person)
    values, trial = rendering.values(lead, organization), campaign["trial"]
    texts = [Texts(each["subject"], each["html"], each["text"]) for each in written]
    if isinstance(trial, dict) and trial.get("subject"):
        texts.insert(1, texts[0]._replace(subject=str(trial["subject"])))
    print_ = fingerprint(campaign, steps, organization)
    once = f"campaign-test:{campaign['id']}:{by.id}:{print_[:16]}:{person}:{now:%Y%m%d%H%M}"
    async with transaction():
        for number, each in enumerate(texts):
            mail = rendering.render(
                each, values, rendering.untracked(), organization, from_name=campaign["from_name"],
                reply_to=campaign["reply_to"],
            )  # fmt: skip
            subject = f"[Test] {mail.subject}"
            payload = {
                "subject": subject, "html": mail.html, "text": mail.text, "from_name": mail.from_name,
                "from": organization.from_address, "reply_to": mail.reply_to, "headers": dict(mail.headers),
            }  # fmt: skip
            await deliveries.queue(
                organization, key=f"{once}:{number}", kind="mail",
                name=NAME, recipient=by.email, title=subject, payload=payload, subject=("campaign", campaign["id"]),
            )  # fmt: skip
        await rows(TESTED, now, print_, organization.id, campaign["id"])
        title = f"Test of {campaign['name']} sent to {by.email}"
        await activity.record(organization, "campaign", campaign["id"], "tested", title, by=by)
    return len(texts)
