"""Leads for tests."""

import itertools
import json

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.leads import actions, tags
from dashboard.leads.tables import Lead

numbers = itertools.count(1)


async def a_lead(organization: Organization, name: str = "Sofia Marchetti", **changes) -> Lead:
    """A new lead with an address of its own; columns may be set at will."""
    email = changes.pop("email", f"lead{next(numbers)}@wren.example")
    lead = await actions.find_or_create(organization, email, name, source=changes.pop("source", "Campaign"))
    if changes:
        await Lead.update({getattr(Lead, column): value for column, value in changes.items()}).where(Lead.id == lead.id)
        await lead.refresh()
    return lead


async def a_tag(organization: Organization, name: str, colour: int = 0) -> int:
    return (await tags.make(organization, name, colour))["id"]


async def as_it_is(lead: Lead) -> dict:
    """The whole row, to see what changed and what did not."""
    found = await row("SELECT * FROM lead WHERE id = {}", lead.id)
    assert found is not None
    return found


async def verbs_of(lead: Lead) -> list[str]:
    """What its timeline says, oldest first."""
    found = await rows("SELECT verb FROM activity WHERE subject_kind = 'lead' AND subject_id = {} ORDER BY id", lead.id)
    return [line["verb"] for line in found]


def undo_of(answer) -> str:
    """Where the toast's undo button posts to."""
    return json.loads(answer.headers["hx-trigger"])["toast"]["undo"]


def said(answer) -> str:
    """What the toast says."""
    return json.loads(answer.headers["hx-trigger"])["toast"]["text"]
