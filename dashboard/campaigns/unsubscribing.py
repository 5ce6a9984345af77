"""Unsubscribing by the link in a mail. The link carries the signed id of the mail's row in the ledger; looking at it
changes nothing, and what somebody chose can be taken back."""

from dataclasses import dataclass
from datetime import datetime

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import leaving
from dashboard.campaigns.leaving import UNSUBSCRIBED
from dashboard.database import row, rows, transaction
from dashboard.deliveries.suppressed import hidden_name

VERSION = 1
TRIAL = 0  # the id in previews and in mails to ourselves
FIND = """
    SELECT s.id, s.organization, s.campaign, s.enrollment, s.lead, c.name AS campaign_name, c.kind, e.state,
           EXISTS (SELECT FROM campaign_send o WHERE o.enrollment = e.id AND o.unsubscribed_at IS NOT NULL) AS left,
           lower(trim(coalesce(nullif(d.recipient, ''), l.email))) AS address
    FROM campaign_send s JOIN campaign c ON c.id = s.campaign JOIN enrollment e ON e.id = s.enrollment
    JOIN lead l ON l.id = s.lead LEFT JOIN delivery d ON d.id = s.delivery WHERE s.id = {}"""
SUPPRESSED = (
    "SELECT reason FROM suppression WHERE organization = {} AND email_normalized = ANY({}) ORDER BY reason LIMIT 1"
)
SUPPRESS = """
    INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, {}, {}, {}, {})
    ON CONFLICT (organization, email_normalized) DO NOTHING RETURNING id"""
FORGIVE = """
    DELETE FROM suppression WHERE organization = {} AND email_normalized = {} AND reason = 'unsubscribed'
    RETURNING id"""
# Of the person who got the mail, and of whoever has the address by now.
THEIRS = """
    SELECT e.id FROM enrollment e WHERE e.organization = {} AND e.state = {} AND (e.lead = {} OR e.lead IN (
        SELECT id FROM lead WHERE organization = {} AND email_normalized = {}))"""
# The mark is what the person said, and stays true of a campaign that had nothing more to send them.
MARK = "UPDATE campaign_send SET unsubscribed_at = {} WHERE id = {} AND unsubscribed_at IS NULL RETURNING id"
UNMARK = """
    UPDATE campaign_send SET unsubscribed_at = NULL WHERE enrollment = {} AND unsubscribed_at IS NOT NULL
    RETURNING id"""


@dataclass(frozen=True)
class Recipient:
    """Whose link it is, and what they get at present. `barred` is why the address is suppressed, empty if it is not.
    `left`: they said that they want no more of this campaign. `ended`: it was stopped for them, for any reason."""

    send: int
    organization: Organization
    campaign: int
    campaign_name: str
    several: bool
    enrollment: int
    lead: int
    address: str
    barred: str
    left: bool
    ended: bool

    @property
    def masked(self) -> str:
        """r•••••@larkandrow.example"""
        name, _, domain = self.address.partition("@")
        return f"{name[:1]}•••••@{domain}"


async def find(token: str) -> Recipient | None:
    """Whose link this is; None for one that was forged, cut off or belongs to nobody any more."""
    read = links.read(links.UNSUBSCRIBE, token)
    found = await row(FIND, read[0]) if read and read[0] != TRIAL and read[1] == VERSION else None
    if found is None or not found["address"]:
        return None
    organization = await Organization.objects().get(Organization.id == found["organization"])
    assert organization is not None
    names = [found["address"], hidden_name(organization.id, found["address"])]
    barred = await row(SUPPRESSED, organization.id, names)
    return Recipient(
        send=found["id"], organization=organization, campaign=found["campaign"], campaign_name=found["campaign_name"],
        several=found["kind"] == "sequence", enrollment=found["enrollment"], lead=found["lead"],
        address=found["address"], barred=barred["reason"] if barred else "",
        left=found["left"], ended=found["state"] == "stopped",
    )  # fmt: skip


def is_trial(token: str) -> bool:
    """Whether the link stood in a preview or in a mail somebody sent to themselves."""
    return (links.read(links.UNSUBSCRIBE, token) or (None,))[0] == TRIAL


async def leave_all(person: Recipient, now: datetime, how: str) -> None:
    """No news from this organization to this address any more, those included that wait to be sent. Repeating it
    changes nothing."""
    organization = person.organization
    async with transaction():
        new = await row(
            SUPPRESS, organization.id, person.address, UNSUBSCRIBED, f"{how} in “{person.campaign_name}”"[:500], now
        )  # fmt: skip
        await leaving.stop(organization, await _theirs(person, "active"), UNSUBSCRIBED, now)
        await rows(MARK, now, person.send)
        if new:
            await activity.record(
                organization, "lead", person.lead, "unsubscribed", "Unsubscribed from all news", actor="customer",
                detail=f"{how} in “{person.campaign_name}”",
            )  # fmt: skip


async def leave_campaign(person: Recipient, now: datetime) -> None:
    """Nothing more of this one campaign; others go on. Repeating it changes nothing."""
    async with transaction():
        ended = await leaving.stop(person.organization, [person.enrollment], UNSUBSCRIBED, now)
        marked = await rows(MARK, now, person.send) if not person.left else []
        if ended or marked:
            title = f"Stopped “{person.campaign_name}” for themselves"
            await activity.record(
                person.organization, "lead", person.lead, "unsubscribed", title, actor="customer"
            )  # fmt: skip


async def come_back(person: Recipient, now: datetime) -> None:
    """Take it back: only what the person asked for. An address that bounced or complained stays suppressed."""
    async with transaction():
        forgiven = await row(FORGIVE, person.organization.id, person.address)
        back = await leaving.let_back(person.organization, await _theirs(person, "stopped"), UNSUBSCRIBED, now)
        unmarked = await rows(UNMARK, person.enrollment)
        if forgiven or back or unmarked:
            await activity.record(
                person.organization, "lead", person.lead, "resubscribed", "Came back to the list", actor="customer"
            )  # fmt: skip


async def _theirs(person: Recipient, state: str) -> list[int]:
    of = person.organization.id
    return [each["id"] for each in await rows(THEIRS, of, state, person.lead, of, person.address)]
