"""Everything that belongs to a lead, found from the tables themselves, so that a new table is taken along by merging
and looked at by erasure without a word about it here."""

from functools import cache
from typing import Any, NamedTuple

from piccolo.table import Table

from dashboard.database import rows
from dashboard.leads.tables import Lead

# Columns that point to a lead and do not follow when it is merged, and why.
STAY = {
    "lead.merged_into": "flattened by the merge itself",
    "lead_merge.winner": "what happened, as it happened",
    "lead_merge.loser": "what happened, as it happened",
    "lead_distinct.low": "said of two leads as they were",
    "lead_distinct.high": "said of two leads as they were",
    "lead_pair.low": "found anew every night",
    "lead_pair.high": "found anew every night",
    "lead_batch_line.lead": "what a batch did to that row, and how it was before",
    "erasure.lead": "the row that was erased",
    "revenue_arrival_stale.lead": "a mark that the sums of its day are old",
}
UNIQUE = """
    SELECT t.relname || '.' || k.attname AS place, i.indexrelid::regclass::text AS name, 0 = ANY(i.indkey) AS computed,
           (SELECT array_agg(a.attname::text) FROM pg_attribute a
            WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) AND a.attnum <> k.attnum) AS beside
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY(i.indkey)
    WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace"""


class Reference(NamedTuple):
    """A column that says which lead a row belongs to; with `of_kind` only where the row's subject_kind is lead."""

    table: str
    column: str
    of_kind: bool = False

    @property
    def place(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def condition(self) -> str:
        return "t.subject_kind = 'lead' AND " if self.of_kind else ""


def tables() -> list[str]:
    """The names of all tables."""
    return [table._meta.tablename for table in _tables()]


def _tables() -> list[type[Table]]:
    from dashboard.piccolo_app import APP_CONFIG

    return APP_CONFIG.table_classes


@cache
def keys() -> list[Reference]:
    """Every foreign key to a lead."""
    return [
        Reference(table._meta.tablename, column._meta.db_column_name)
        for table in _tables()
        for column in table._meta.foreign_key_columns
        if column._foreign_key_meta.resolved_references is Lead
    ]


@cache
def following() -> list[Reference]:
    """What goes along when a lead is merged: the foreign keys, and everything that has leads for a subject."""
    subjects = [
        Reference(table._meta.tablename, "subject_id", of_kind=True)
        for table in _tables()
        if {"subject_kind", "subject_id"} <= {column._meta.name for column in table._meta.columns}
    ]
    return [reference for reference in keys() + subjects if reference.place not in STAY]


async def unique() -> dict[str, list[list[str]]]:
    """By place the columns that, together with it, a table may hold only once."""
    found: dict[str, list[list[str]]] = {}
    places = {reference.place for reference in following()}
    for index in await rows(UNIQUE):
        if index["place"] in places:
            if index["computed"]:
                raise NotImplementedError(f"{index['name']} is unique by an expression, which merging cannot compare")
            found.setdefault(index["place"], []).append(index["beside"] or [])
    return found


async def counts(ids: list[int]) -> dict[int, dict[str, int]]:
    """By lead how many rows of each table belong to it."""
    parts = " UNION ALL ".join(
        f'SELECT \'{each.table}\' AS name, t."{each.column}" AS lead, count(*) AS n FROM "{each.table}" t '  # noqa: S608
        f'WHERE {each.condition}t."{each.column}" = ANY({{}}) GROUP BY 2'
        for each in following()
    )
    found: dict[int, dict[str, int]] = {id: {} for id in ids}
    for each in await rows(parts, *[ids] * len(following())):
        of = found[each["lead"]]
        of[each["name"]] = of.get(each["name"], 0) + each["n"]
    return found


def described(count: dict[str, int], words: dict[str, tuple[str, str]]) -> list[str]:
    """["2 orders", "1 note"]: in the order of `words`, which may leave a table out by empty ones; other tables by their
    own names."""
    order = {name: place for place, name in enumerate(words)}
    said: list[Any] = []
    for name, number in sorted(count.items(), key=lambda each: order.get(each[0], len(order))):
        one, many = words.get(name, (name.replace("_", " "), f"{name.replace('_', ' ')} rows"))
        if number and one:
            said.append(f"{number:,} {one if number == 1 else many}")
    return said
