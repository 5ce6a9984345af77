"""What a provider says later about a delivery it took. Told in any order, any number of times, the end is the same."""

from datetime import datetime, timedelta
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows
from dashboard.deliveries.tables import DeliveryAttempt, DeliveryState

# A later report moves a delivery up this ladder, never down.
RANK = ("sent", "failed", "suppressed", "delivered", "bounced")
OPEN = ("queued", "sending", "held", "unknown")  # the report settles these: the provider has it
SOFT_BOUNCES, WITHIN = 3, timedelta(days=30)  # so many of one address within that time and it is not written to again
PATIENCE = timedelta(days=1)  # so long a receiving server may put a mail off

WHICH = """(provider_id = {} OR (provider_id = '' AND id = {} AND resends = {}))
    AND (organization = {} OR organization IS NULL)"""

MOVE = """
    UPDATE delivery SET state = {}, why = {}, settled_at = {}, provider_id = {}, unclear_via = '', lease_until = NULL,
        lease_token = ''
    WHERE {} AND state = ANY({}) RETURNING id, organization, subject_kind, subject_id, title, recipient, attempt"""
FIND = "SELECT id, organization, recipient, attempt, state FROM delivery WHERE {}"
DELAY = "UPDATE delivery SET why = {} WHERE {} AND state = 'sent' RETURNING id, organization, attempt"
OFTEN = """
    SELECT count(*) AS n FROM delivery d WHERE d.organization = {} AND d.created_at > {}
        AND lower(trim(d.recipient)) = {} AND (d.state = 'bounced' OR d.state = 'sent' AND d.created_at < {}
        AND EXISTS (SELECT FROM delivery_attempt a WHERE a.delivery = d.id AND a.outcome = 'delayed'))"""
SEEN = {
    "opened": "UPDATE delivery SET opened_at = least(opened_at, {}) WHERE {} RETURNING organization",
    "clicked": "UPDATE delivery SET clicked_at = least(clicked_at, {}) WHERE {} RETURNING organization",
}

SUPPRESS = """
    INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, {}, {}, {}, {})
    ON CONFLICT (organization, email_normalized) DO UPDATE SET reason = excluded.reason, detail = excluded.detail
    WHERE suppression.reason = 'unsubscribed'"""


class Report:
    """Which delivery a report is about: the provider's id, and the tag we sent along for the case that the report is
    faster than the provider's answer to us."""

    def __init__(self, organization: Organization, provider_id: str, tag: str, at: datetime) -> None:
        id, _, resends = tag.partition("-")
        known = id.isdecimal() and resends.isdecimal() and len(tag) < 30
        self.organization, self.provider_id, self.at = organization, provider_id, at
        tagged = (int(id), int(resends)) if known else (0, 0)
        self.which = QueryString(WHICH, provider_id, *tagged, organization.id)

    async def moves(self, state: DeliveryState, why: str = "") -> dict[str, Any] | None:
        """The delivery's new state, if that is news; else None."""
        below = [*OPEN, *RANK[: RANK.index(state)]]
        moved = await row(MOVE, state.value, why, self.at, self.provider_id, self.which, below)
        if moved:
            await self._note(moved, state.value, why)
            trouble = {DeliveryState.bounced: "bounced", DeliveryState.failed: "was not sent"}.get(state)
            if trouble and moved["organization"] and moved["subject_kind"]:
                await activity.record(
                    moved["organization"], moved["subject_kind"], moved["subject_id"], f"delivery_{state.value}",
                    f"{moved['title']} {trouble}"[:200], actor="system", detail=why,
                )  # fmt: skip
        return moved

    async def found(self) -> dict[str, Any] | None:
        """The delivery, whatever its state."""
        return await row(FIND, self.which)

    async def delayed(self, why: str) -> bool:
        """A fact, not a state."""
        found = await row(DELAY, why, self.which)
        if found:
            await self._note(found, "delayed", why)
        return found is not None

    async def seen(self, fact: str) -> bool:
        """It was "opened" or "clicked": the first time counts."""
        found = await row(SEEN[fact], self.at, self.which)
        if found and found["organization"]:
            await activity.changed(found["organization"], "outbox")
        return found is not None

    async def suppress(self, recipient: str, reason: str, detail: str) -> None:
        """Never write to this address again, in this organization."""
        address = recipient.strip().lower()
        await rows(SUPPRESS, self.organization.id, address, reason, detail[:500], self.at)

    async def bounced_often(self, recipient: str) -> bool:
        """Whether an address has bounced softly too often by now. A mail that was put off and has not arrived within a
        day counts as one."""
        counted = await row(
            OFTEN, self.organization.id, self.at - WITHIN, recipient.strip().lower(), self.at - PATIENCE
        )
        return bool(counted and counted["n"] >= SOFT_BOUNCES)

    async def _note(self, delivery: dict[str, Any], outcome: str, why: str) -> None:
        line = DeliveryAttempt(
            delivery=delivery["id"], number=delivery["attempt"], outcome=outcome, detail=why, at=self.at
        )
        await DeliveryAttempt.insert(line)
        if delivery["organization"]:
            await activity.changed(delivery["organization"], "outbox")
