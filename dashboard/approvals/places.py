"""Where somebody works the queue: in one organization, or across all they may work in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Membership, Organization
from dashboard.approvals import queries


@dataclass(frozen=True)
class Place:
    """One of the two queues, and its addresses."""

    organizations: list[Organization]
    across: bool
    slug: str
    several: bool

    @property
    def href(self) -> str:
        return "/approvals" if self.across else f"/{self.slug}/approvals"

    @property
    def queue_href(self) -> str:
        return f"/{self.slug}/approvals/queue{self.query}"

    @property
    def query(self) -> str:
        return "?across=1" if self.across else ""

    @property
    def refresh(self) -> str:
        """The live stream is that of one organization; the others are asked now and then."""
        return "live:approvals from:body" + (", every 10s" if self.across else "")

    def item(self, item: dict[str, Any]) -> str:
        return f"/approvals/{item['slug']}/{item['id']}" if self.across else f"/{item['slug']}/approvals/{item['id']}"

    def tone(self, confidence: int) -> str:
        return queries.tone(confidence)

    def age(self, item: dict[str, Any], now: datetime) -> str:
        """How long it has waited, as short as a row is narrow."""
        waited = max(now - item["created_at"], timedelta(0))
        if waited < timedelta(minutes=1):
            return "now"
        if waited < timedelta(hours=1):
            return f"{int(waited.total_seconds() // 60)} min"
        return f"{int(waited.total_seconds() // 3600)} h" if waited < timedelta(days=1) else f"{waited.days} d"


def place_of(memberships: list[Membership], organization: Organization, second_factor: bool, across: bool) -> Place:
    """The queue of this organization, or that of every organization which lets this person in as they are."""
    open_to_them = [
        membership.organization
        for membership in memberships
        if second_factor or not membership.organization.second_factor_required
    ]
    chosen = open_to_them if across else [organization]
    return Place(chosen, across, organization.slug, len(open_to_them) > 1)
