"""One lead as its page and every customer panel show it: one query, whatever there is."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.errors import NotFound
from dashboard.leads.contacts import TIMES
from dashboard.leads.stages import USUAL, Step, named

LEAD = f"""
    SELECT l.id, l.email, l.name, l.company, l.phone, l.stage, l.stage_at, l.source, l.source_data, l.owner, l.value,
           l.currency, l.expected_close, l.attributes, l.score, l.score_reasons, l.scored_at, l.last_contact_at,
           {TIMES} AS contacts, l.remind_at, l.remind, l.won_at, l.won_amount, l.won_currency, l.lost_at, l.lost_reason,
           l.created_at, l.deleted_at, l.erased_at, l.merged_into, u.name AS owner_name, r.name AS remind_name,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'colour', t.colour)
                                      ORDER BY lower(t.name)), '[]')
            FROM tag t WHERE t.organization = l.organization AND t.id = ANY(l.tags)) AS tags,
           (SELECT count(*) FROM note n WHERE n.organization = l.organization AND n.subject_kind = 'lead'
            AND n.subject_id = l.id) AS notes,
           (SELECT jsonb_agg(jsonb_build_object('key', s.key, 'name', s.name, 'kind', s.kind, 'tone', s.tone)
                             ORDER BY s.position, s.id)
            FROM lead_stage s WHERE s.organization = l.organization) AS stages,
           (SELECT jsonb_build_object('text', c.text, 'source', c.source, 'given_at', c.given_at,
                                      'withdrawn_at', c.withdrawn_at)
            FROM consent c WHERE c.lead = l.id ORDER BY c.given_at DESC, c.id DESC LIMIT 1) AS consent
    FROM lead l LEFT JOIN app_user u ON u.id = l.owner LEFT JOIN app_user r ON r.id = l.remind
    WHERE l.organization = {{}} AND l.id = {{}}"""  # noqa: S608


async def find(organization: Organization, id: int) -> dict[str, Any]:
    """The lead, also one that was deleted or merged (see `deleted_at`, `merged_into`), or NotFound. `step` is its
    stage, `steps` are all of them; `who` is what to call it."""
    found = await row(LEAD, organization.id, id) if id < 2**63 else None
    if found is None:
        raise NotFound("There is no lead at this address.")
    known = [Step(**each) for each in found.pop("stages") or ()] or list(USUAL)
    for name in ("given_at", "withdrawn_at") if found["consent"] else ():
        said = found["consent"][name]
        found["consent"][name] = datetime.fromisoformat(said) if said else None
    who = found["name"] or found["company"] or found["email"] or found["phone"] or "Nameless lead"
    return found | {
        "who": who,
        "steps": known,
        "step": named(known, found["stage"]),
        "visit": visit(found["source_data"]),
    }


async def shown(organization: Organization, id: int) -> dict[str, Any]:
    """The lead as pages show it; NotFound also for one that was deleted or merged."""
    found = await find(organization, id)
    if found["deleted_at"]:
        raise NotFound("This lead was deleted.")
    return found


def visit(data: dict[str, Any]) -> str:
    """Where somebody came from, in a line: the UTM words of a link, then the page."""
    words = [
        str(data[key])
        for key in ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
        if data.get(key)
    ]
    page = str(data.get("page") or data.get("referrer") or "")
    return ", ".join([" / ".join(words)] * bool(words) + [page] * bool(page))[:200]
