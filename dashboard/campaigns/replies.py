"""A mail that came in, and the mail of a campaign it answers. It stops the sequence of whoever wrote, not a blast; an
automatic answer stops nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, Self

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import leaving
from dashboard.campaigns.engine.mails import REPLY
from dashboard.database import row, rows

REFERENCE = re.compile(r"<([^<>\s]{1,250})>")
OURS = "@campaign.invalid"
MOST_REFERENCES = 50
LATELY = timedelta(days=60)
AUTOMATIC = re.compile(
    r"(auto(matic|matisch|mated)?[ -]?(reply|response|antwort|answer)|out of (the )?office|abwesenheit|vacation|"
    r"r[ée]ponse automatique|absence du bureau|undeliver|delivery status notification|mail delivery)",
    re.IGNORECASE,
)
COLUMNS = "s.id, s.campaign, s.enrollment, s.lead, s.replied_at, c.name, c.kind, e.state AS person"
FROM = """campaign_send s JOIN campaign c ON c.id = s.campaign JOIN enrollment e ON e.id = s.enrollment
    WHERE s.organization = {} AND s.state IN ('sent', 'delivered', 'queued', 'unknown', 'bounced', 'complained')"""
BY_SEND = f"SELECT {COLUMNS} FROM {FROM} AND s.id = ANY({{}}) ORDER BY s.id DESC LIMIT 1"  # noqa: S608
BY_ID = f"""
    SELECT {COLUMNS} FROM {FROM} AND s.delivery IN (
        SELECT id FROM delivery WHERE provider_id = ANY({{}}) AND provider_id <> '' AND organization = s.organization)
    ORDER BY s.id DESC LIMIT 1"""  # noqa: S608
BY_PERSON = f"""
    SELECT {COLUMNS} FROM {FROM} AND s.lead IN (
        SELECT id FROM lead WHERE organization = {{}} AND email_normalized = {{}})
    AND e.state = 'active' AND s.queued_at > {{}} ORDER BY s.queued_at DESC LIMIT 1"""  # noqa: S608
REPLIED = "UPDATE campaign_send SET replied_at = coalesce(replied_at, {}) WHERE id = {}"
WANTED = "SELECT 1 AS one FROM campaign_step WHERE campaign = {} AND condition ->> 'kind' = 'replied' LIMIT 1"


@dataclass(frozen=True)
class Mail:
    """What is known of a mail that came in. `headers` by lower-case name; empty where they are not known."""

    sender: str
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From what Resend tells: with the headers where they were fetched."""
        given = data.get("headers")
        pairs: list[tuple[Any, Any]] = []
        if isinstance(given, dict):
            pairs = list(given.items())
        elif isinstance(given, list):
            pairs = [(each.get("name"), each.get("value")) for each in given if isinstance(each, dict)]
        headers = {name.lower(): value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}
        return cls(_text(data, "from"), _text(data, "subject"), headers)

    @property
    def address(self) -> str:
        return parseaddr(self.sender)[1].strip().lower()

    @property
    def references(self) -> list[str]:
        """The mails it answers, the nearest first."""
        text = f"{self.headers.get('in-reply-to', '')} {self.headers.get('references', '')}"
        return list(dict.fromkeys(REFERENCE.findall(text)))[:MOST_REFERENCES]

    @property
    def automatic(self) -> bool:
        """Whether a machine wrote it (RFC 3834), such as while somebody is away."""
        submitted = self.headers.get("auto-submitted", "no").strip().lower()
        precedence = self.headers.get("precedence", "").strip().lower()
        marked = any(name in self.headers for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress"))
        return (
            not submitted.startswith("no") or precedence in ("auto_reply", "bulk", "junk") or marked
            or not self.address or bool(AUTOMATIC.search(self.subject[:200]))
        )  # fmt: skip


async def answered(organization: Organization, mail: Mail) -> dict[str, Any] | None:
    """The row of the ledger it answers: by the reference our mails carry, by the id of one, by who writes while a
    sequence goes on for them. Who writes is no proof of anything, and nothing but their own sequence ends by it."""
    references = mail.references
    tokens = [each.removesuffix(OURS) for each in references if each.endswith(OURS)]
    sends = [read[0] for token in tokens if (read := links.read(REPLY, token)) and read[0] < 2**63]
    if sends and (found := await row(BY_SEND, organization.id, sends)):
        return found
    if references and (found := await row(BY_ID, organization.id, [f"<{each}>" for each in references])):
        return found
    return None


async def by_sender(organization: Organization, mail: Mail, now: datetime) -> dict[str, Any] | None:
    """The latest mail of a sequence that goes on for whoever writes."""
    if not mail.address:
        return None
    return await row(BY_PERSON, organization.id, organization.id, mail.address, now - LATELY)


async def received(organization: Organization, mail: Mail, now: datetime) -> str:
    """Note a reply and end the sequence it answers; what was done, in words, empty when it answers no campaign. Inside
    the transaction of the event; repeating it changes nothing."""
    send = await answered(organization, mail) or await by_sender(organization, mail, now)
    if send is None:
        return ""
    if mail.automatic:
        return f"An automatic answer to “{send['name']}”. Nothing was stopped."
    await rows(REPLIED, now, send["id"])
    if send["replied_at"] is None:
        await activity.record(
            organization, "lead", send["lead"], "replied", f"Replied to “{send['name']}”", actor="customer"
        )  # fmt: skip
    await activity.changed(organization, "campaigns")
    if send["kind"] != "sequence" or await row(WANTED, send["campaign"]):
        return f"A reply to “{send['name']}”."
    ended = await leaving.stop(organization, [send["enrollment"]], "replied", now)
    return f"A reply to “{send['name']}”." + (" Its sequence ended for this person." if ended else "")


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value[:1000] if isinstance(value, str) else ""
