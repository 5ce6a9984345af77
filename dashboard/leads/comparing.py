"""Two leads side by side: what a person chooses from before they become one."""

from datetime import date, datetime
from typing import Any

from dashboard import formats
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import NotFound
from dashboard.leads import attributes, duplicates, references, stages
from dashboard.leads.merging import ATTRIBUTE, CHOICES, Side, takes, value, who

LABELS = {
    "name": "Name", "company": "Company", "email": "E-mail", "phone": "Phone", "stage": "Stage", "owner": "Owner",
    "value": "Deal value", "expected_close": "Expected close", "source": "Source", "reminder": "Reminder",
}  # fmt: skip
# How rows of each table are called; those without words say nothing by themselves.
COUNTED = {
    "orders": ("order", "orders"), "ticket": ("ticket", "tickets"), "delivery": ("mail", "mails"),
    "note": ("note", "notes"), "consent": ("consent", "consents"), "capture": ("form filled in", "forms filled in"),
    "enrollment": ("campaign", "campaigns"), "payment": ("payment", "payments"), "activity": ("", ""),
    "campaign_send": ("", ""), "campaign_click": ("click", "clicks"),
}  # fmt: skip
SIDES = """
    SELECT l.id, to_jsonb(l) - 'search' AS lead, l.created_at, l.expected_close, l.remind_at, u.name AS owner_name,
           ARRAY(SELECT t.name FROM tag t WHERE t.organization = l.organization AND t.id = ANY(l.tags) ORDER BY t.name)
               AS tags
    FROM lead l LEFT JOIN app_user u ON u.id = l.owner
    WHERE l.organization = {} AND l.id = ANY({}) AND l.deleted_at IS NULL AND l.erased_at IS NULL"""


async def compare(organization: Organization, winner: int, loser: int) -> dict[str, Any]:
    """`sides` (the one that stays first) with id, who, made; `fields` to choose from; `both`, what is kept from each;
    `why` they look alike. NotFound when one is not there any more."""
    found = {side["id"]: side for side in await rows(SIDES, organization.id, [winner, loser])}
    if len(found) != 2:
        raise NotFound("One of these leads is not there any more.")
    pair = [found[winner], found[loser]]
    asked = {ATTRIBUTE + each["key"]: each for each in await attributes.every(organization)}
    steps, counts = await stages.steps(organization), await references.counts([winner, loser])
    ours, theirs = (side["lead"] for side in pair)

    def said(side: dict[str, Any], choice: str) -> str:
        lead: Side = side["lead"]
        if choice in asked:
            return attributes.shown(asked[choice], value(lead, choice))
        known = value(lead, choice)
        if not known:
            return ""
        return {
            "stage": lambda: stages.named(steps, known).name,
            "owner": lambda: side["owner_name"] or "",
            "value": lambda: formats.money(known, lead["currency"]),
            "expected_close": lambda: _day(side["expected_close"], organization),
            "reminder": lambda: _day(side["remind_at"], organization),
        }.get(choice, lambda: str(known))()

    fields = []
    for choice in (*CHOICES, *asked):
        values = [said(side, choice) for side in pair]
        if any(values):
            label = LABELS.get(choice) or asked[choice]["label"]
            keeps = "loser" if takes(choice, ours, theirs, {}) else "winner"
            fields.append({"key": choice, "label": label, "values": values, "keeps": keeps})
    like = {"email": ours["email"], "phone": ours["phone"], "name": ours["name"], "company": ours["company"]}
    alike = await duplicates.like(organization, without=winner, limit=50, **like)
    return {
        "sides": [{"id": side["id"], "who": who(side["lead"]), "made": side["created_at"]} for side in pair],
        "fields": fields,
        "both": [_both(side, counts[side["id"]]) for side in pair],
        "why": next((each["why"] for each in alike if each["id"] == loser), ""),
    }


def _both(side: dict[str, Any], count: dict[str, int]) -> str:
    parts = references.described(count, COUNTED)
    if side["tags"]:
        parts.append(f"tags {', '.join(f'“{name}”' for name in side['tags'])}")
    if side["lead"]["contacts"]:
        number = side["lead"]["contacts"]
        parts.append(f"{number} {'contact' if number == 1 else 'contacts'}")
    return ", ".join(parts)


def _day(when: date | datetime, organization: Organization) -> str:
    return formats.day(when, organization.time_zone)
