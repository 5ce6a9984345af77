"""Where no key leads: the person's words in any text of the organization, whoever wrote them where."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from piccolo.columns import JSONB, Text, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.database import row, rows
from dashboard.erasure.belongings import Person

MARK = "[erased]"
CHUNK = 20_000  # ids at a time: each statement stays far from its time limit
SHORTEST = 7  # characters of a word that is looked for everywhere
SHORT_COLUMN = 20  # what is shorter holds states and codes
LATEST_DIGITS = 9
# Columns where to look is not to read: other people's mails do not hold this person.
READ = {"delivery.payload": "CASE WHEN t.kind = 'mail' THEN NULL ELSE t.payload END"}
SKIPPED = {
    "erasure.words": "what is being looked for",
    "form.draft": "the organization's own questions", "form_version.definition": "the organization's own questions",
}  # fmt: skip
USED = """
    SELECT 1 AS one FROM lead WHERE organization = {} AND search LIKE public.containing({}) AND deleted_at IS NULL
    LIMIT 1"""
QUERIES = {"saved_view": "query", "lead_batch": "query", "campaign": "audience"}  # what somebody typed to find them
LEAST_SEARCHED = 4
ALONE = {"run": "error", "attempt": "key"}  # tables without an organization that may quote somebody
# Keys begin with the organization; the inner query leaves PostgreSQL no other index.
NAMESAKE = """
    SELECT 1 AS one FROM (
        SELECT id, organization, name FROM lead
        WHERE public.lead_keys(organization, name, company) && public.lead_keys({}, {}, '') AND deleted_at IS NULL
        OFFSET 0) like_them
    WHERE organization = {} AND id <> ALL({}) AND public.fold(name) = public.fold({}) LIMIT 1"""
SAME_PHONE = """
    SELECT 1 AS one FROM lead WHERE organization = {} AND id <> ALL({}) AND deleted_at IS NULL
    AND length(phone_normalized) >= 7 AND right(phone_normalized, 9) = right({}, 9) LIMIT 1"""


async def words_of(person: Person) -> list[str]:
    """What is theirs alone in the organization: addresses, and full names and telephone numbers nobody else has."""
    words = list(person.addresses)
    for name in person.names:
        if len(name.split()) > 1 and not await row(
            NAMESAKE, person.organization, name, person.organization, person.leads, name
        ):
            words.append(name)
    for phone in person.phones:
        digits = re.sub(r"\D", "", phone)
        if len(digits) >= LATEST_DIGITS and not await row(SAME_PHONE, person.organization, person.leads, digits):
            words.append(phone)
    return [word for word in words if len(word) >= SHORTEST]


async def unused(organization: int, words: list[str]) -> list[str]:
    """Of these words those no lead of today has: who was forgotten may have come back since, as somebody new."""
    free = []
    for word in words:
        plain = re.sub(r"\D", "", word) if re.fullmatch(r"[\d\s()+./-]+", word) else word
        if not await row(USED, organization, plain):
            free.append(word)
    return free


async def forget(organization: int, words: list[str]) -> dict[str, int]:
    """Put MARK in place of these words in every text column of the organization; rows by table."""
    counts = {}
    for table in _tables():
        name, columns = table._meta.tablename, text_columns(table)
        owned = issubclass(table, OrganizationOwned)
        changed = await _forget(name, columns, words, organization if owned else None) if columns else 0
        if changed:
            counts[name] = changed
    parts = {part for word in words if "@" not in word for part in word.split() if len(part) >= LEAST_SEARCHED}
    if sought := await unused(organization, sorted(parts)):
        for name, column in QUERIES.items():
            await _forget(name, {column: f"regexp_replace(t.\"{column}\", {{}}, '{MARK}', 'gi')"}, sought, organization)
    return counts


def text_columns(table: type[Table]) -> dict[str, str]:
    """The columns that may quote somebody, with how each is written anew; `{}` stands for the pattern."""
    name, found = table._meta.tablename, {}
    for column in table._meta.columns:
        title = column._meta.name
        if f"{name}.{title}" in SKIPPED or column._meta.choices or not isinstance(column, Varchar | Text | JSONB):
            continue
        if not issubclass(table, OrganizationOwned) and ALONE.get(name) != title:
            continue
        if isinstance(column, JSONB):
            read = READ.get(f"{name}.{title}", f't."{title}"')
            found[title] = f"coalesce(regexp_replace({read}::text, {{}}, '{MARK}', 'gi')::jsonb, t.\"{title}\")"
        elif title == "key":
            found[title] = f"regexp_replace(t.\"{title}\", {{}}, '{MARK[:-1]} ' || t.id || ']', 'gi')"
        elif isinstance(column, Text):
            found[title] = f"regexp_replace(t.\"{title}\", {{}}, '{MARK}', 'gi')"
        elif (column.length or SHORT_COLUMN + 1) > SHORT_COLUMN:
            found[title] = f"left(regexp_replace(t.\"{title}\", {{}}, '{MARK}', 'gi'), {column.length})"
    return found


async def _forget(table: str, columns: dict[str, str], words: list[str], organization: int | None) -> int:
    last, changed = 0, 0
    text = ", ".join(READ.get(f"{table}.{name}", f't."{name}"') + "::text" for name in columns)
    sets = ", ".join(f'"{name}" = {value}' for name, value in columns.items())
    mine = "t.organization = {} AND " if organization is not None else ""
    owner = [] if organization is None else [organization]
    sql = (
        f'UPDATE "{table}" t SET {sets} WHERE {mine}t.id > {{}} AND t.id <= {{}} '  # noqa: S608 – names of our tables
        f"AND concat_ws(' ', {text}) ~* {{}} RETURNING t.id"
    )
    ends = f'SELECT min(id) - 1 AS first, max(id) AS last FROM "{table}" t WHERE {mine}true'  # noqa: S608
    span = await row(ends, *owner)
    if not span or span["last"] is None:
        return 0
    like, last = pattern(words), span["first"]
    while last < span["last"]:
        changed += len(await rows(sql, *[like] * len(columns), *owner, last, last + CHUNK, like))
        last += CHUNK
    return changed


def pattern(words: Iterable[str]) -> str:
    """The words, however JSON or an address bar writes them, as a regular expression of nothing but their letters."""
    forms = {form for word in words for form in (word, json.dumps(word)[1:-1], quote(word), quote_plus(word))}
    return "|".join(_literal(form) for form in sorted(forms, key=len, reverse=True))


def _literal(text: str) -> str:
    return "".join(char if char.isalnum() or not char.isascii() else f"\\{char}" for char in text)


def _tables() -> list[type[Table]]:
    from dashboard.piccolo_app import APP_CONFIG

    return [table for table in APP_CONFIG.table_classes if table._meta.tablename != "lead_word"]
