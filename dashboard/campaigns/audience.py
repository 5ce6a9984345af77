"""Which leads are meant: every condition a list or a campaign can put on a lead, assembled from all slices.

`LEADS` is the list as every organization has it; `read` adds its own stages and questions and is what routes use."""

from datetime import datetime

from dashboard import lists
from dashboard.accounts.tables import Organization
from dashboard.lists import Asked, Filters, Numbers, Person, Search, Sort

NEVER = "'1970-01-01 00:00:00+00'::timestamptz"

LEADS = lists.List(
    page="leads",
    fields=(
        Search("q", "Search", "l.search LIKE {}"),
        Numbers("ids", "Lead", "l.id = ANY({})"),
        Person("owner", "Owner", "l.owner"),
    ),
    sorts={
        "created": Sort("l.created_at", "created_at", "time"),
        "name": Sort('l.name COLLATE "C"', "name", "text", descending=False),
        "score": Sort("l.score", "score", "number"),
        "value": Sort("l.value", "value", "number"),
        "contact": Sort(f"coalesce(l.last_contact_at, {NEVER})", "contact_at", "time"),
    },
    id_column="l.id",
)

VIEWS = (("All leads", ""), ("Mine", "owner=me"))


async def leads(organization: Organization) -> lists.List:
    """The list with this organization's own stages and questions."""
    return LEADS


async def read(organization: Organization, query: str, me: int, now: datetime) -> Filters:
    """The filters of a query string, as this person of this organization means them."""
    return (await leads(organization)).read(query, Asked(now, organization.time_zone, me))
