"""The list of campaigns: what it can be filtered by, and reading a page of it."""

from typing import Any

from dashboard import lists
from dashboard.accounts.tables import Organization
from dashboard.campaigns.tables import CampaignKind, CampaignState
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.labels import STATUS
from dashboard.lists import Choice, Choices, Dates, Filters, Page, Search, Sort, reading

KINDS = {CampaignKind.blast: "Blast", CampaignKind.sequence: "Sequence"}
NEEDS = """(c.state = 'paused' OR c.state = 'draft' AND c.why <> '' OR (
    SELECT sum(n.number) FROM campaign_count n WHERE n.organization = c.organization
    AND n.campaign = c.id AND n.step IS NOT NULL AND n.what IN ('failed', 'unknown')) > 0)"""
STATES = tuple(Choice(state.value, STATUS["campaign"][state][0]) for state in CampaignState)

CAMPAIGNS = lists.List(
    page="campaigns",
    fields=(
        Search("q", "Search", "lower(c.name) LIKE {}"),
        Choices("needs", "Needs", "", (Choice("you", "A person", NEEDS),)),
        Choices("state", "Status", "c.state = ANY({})", STATES),
        Choices("kind", "Kind", "c.kind = ANY({})", tuple(Choice(kind.value, name) for kind, name in KINDS.items())),
        Dates("created", "Created", "c.created_at"),
        Dates("launched", "Launched", "c.launched_at"),
    ),
    sorts={
        "created": Sort("c.created_at", "created_at", "time"),
        "name": Sort('c.name COLLATE "C"', "name", "text", descending=False),
    },
    id_column="c.id",
)

VIEWS = (
    ("All", ""),
    ("Running", "state=running"),
    ("Needs you", "needs=you"),
    ("Drafts", "state=draft&state=scheduled"),
    ("Finished", "state=stopped&state=done"),
)

# `next_at`: when the next mail is due, whatever the window and the limits say.
PAGE = """
    SELECT c.id, c.name, c.kind, c.state, c.why, c.starts_at, c.launched_at, c.finished_at, c.created_at,
           (SELECT count(*) FROM campaign_step s WHERE s.campaign = c.id) AS steps,
           (SELECT min(s.due_at) FROM campaign_send s WHERE s.campaign = c.id AND s.state IN ('waiting', 'due'))
               AS next_at
    FROM campaign c WHERE c.organization = {} AND c.deleted_at IS NULL AND {} ORDER BY {} LIMIT {}"""
COUNT = """(SELECT count(*) FROM (SELECT 1 FROM campaign c WHERE c.organization = {} AND c.deleted_at IS NULL AND {}
    LIMIT {}) found)"""
ONE = """
    SELECT c.id, c.name, c.kind, c.state, c.why, c.audience, c.enrols, c.new_only, c.from_name, c.reply_to,
           c.window_from, c.window_to, c.weekdays, c.zone, c.per_hour, c.per_day, c.trial, c.starts_at, c.launched_at,
           c.finished_at, c.created_at, u.name AS launched_by
    FROM campaign c LEFT JOIN app_user u ON u.id = c.launched_by
    WHERE c.organization = {} AND c.id = {} AND c.deleted_at IS NULL"""
STEPS = """
    SELECT s.id, s.position, s.day, s.template, s.condition, t.name AS template_name,
           coalesce(v.subject, newest.subject, '') AS subject
    FROM campaign_step s LEFT JOIN mail_template t ON t.id = s.template
    LEFT JOIN mail_template_version v ON v.id = s.version
    LEFT JOIN mail_template_version newest ON newest.template = s.template AND newest.number = t.version
    WHERE s.organization = {} AND s.campaign = {} ORDER BY s.position, s.id"""


async def find_campaigns(organization: Organization, filters: Filters) -> Page:
    """One page."""
    return await reading.find_page(PAGE, filters, organization.id)


async def count_campaigns(organization: Organization, several: list[Filters]) -> list[int]:
    """How many campaigns each of the filters finds, up to CAP + 1, in one statement."""
    return await reading.count_each(COUNT, several, organization.id)


async def get_campaign(organization: Organization, id: int) -> dict[str, Any]:
    """One campaign, or NotFound."""
    found = await row(ONE, organization.id, id) if id < 2**63 else None
    if found is None:
        raise NotFound("There is no such campaign here.")
    return found


async def steps_of(organization: Organization, id: int) -> list[dict[str, Any]]:
    """The steps of a campaign in their order, with the subject of the mail each sends and a `label`: Day 3."""
    found = await rows(STEPS, organization.id, id)
    return [each | {"label": label_of(each, found)} for each in found]


def label_of(step: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """Day 3; with a number where two steps are sent on the same day. The only mail is just that."""
    if len(steps) == 1 and not step["day"]:
        return "The mail"
    same = [each["id"] for each in steps if each["day"] == step["day"]]
    return f"Day {step['day']}" + (f", mail {same.index(step['id']) + 1}" if len(same) > 1 else "")
