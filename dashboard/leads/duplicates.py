"""Who may be the same person: the same mailbox, the same telephone, or nearly the same name at nearly the same company.

Found through keys (migration 000012), judged by trigrams; the list of suspects is for a person, nothing is merged by
itself."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.leads.actions import digits, normalize

ALIKE, NAME_ALIKE, COMPANY_ALIKE = 0.55, 0.45, 0.4  # similarity of name and company together, and of each
SAME_NAME = 0.9
LEAST_DIGITS = 7
NOBODY = 0  # no lead has this id

# `given` is what is asked about. Every way in has an index and a limit, so that a name or a switchboard that thousands
# share costs no more than any other.
FIND = """
    SELECT g.id AS given, l.id,
           coalesce(nullif(l.name, ''), nullif(l.company, ''), nullif(l.email, ''), 'No name') AS who,
           l.name, l.company, l.email, l.phone, l.stage, l.created_at,
           l.email_normalized = g.email AS same_email, found.merged,
           l.email_normalized <> '' AND public.mailbox(l.email_normalized) = public.mailbox(g.email) AS same_mailbox,
           length(g.phone) >= {least} AND length(l.phone_normalized) >= {least}
               AND right(l.phone_normalized, 9) = right(g.phone, 9) AS same_phone,
           g.company <> '' AND public.fold(l.company) = public.fold(g.company) AS same_company,
           g.name <> '' AND l.name <> '' AS named, g.company <> '' AND l.company <> '' AS both_companies,
           similarity(public.fold(l.name), public.fold(g.name)) AS name_alike,
           similarity(public.fold(l.company), public.fold(g.company)) AS company_alike,
           similarity(public.fold(l.name || ' ' || l.company), public.fold(g.name || ' ' || g.company)) AS alike
    FROM given g
    CROSS JOIN LATERAL (
        SELECT id, bool_or(merged) AS merged FROM (
            SELECT coalesce(o.merged_into, o.id) AS id, o.merged_into IS NOT NULL AS merged FROM lead o
            WHERE o.organization = g.organization AND o.email_normalized = ANY(ARRAY[g.email, public.mailbox(g.email)])
            UNION ALL
            (SELECT o.id, false FROM lead o
             WHERE o.organization = g.organization AND public.mailbox(o.email_normalized) = public.mailbox(g.email)
             AND public.mailbox(o.email_normalized) <> o.email_normalized AND o.deleted_at IS NULL LIMIT 20)
            UNION ALL
            (SELECT o.id, false FROM lead o
             WHERE o.organization = g.organization AND o.deleted_at IS NULL
             AND length(g.phone) >= {least} AND length(o.phone_normalized) >= {least}
             AND right(o.phone_normalized, 9) = right(g.phone, 9) LIMIT 50)
            UNION ALL
            (SELECT k.id, false FROM (
                SELECT o.id, similarity(public.fold(o.name || ' ' || o.company),
                                        public.fold(g.name || ' ' || g.company)) AS alike,
                       (o.company = '' OR g.company = '') AND public.fold(o.name) = public.fold(g.name) AS same
                FROM lead o WHERE public.lead_keys(o.organization, o.name, o.company)
                    && public.lead_keys(g.organization, g.name, g.company) AND o.deleted_at IS NULL LIMIT 2000) k
             WHERE k.alike >= {alike} OR k.same ORDER BY k.alike DESC LIMIT 20)
        ) each GROUP BY id
    ) found
    JOIN lead l ON l.id = found.id AND l.organization = g.organization AND l.deleted_at IS NULL
    WHERE l.id <> g.id
    AND NOT EXISTS (SELECT 1 FROM lead_distinct d WHERE d.low = least(l.id, g.id) AND d.high = greatest(l.id, g.id))
    """.replace("{least}", str(LEAST_DIGITS)).replace("{alike}", str(ALIKE))

ASKED = """
    WITH given AS (SELECT {}::bigint AS id, {}::bigint AS organization, {}::text AS email, {}::text AS phone,
                          {}::text AS name, {}::text AS company)"""


async def like(
    organization: Organization, *, email: str = "", phone: str = "", name: str = "", company: str = "",
    without: int | None = None, limit: int = 5,
) -> list[dict[str, Any]]:  # fmt: skip
    """Leads that may be this person, the likeliest first: id, who, name, company, email, phone, stage, created_at,
    `why` in words and `strength` 0-100. `without` is the lead itself; pairs a person said are distinct are left out."""
    asked = without or NOBODY, organization.id, normalize(email), digits(phone), name.strip(), company.strip()
    if not any(asked[2:]):
        return []
    found = await rows(ASKED + FIND, *asked)
    return in_order([judged for each in found if (judged := judge(each))])[:limit]


def judge(found: dict[str, Any]) -> dict[str, Any] | None:
    """Adds `why` and `strength` to a row of FIND; None when it is somebody else after all."""
    close = found["name_alike"] >= NAME_ALIKE or not found["named"]
    name = "same name" if found["name_alike"] >= SAME_NAME else "similar name"
    why, strength = [], 0
    if found["same_email"] or found["merged"]:
        why, strength = ["same e-mail address"], 100
    elif found["same_mailbox"]:
        why, strength = ["same mailbox"], 95
    if found["same_phone"]:
        why, strength = [*why, "same phone number"], max(strength, (85 if close else 35) if found["named"] else 60)
    if found["same_company"]:
        why = [*why, "same company"]
    if found["named"] and close:
        if found["both_companies"] and found["alike"] >= ALIKE and found["company_alike"] >= COMPANY_ALIKE:
            strength = max(strength, 40 + round(45 * found["alike"]))
            why = why if found["same_company"] else [*why, "similar company"]
        elif not found["both_companies"] and found["name_alike"] >= SAME_NAME:
            strength = max(strength, 40)
        elif not found["both_companies"] and found["alike"] >= ALIKE:
            strength = max(strength, 30)
        why = [*why, name] if strength else why
    elif not found["named"] and found["alike"] >= ALIKE:
        why, strength = [*(reason for reason in why if reason != "same company"), "similar company"], max(strength, 45)
    return found | {"why": in_words(why), "strength": strength} if strength else None


def in_words(reasons: list[str]) -> str:
    """ "Same phone number and similar name"."""
    head, last = ", ".join(reasons[:-1]), reasons[-1] if reasons else "alike"
    text = f"{head} and {last}" if head else last
    return text[:1].upper() + text[1:]


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The likeliest first."""
    return sorted(found, key=lambda each: (-each["strength"], -each["alike"], each["id"]))
