"""A public lead form in front of a visitor: which version they see, and what they have typed so far."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.errors import Conflict, NotFound
from dashboard.forms import answers as form_answers
from dashboard.forms.definition import Definition, complete, shown
from dashboard.forms.handling import Handling
from dashboard.forms.tables import Form

TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
GONE = "There is no form at this address. It may have been taken down."
OUT_OF_DATE = "This page is out of date. Reload it. Nothing was sent."
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
FIND = """
    SELECT f.id AS form, f.organization FROM form f JOIN organization o ON o.id = f.organization
    WHERE o.slug = {} AND f.slug = {} AND f.kind = 'lead' AND f.published > 0 AND f.archived_at IS NULL"""
VERSION = """
    SELECT id, number, definition FROM form_version WHERE form = {} AND number <= {}
    ORDER BY number = {} DESC, number DESC LIMIT 1"""
CAPTURED = """
    SELECT c.id, c.answers, c.saved_at, c.submitted_at, c.source_data, c.form, v.id AS version, v.number, v.definition
    FROM capture c JOIN form_version v ON v.id = c.form_version WHERE c.token_hash = {}"""
BEGIN = """
    INSERT INTO capture (organization, form, form_version, token_hash, answers, source_data, created_at)
    VALUES ({}, {}, {}, {}, {}::jsonb, {}, {})
    ON CONFLICT (token_hash) DO UPDATE SET token_hash = excluded.token_hash RETURNING xmax = 0 AS fresh"""


@dataclass(frozen=True)
class Visit:
    """`id` is None as long as nothing was saved. `token` is the random text in the visitor's page: whatever is sent
    with it is one answer, however often it arrives."""

    organization: Organization
    form: Form
    version: int
    number: int
    definition: Definition
    token: str
    id: int | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    source_data: dict[str, str] = field(default_factory=dict)
    saved_at: datetime | None = None
    submitted_at: datetime | None = None

    @property
    def handling(self) -> Handling:
        return Handling.of(self.form)

    @property
    def visible(self) -> dict[str, bool]:
        return shown(self.definition, self.answers)

    @property
    def progress(self) -> tuple[int, int]:
        """(answered, asked)."""
        return form_answers.progress(self.definition, self.answers, {})


async def open_form(organization_slug: str, slug: str, *, token: str = "", number: str = "") -> Visit:
    """The published form at a public address, or NotFound. With a `token` that has saved something, what was saved and
    the version it began with; else the version of that number where there is one, or the newest."""
    found = await row(FIND, organization_slug[:60], slug[:60])
    if found is None:
        raise NotFound(GONE)
    organization: Any = await Organization.objects().where(Organization.id == found["organization"]).first()
    form = await Form.get_of(organization, found["form"])
    token = token if TOKEN.fullmatch(token) else secrets.token_urlsafe(24)
    if (held := await _captured(token, form)) is not None:
        return _visit(organization, form, token, held)
    wanted = int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else form.published
    version = await row(VERSION, form.id, form.published, wanted)
    assert version is not None
    return Visit(organization, form, version["id"], version["number"], complete(version["definition"]), token)


async def begin(visit: Visit, now: datetime) -> tuple[Visit, bool]:
    """Hold this visit's row until the transaction ends, made where there is none; the visit as it then is, and whether
    the row is new. Conflict for a token of another form."""
    source: Any = visit.source_data
    made = await row(BEGIN, visit.organization.id, visit.form.id, visit.version, digest(visit.token), "{}", source, now)
    held = await _captured(visit.token, visit.form)
    if held is None:
        raise Conflict(OUT_OF_DATE)
    return _visit(visit.organization, visit.form, visit.token, held), bool(made and made["fresh"])


async def _captured(token: str, form: Form) -> dict[str, Any] | None:
    found = await row(CAPTURED, digest(token))
    return found if found and found["form"] == form.id else None


def _visit(organization: Organization, form: Form, token: str, held: dict[str, Any]) -> Visit:
    facts = {name: held[name] for name in ("id", "answers", "saved_at", "submitted_at", "source_data", "number")}
    definition = complete(held["definition"])
    return Visit(organization, form, held["version"], definition=definition, token=token, **facts)


def came_by(visit: Visit, said: Iterable[tuple[str, str]], page: str) -> Visit:
    """The same visit with where the visitor came from: UTM of the address, and the page that led here."""
    kept = {name: text for name, value in said if name in UTM and (text := _plain(value, 120))}
    if text := _plain(page.partition("?")[0], 300):
        kept["page"] = text
    return replace(visit, source_data=kept)


def _plain(text: str, longest: int) -> str:
    return "".join(c for c in text if c.isprintable())[:longest].strip()


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
