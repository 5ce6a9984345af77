"""Writing many leads in one statement each: new rows, new values for some columns, and how it was before."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.leads import stages
from dashboard.leads.changes import FIELDS

Facts = dict[str, Any]  # columns of a lead, as JSON has them

LOCK = """
    SELECT to_jsonb(l) - 'search' - 'score_reasons' - 'source_data' AS lead FROM lead l
    WHERE l.organization = {} AND l.id = ANY({}) ORDER BY l.id FOR UPDATE"""
IDS = "SELECT nextval(pg_get_serial_sequence('lead', 'id')) AS id FROM generate_series(1, {})"
_names = ", ".join(FIELDS)
# What a column of a new lead holds when nothing is said.
EMPTY: Facts = {
    "email": "", "email_normalized": None, "name": "", "company": "", "phone": "", "phone_normalized": "",
    "stage": "new", "stage_at": None, "source": "", "owner": None, "value": 0, "currency": "", "expected_close": None,
    "tags": [], "attributes": {}, "last_contact_at": None, "contacts": 0, "remind_at": None, "remind": None,
    "won_at": None, "won_amount": 0, "won_currency": "", "lost_at": None, "lost_reason": "", "deleted_at": None,
    "merged_into": None, "erased_at": None,
}  # fmt: skip
EMPTY_TEXT = json.dumps(EMPTY)
INSERT = f"""
    INSERT INTO lead (id, organization, created_at, {_names})
    SELECT w.id, {{}}, now(), {", ".join(f"n.{name}" for name in FIELDS)}
    FROM unnest({{}}::bigint[], {{}}::text[]) AS w (id, facts)
    CROSS JOIN LATERAL jsonb_populate_record(NULL::lead, {{}}::text::jsonb || w.facts::jsonb) n"""  # noqa: S608
UPDATE = f"""
    UPDATE lead SET {", ".join(f"{name} = n.{name}" for name in FIELDS)}, scored_at = NULL
    FROM (SELECT n.* FROM unnest({{}}::bigint[], {{}}::text[]) AS w (id, facts) JOIN lead l ON l.id = w.id
          CROSS JOIN LATERAL jsonb_populate_record(l, w.facts::jsonb) n WHERE l.organization = {{}}) n
    WHERE lead.id = n.id"""  # noqa: S608
LINES = """
    INSERT INTO lead_batch_line (organization, batch, number, key, lead, outcome, reason, before, after, created_at)
    SELECT {}, {}, w.number, w.key, w.lead, w.outcome, w.reason, w.before::jsonb, w.after::jsonb, now()
    FROM unnest({}::int[], {}::text[], {}::bigint[], {}::text[], {}::text[], {}::text[], {}::text[])
        WITH ORDINALITY AS w (number, key, lead, outcome, reason, before, after, at) ORDER BY w.at"""
NOTES = """
    INSERT INTO note (id, organization, subject_kind, subject_id, text, author, created_at)
    SELECT w.id, {}, 'lead', w.lead, w.text, {}, now() FROM unnest({}::bigint[], {}::bigint[], {}::text[])
        AS w (id, lead, text)"""
NOTE_IDS = "SELECT nextval(pg_get_serial_sequence('note', 'id')) AS id FROM generate_series(1, {})"


async def lock(organization: Organization, ids: Sequence[int]) -> dict[int, Facts]:
    """Leads by id as they are until the end of this transaction, also deleted ones."""
    found = await rows(LOCK, organization.id, list(ids))
    return {each["lead"]["id"]: each["lead"] for each in found}


async def new_ids(number: int) -> list[int]:
    """Ids nobody else gets, for rows that other rows of the same transaction speak of."""
    return [each["id"] for each in await rows(IDS, number)] if number else []


async def create(organization: Organization, facts: Mapping[int, Facts]) -> None:
    """New leads under these ids. What is not said is empty."""
    if facts:
        await rows(INSERT, organization.id, list(facts), _texts(facts), EMPTY_TEXT)
        await _staged(organization, facts)


async def update(organization: Organization, facts: Mapping[int, Facts]) -> None:
    """Other values for some columns of each lead. The score is computed anew."""
    if facts:
        await rows(UPDATE, list(facts), _texts(facts), organization.id)
        await _staged(organization, facts)


def before(lead: Facts, facts: Facts) -> Facts:
    """How the columns were that change; with them since when the score holds, for it holds again when they are back."""
    return {name: lead[name] for name in (*facts, *(["scored_at"] if facts else []))}


async def write_notes(organization: Organization, notes: Sequence[tuple[int, str]], author: int | None) -> list[int]:
    """A note on each of these leads; their ids."""
    if not notes:
        return []
    ids = [each["id"] for each in await rows(NOTE_IDS, len(notes))]
    await rows(NOTES, organization.id, author, ids, [lead for lead, _ in notes], [text for _, text in notes])
    return ids


class Lines:
    """What a batch did, line by line, gathered and written in one statement."""

    def __init__(self, organization: Organization, batch: int) -> None:
        self.organization, self.batch = organization, batch
        self._columns: tuple[list[Any], ...] = tuple([] for _ in range(7))

    def add(
        self, outcome: str, *, lead: int | None = None, number: int = 0, key: str = "", reason: str = "",
        before: Facts | None = None, after: Facts | None = None,
    ) -> None:  # fmt: skip
        texts = (None if facts is None else json.dumps(facts) for facts in (before, after))
        for column, value in zip(self._columns, (number, key, lead, outcome, reason[:300], *texts), strict=True):
            column.append(value)

    def counts(self) -> dict[str, int]:
        outcomes = self._columns[3]
        return {outcome: outcomes.count(outcome) for outcome in set(outcomes)}

    async def write(self) -> None:
        if self._columns[0]:
            await rows(LINES, self.organization.id, self.batch, *self._columns)


async def _staged(organization: Organization, facts: Mapping[int, Facts]) -> None:
    if moved := [id for id, each in facts.items() if "stage" in each]:
        await stages.keep(organization, moved)


def _texts(facts: Mapping[int, Facts]) -> list[str]:
    return [json.dumps(each) for each in facts.values()]


async def referenced_by() -> list[tuple[str, str]]:
    """Every column of every table that is a foreign key to a lead, as the database knows them."""
    found = await row("""
        SELECT coalesce(jsonb_agg(jsonb_build_array(c.conrelid::regclass::text, quote_ident(a.attname))), '[]') AS keys
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.confrelid = 'lead'::regclass""")
    assert found is not None
    return [(table, column) for table, column in found["keys"]]
