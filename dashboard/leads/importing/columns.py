"""Which column of a file means what: guessed from its title, or as it was chosen for the same titles the last time."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.errors import Invalid

# target → (label, titles that mean it)
TARGETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "email": ("E-mail", ("e mail", "mail", "e mail address", "email address", "mail address", "courriel", "correo")),
    "name": ("Name", ("full name", "contact", "contact name", "person", "customer", "customer name", "nombre")),
    "first_name": ("First name", ("firstname", "given name", "forename", "vorname", "prenom")),
    "last_name": ("Last name", ("lastname", "surname", "family name", "nachname", "nom")),
    "company": ("Company", ("organization", "organisation", "account", "business", "firm", "firma", "empresa")),
    "phone": ("Phone", ("telephone", "phone number", "mobile", "mobile phone", "cell", "tel", "telefon", "telefono")),
    "owner": ("Owner", ("assigned to", "assignee", "responsible", "lead owner", "contact owner")),
    "stage": ("Stage", ("status", "lead status", "pipeline stage", "deal stage")),
    "value": ("Value", ("deal value", "amount", "deal amount", "budget")),
    "currency": ("Currency", ("currency code",)),
    "expected_close": ("Expected close", ("close date", "expected close date", "closing date")),
    "source": ("Source", ("lead source", "origin", "utm source")),
    "tags": ("Tags", ("tag", "labels", "label", "categories", "category", "groups")),
    "note": ("Note", ("notes", "comment", "comments", "remark", "remarks", "description", "message")),
}
MARK = "attribute:"  # before the key of one of the organization's own questions
SEVERAL = ("note",)  # may be filled from more than one column
LAST = """
    SELECT mapping, choices FROM lead_import
    WHERE organization = {} AND columns_key = {} AND columns_key <> '' AND mapping <> '[]' ORDER BY id DESC LIMIT 1"""


def targets(asked: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What a column can mean, as options of a select: (value, label)."""
    own = [(MARK + each["key"], each["label"]) for each in asked]
    return [("", "Leave out"), *((key, label) for key, (label, _) in TARGETS.items()), *own]


def fingerprint(titles: Sequence[str]) -> str:
    """The same for files with the same titles, whatever their case and accents."""
    return hashlib.sha256("\x1f".join(fold(title) for title in titles).encode()).hexdigest()


async def remembered(organization: Organization, key: str) -> dict[str, Any] | None:
    """What was chosen for the last file with these titles."""
    return await row(LAST, organization.id, key)


def guess(titles: Sequence[str], asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """A target for each column, by its title; no target twice."""
    meant: dict[str, str] = {}
    for key, (label, words) in TARGETS.items():
        meant |= {fold(word): key for word in (key, label, *words)}
    meant |= {fold(word): MARK + each["key"] for each in asked for word in (each["key"], each["label"])}
    found: list[str] = []
    for title in titles:
        target = meant.get(fold(title), "")
        found.append("" if target in found and target not in SEVERAL else target)
    return found


def fitting(mapping: Sequence[str], columns: int, asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """A mapping that was remembered, without what has gone since."""
    known = {key for key, _ in targets(asked)}
    kept = [target if target in known else "" for target in mapping][:columns]
    return kept + [""] * (columns - len(kept))


def chosen(given: Sequence[str], columns: int, asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """The mapping somebody chose, or Invalid with what is wrong with it, by column (`column-3`)."""
    known = dict(targets(asked))
    problems: dict[str, str] = {}
    if len(given) != columns or any(target not in known for target in given):
        raise Invalid({}, "This form is out of date. Open it again. Nothing was changed.")
    for number, target in enumerate(given):
        if target and target not in SEVERAL and target in given[:number]:
            problems[f"column-{number}"] = f"{known[target]} is taken by another column."
    if not set(given) & {"email", "name", "first_name", "last_name", "company", "phone"}:
        problems["columns"] = "Say which column tells who it is: an address, a name, a company or a phone number."
    if problems:
        raise Invalid(problems)
    return list(given)


def fold(text: str) -> str:
    """A title as it is compared: lower case, no accents, words between single blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^\w]+|_", " ", plain).strip()
