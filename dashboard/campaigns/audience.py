"""Which leads are meant: every condition a list or a campaign can put on a lead, assembled from all slices.

`LEADS` is the list as every organization has it; `read` adds its own stages and questions and is what routes use."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboard import lists
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import Conflict
from dashboard.leads import attributes
from dashboard.leads.search import LeadSearch
from dashboard.leads.stages import USUAL, Step, steps
from dashboard.lists import Asked, Choice, Filters, Numbers, Sort
from dashboard.lists.amounts import AmountColumn, DateColumn, NumberColumn, SinceColumn
from dashboard.lists.columns import Column, LinkColumn, PeopleColumn, PickColumn, TextColumn, YesNoColumn
from dashboard.lists.groups import GROUPS, MATCH, OWN

LAST_CONTACT = "coalesce(l.last_contact_at, '1970-01-01 00:00:00+00'::timestamptz)"
ORDERED = "EXISTS (SELECT 1 FROM orders o WHERE o.lead = l.id AND o.status <> 'cancelled')"
AGREED = "EXISTS (SELECT 1 FROM consent x WHERE x.lead = l.id AND x.withdrawn_at IS NULL)"
# We wrote or called, and nothing of theirs is newer: no order, no answers, nothing they did or said on their own. Their
# mails are on the timeline, unless a machine wrote them; what they say in a chat is in its thread.
SILENT = """l.last_contact_at <= {} AND NOT EXISTS (
    SELECT 1 FROM orders o WHERE o.lead = l.id AND greatest(o.placed_at, o.intake_submitted_at) > l.last_contact_at)
    AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.organization = l.organization AND a.subject_kind = 'lead'
                    AND a.subject_id = l.id AND a.actor = 'customer' AND a.created_at > l.last_contact_at)
    AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.organization = l.organization AND c.lead = l.id
                    AND c.channel <> 'mail' AND c.last_inbound_at > l.last_contact_at)"""
ENROLLED = "EXISTS (SELECT 1 FROM enrollment e WHERE e.lead = l.id AND e.campaign = ANY({}))"
CAMPAIGNS = (
    "SELECT c.id, c.name FROM campaign c WHERE c.organization = {} AND c.deleted_at IS NULL ORDER BY c.id DESC LIMIT {}"
)
MOST_CAMPAIGNS = 200
NAMES = """
    SELECT 'tag' AS field, t.id, t.name FROM tag t WHERE t.organization = {} AND t.id = ANY({})
    UNION ALL SELECT 'campaign', c.id, c.name FROM campaign c WHERE c.organization = {} AND c.id = ANY({})
    UNION ALL SELECT 'owner', u.id, u.name FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND u.id = ANY({})"""
PERSON, DEAL, DATES, LINKS, QUESTIONS = "Person", "Deal", "Dates", "What happened", "Your questions"


def _stage(known: list[Step]) -> PickColumn:
    return PickColumn(
        "stage", "Stage", "l.stage", section=DEAL, choices=tuple(Choice(step.key, step.name) for step in known)
    )


COLUMNS: tuple[Column, ...] = (
    TextColumn("name", "Name", "l.name", section=PERSON, near="l.search"),
    TextColumn("company", "Company", "l.company", section=PERSON, near="l.search"),
    TextColumn("email", "E-mail", "l.email", section=PERSON, near="l.search"),
    TextColumn("phone", "Phone", "l.phone_normalized", section=PERSON, near="l.search"),
    _stage(list(USUAL)),
    AmountColumn("value", "Value", "l.value", section=DEAL, currency="l.currency"),
    NumberColumn("score", "Score", "l.score", section=DEAL),
    PeopleColumn("owner", "Owner", "l.owner", section=DEAL),
    LinkColumn(
        "tag",
        "Tag",
        "l.tags && {}::bigint[]",
        section=DEAL,
        each_of="l.tags @> {}::bigint[]",
        nothing="l.tags = '{{}}'",
    ),
    TextColumn("source", "Source", "l.source", section=DEAL),
    DateColumn("contact", "Last contact", "l.last_contact_at", section=DATES, indexed=LAST_CONTACT),
    DateColumn("created", "Created", "l.created_at", section=DATES, nullable=False),
    DateColumn("close", "Expected close", "l.expected_close", section=DATES, kind="day", coming=True),
    DateColumn("won", "Won", "l.won_at", section=DATES),
    LinkColumn("campaign", "In campaign", ENROLLED, section=LINKS),
    YesNoColumn("ordered", "Has an order", ORDERED, section=LINKS),
    YesNoColumn("consent", "Agreed to hear from us", AGREED, section=LINKS),
    SinceColumn("noreply", "No reply", SILENT, section=LINKS),
)

LEADS = lists.List(
    page="leads",
    fields=(LeadSearch(), Numbers("ids", "Lead", "l.id = ANY({})")),
    sorts={
        "created": Sort("l.created_at", "created_at", "time"),
        "name": Sort('l.name COLLATE "C"', "name", "text", descending=False),
        "score": Sort("l.score", "score", "number"),
        "value": Sort("l.value", "value", "number"),
        "contact": Sort(LAST_CONTACT, "contact_at", "time"),
    },
    id_column="l.id",
    columns=COLUMNS,
)

VIEWS = (
    ("All leads", ""),
    ("Mine", "owner=me"),
    ("Hot, no owner", "score.over=80&owner=none"),
    ("No reply", "noreply=14"),
)


async def leads(organization: Organization, query: str = OWN, known: list[Step] | None = None) -> lists.List:
    """The list with this organization's own stages, `known` where they were read already, and its own questions where
    the query string asks one."""
    stage = _stage(known or await steps(organization))
    own = [_question(each) for each in await attributes.every(organization)] if OWN in query else []
    return replace(LEADS, columns=(*(stage if each.name == stage.name else each for each in COLUMNS), *own))


async def read(
    organization: Organization, query: str, me: int, now: datetime, known: list[Step] | None = None
) -> Filters:
    """The filters of a query string, as this person of this organization means them."""
    return (await leads(organization, query, known)).read(query, asked(organization, me, now))


def narrowed(query: str, name: str, value: str) -> str:
    """The query string with a condition that holds beside all others: in a group of its own where of one group a part
    is enough. Conflict where groups are joined by “or”."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(known.split(".")[-1] in (MATCH, GROUPS) for known, _ in pairs):
        return urlencode([*pairs, (name, value)])
    if any(known == GROUPS for known, _ in pairs):
        raise Conflict("The audience has groups joined by “or”. Change the audience itself. Nothing was changed.")
    used = [int(known.split(".")[0]) for known, _ in pairs if known.split(".")[0].isdecimal()]
    return urlencode([*pairs, (f"{max([1, *used]) + 1}.{name}", value)])


