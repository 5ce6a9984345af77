"""What an action on an order answers with: the order as it is now, where it was asked for."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.response import Template

from dashboard.accounts.tables import Organization
from dashboard.campaigns import membership
from dashboard.intake import queries as intake
from dashboard.leads import detail as leads
from dashboard.orders import detail
from dashboard.pages import fragment
from dashboard.tickets import of_person


def in_drawer(request: Request) -> bool:
    """Whether the answer goes into the drawer of the list."""
    return request.headers.get("HX-Target", "").endswith("#drawer") or request.query_params.get("in") == "drawer"


async def context(organization: Organization, number: int, now: datetime, shown: str = "all") -> dict[str, Any]:
    """What the order's templates need."""
    found = await detail.load(organization, number, now, shown)
    return {"detail": found, "order": found.order, "now": now, "zone": organization.time_zone}


async def whole(organization: Organization, number: int, now: datetime, shown: str = "all") -> dict[str, Any]:
    """What the order's page needs: also the answers, and who the customer is."""
    facts = await context(organization, number, now, shown)
    facts["intake"] = await intake.of_order(organization, facts["detail"].record)
    facts["person"] = await leads.find(organization, facts["order"]["lead"])
    facts["written"] = await of_person.find(organization, facts["order"]["lead"])
    facts["membership"] = await membership.of_lead(organization, facts["person"])
    return facts


async def show(
    request: Request, organization: Organization, number: int, now: datetime, *, undo: str | None = None, **more: Any
) -> Template:
    """The order in the drawer, or the body of its page. `more` goes to `fragment`: notice, close_dialog."""
    if in_drawer(request):
        facts = await context(organization, number, now)
        undo = f"{undo}?in=drawer" if undo else None  # a toast's request does not name its target
        return fragment(request, "orders/_drawer.html", undo=undo, undo_target="#drawer", **facts, **more)
    facts = await whole(organization, number, now)
    return fragment(request, "orders/_order.html", undo=undo, undo_target="#order", **facts, **more)
