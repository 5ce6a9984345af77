"""Everything that is known of a person, as JSON: for them to have, or to take elsewhere."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.deliveries.previews import mask
from dashboard.erasure import belongings
from dashboard.erasure.belongings import RULES, filled
from dashboard.errors import NotFound

OURS = (  # how the application works, or what the team thinks; nothing about the person
    "organization", "search", "lease_token", "lease_until", "token_hash", "link_version", "storage_key", "by", "batch",
    "score", "score_reasons", "scored_at", "phone_normalized", "email_normalized", "unclear_via", "resends",
)  # fmt: skip
# Of no meaning to them; the bytes of a batch are mails to others, too.
LEFT_OUT = {
    "lead_pair", "lead_distinct", "lead_merge", "lead_batch_line", "delivery_attempt", "mail_batch",
}  # fmt: skip
MOST = 10_000  # rows of one table
SUPPRESSIONS = """
    SELECT reason, created_at FROM suppression WHERE organization = {} AND email_normalized = ANY({}) ORDER BY id"""


async def export(organization: Organization, id: int, now: datetime) -> dict[str, Any]:
    """By table the person's rows, as they stand there; private links in mails are masked. NotFound for nobody."""
    person = await belongings.find(organization.id, [id])
    if not person.leads:
        raise NotFound("There is no lead at this address.")
    found: dict[str, Any] = {"organization": organization.name, "made_at": now.isoformat()}
    hidden = list(OURS)
    for rule in RULES:
        if rule.table in LEFT_OUT:
            continue
        where, values = filled(rule.where, person)
        sql = (
            f'SELECT to_jsonb(t) - {{}}::text[] AS row FROM "{rule.table}" t '  # noqa: S608 – names of our tables
            f"WHERE {where} ORDER BY t.id LIMIT {MOST}"
        )
        mine = [each["row"] for each in await rows(sql, hidden, *values)]
        found[rule.table] = [_readable(rule.table, each) for each in mine]
    suppressed = await rows(SUPPRESSIONS, organization.id, person.addresses)
    found["suppression"] = [{"reason": each["reason"], "at": each["created_at"].isoformat()} for each in suppressed]
    return {name: value for name, value in found.items() if value}


def _readable(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A mail as its text; files without what only we can read."""
    if table == "delivery":
        payload = row.pop("payload", {})
        row["text"] = mask(str(payload.get("text") or "\n".join(payload.get("lines") or [])))
    row.pop("sha256", None)
    return row