async def names(organization: Organization, filters: Filters) -> dict[tuple[str, int], str]:
    """The names of the tags, campaigns and people the filters speak of, for their chips."""
    ids = filters.spoken_of()
    if not ids:
        return {}
    fields = [value for field in ("tag", "campaign", "owner") for value in (organization.id, ids.get(field, []))]
    return {(each["field"], each["id"]): each["name"] for each in await rows(NAMES, *fields)}


async def campaigns(organization: Organization) -> list[dict[str, Any]]:
    """The newest campaigns, to be chosen from."""
    return await rows(CAMPAIGNS, organization.id, MOST_CAMPAIGNS)


def asked(organization: Organization, me: int, now: datetime) -> Asked:
    return Asked(now, organization.time_zone, me, organization.currency, organization.id)


def _question(attribute: dict[str, Any]) -> Column:
    """The column of an organization's own question. Its key is a value of the statement like any other."""
    name, label, key = OWN + attribute["key"], attribute["label"], (attribute["key"],)
    text = "coalesce(l.attributes ->> {}::text, '')"
    match attribute["kind"]:
        case "number":
            kind, value = "jsonb_typeof(l.attributes -> {}::text)", "(l.attributes ->> {}::text)::numeric"
            number = f"(CASE WHEN {kind} = 'number' THEN {value} END)"
            return NumberColumn(name, label, number, key * 2, QUESTIONS, whole=False, nullable=True)
        case "date":
            return DateColumn(name, label, "l.attributes ->> {}::text", key, QUESTIONS, kind="text", coming=True)
        case "choice":
            choices = tuple(Choice(each, each) for each in attribute["choices"])
            return PickColumn(name, label, "l.attributes ->> {}::text", key, QUESTIONS, choices=choices, nullable=True)
        case "yes_no":
            return YesNoColumn(name, label, "l.attributes -> {}::text = 'true'::jsonb", key, QUESTIONS)
    return TextColumn(name, label, text, key, QUESTIONS)
