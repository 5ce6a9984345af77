"""Whom the lines of a file speak of: leads that are here already, a transaction full of lines at a time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.leads.importing.columns import fold
from dashboard.leads.importing.values import SHORTEST_PHONE, Line
from dashboard.leads.many import Facts

BY_ADDRESS = """
    SELECT email_normalized, coalesce(merged_into, id) AS id FROM lead
    WHERE organization = {} AND email_normalized = ANY({})"""
# A range of one value, in the order of its index: with "=" and a limit the planner may walk through all leads instead.
# Where more bear a name or share a number, it tells nothing.
BY_PHONE = """
    SELECT w.phone, l.id, l.name, l.company, l.email FROM unnest({}::text[]) AS w (phone)
    CROSS JOIN LATERAL (SELECT id, name, company, email FROM lead
                        WHERE organization = {} AND phone_normalized >= w.phone AND phone_normalized <= w.phone
                        AND phone_normalized <> '' AND deleted_at IS NULL ORDER BY phone_normalized LIMIT 50) l
    ORDER BY l.id"""
BY_NAME = """
    SELECT w.name, w.company, l.id, l.email FROM unnest({}::text[], {}::text[]) AS w (name, company)
    CROSS JOIN LATERAL (SELECT id, company, email FROM lead
                        WHERE organization = {} AND name COLLATE "C" >= w.name AND name COLLATE "C" <= w.name
                        AND deleted_at IS NULL ORDER BY name COLLATE "C", id LIMIT 100) l
    WHERE l.company = w.company ORDER BY l.id"""
LEADS = """
    SELECT to_jsonb(l) - 'search' - 'score_reasons' - 'source_data' AS lead FROM lead l
    WHERE l.organization = {} AND l.id = ANY({})"""
NOTED = """
    SELECT n.subject_id, w.number FROM unnest({}::bigint[], {}::text[], {}::int[]) AS w (lead, text, number)
    JOIN note n ON n.organization = {} AND n.subject_kind = 'lead' AND n.subject_id = w.lead AND n.text = w.text"""
UNSURE = "Several leads have this {}. Add the address to say who is meant"


class Known:
    """For some lines: `lead_of` is the id of the lead a line speaks of, `unsure` why nobody can say, `alike` whom it
    resembles. All by the line's number."""

    def __init__(self) -> None:
        self.lead_of: dict[int, int] = {}
        self.unsure: dict[int, str] = {}
        self.alike: dict[int, str] = {}


async def addresses(organization: Organization, lines: Iterable[Line]) -> dict[str, int]:
    """Which lead each address leads to, also deleted ones; an address that was merged leads to the other lead."""
    asked = [address for line in lines if (address := line.facts.get("email_normalized"))]
    found = await rows(BY_ADDRESS, organization.id, asked) if asked else []
    return {each["email_normalized"]: each["id"] for each in found}


async def find(organization: Organization, lines: Sequence[Line]) -> Known:
    """Who is known by address, else by phone number and name, else by name and company."""
    known, by_address = Known(), await addresses(organization, lines)
    phones, named = await _phones(organization, lines), await _names(organization, lines)
    for line in lines:
        address, phone = line.facts.get("email_normalized"), line.facts.get("phone_normalized", "")
        same_phone = phones.get(phone, [])
        same_name = named.get((line.facts.get("name", ""), line.facts.get("company", "")), [])
        if address:
            if address in by_address:
                known.lead_of[line.number] = by_address[address]
            elif same_phone:
                known.alike[line.number] = f"same phone as {_who(same_phone[0])}"
            elif same_name and line.facts.get("company"):
                known.alike[line.number] = "same name and company as a lead"
            continue
        by_phone = len(phone) >= SHORTEST_PHONE
        meant = [each["id"] for each in (_of_same_name(same_phone, line) if by_phone else same_name)]
        if len(meant) == 1:
            known.lead_of[line.number] = meant[0]
        elif meant:
            known.unsure[line.number] = UNSURE.format("phone number" if by_phone else "name and company")
    return known


async def _phones(organization: Organization, lines: Sequence[Line]) -> dict[str, list[dict[str, Any]]]:
    asked = {line.facts.get("phone_normalized", "") for line in lines}
    wanted = [phone for phone in asked if len(phone) >= SHORTEST_PHONE]
    found: dict[str, list[dict[str, Any]]] = {}
    for each in await rows(BY_PHONE, wanted, organization.id) if wanted else []:
        found.setdefault(each["phone"], []).append(each)
    return found


async def _names(organization: Organization, lines: Sequence[Line]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    pairs = {(line.facts.get("name", ""), line.facts.get("company", "")) for line in lines}
    wanted = [pair for pair in pairs if any(pair)]
    names, companies = [name for name, _ in wanted], [company for _, company in wanted]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in await rows(BY_NAME, names, companies, organization.id) if wanted else []:
        found.setdefault((each["name"], each["company"]), []).append(each)
    return found


def _of_same_name(found: list[dict[str, Any]], line: Line) -> list[dict[str, Any]]:
    """Of those with this phone number, whoever has the same name; one without a name may be anybody."""
    name = fold(line.facts.get("name", ""))
    return [each for each in found if not name or not each["name"] or fold(each["name"]) == name]


def _who(lead: Mapping[str, Any]) -> str:
    return lead["name"] or lead["company"] or lead["email"] or "another lead"


async def load(organization: Organization, ids: Iterable[int]) -> dict[int, Facts]:
    """Leads by id as they are."""
    found = await rows(LEADS, organization.id, list(set(ids)))
    return {each["lead"]["id"]: each["lead"] for each in found}


async def noted(organization: Organization, pairs: Sequence[tuple[int, Line]]) -> set[int]:
    """The numbers of those lines whose note their lead has already."""
    asked = [(lead, line) for lead, line in pairs if line.note]
    if not asked:
        return set()
    found = await rows(
        NOTED, [lead for lead, _ in asked], [line.note for _, line in asked], [line.number for _, line in asked],
        organization.id,
    )  # fmt: skip
    return {each["number"] for each in found}
