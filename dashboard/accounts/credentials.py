"""Providers' secrets: the environment's belong to the first organization, those entered in Settings are encrypted."""

import base64
from collections.abc import Set
from dataclasses import asdict, replace
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken

from dashboard import settings, signing
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Credential, Organization
from dashboard.database import row, rows
from dashboard.integrations import Credentials, Integrations, connect

UPSERT = """
    INSERT INTO credential (organization, name, value, set_by, set_at) VALUES ({}, {}, {}, {}, {})
    ON CONFLICT (organization, name) DO UPDATE
    SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at"""


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(signing.derive(settings.current().secret_key, "credentials")))


def encrypt(text: str) -> bytes:
    """Sealed with a key derived from SECRET_KEY, so that a copy of the database alone opens nothing."""
    return _box().encrypt(text.encode())


def decrypt(value: bytes, *, longest: int | None = None) -> str:
    """The text, or empty when it was sealed with another SECRET_KEY, is damaged, or older than `longest` seconds: a
    provider's secret then counts as not configured."""
    try:
        return _box().decrypt(bytes(value), ttl=longest).decode()
    except InvalidToken:
        return ""


async def of(organization_id: int) -> Credentials:
    """What this organization's connections may use."""
    first = await row("SELECT min(id) AS id FROM organization")
    mine = Credentials()
    if first and first["id"] == organization_id:
        mine = Credentials.from_settings(settings.current())
    entered = await rows("SELECT name, value FROM credential WHERE organization = {}", organization_id)
    known = {entry["name"]: decrypt(entry["value"]) for entry in entered}
    changed = {name: value for name, value in known.items() if value and hasattr(mine, name)}
    return replace(mine, **changed, trusted=mine.trusted and "smtp_url" not in changed) if changed else mine


async def given(organization_id: int) -> Set[str]:
    """The names of the secrets an organization has, its own and the environment's. None of them is opened."""
    found = await row(
        "SELECT (SELECT min(id) FROM organization) = {} AS first, "
        "ARRAY(SELECT name::text FROM credential WHERE organization = {}) AS names", organization_id, organization_id,
    )  # fmt: skip
    here = asdict(Credentials.from_settings(settings.current())) if found and found["first"] else {}
    return {name for name, value in here.items() if value} | frozenset(found["names"] if found else ())


async def integrations_for(organization_id: int | None) -> Integrations:
    """The outside world for one organization; None means account mail, which uses the environment's."""
    found = Credentials.from_settings(settings.current()) if organization_id is None else await of(organization_id)
    return connect(settings.current(), found)


def mail_works() -> bool:
    """Whether mail about accounts (invitations, resets) can leave; it uses the environment's connection."""
    here = settings.current()
    return connect(here, Credentials.from_settings(here)).mail.configured and bool(here.auth_from_email)


async def set(organization: Organization, name: str, value: str, by: Visitor, now: datetime) -> None:
    """Keep a secret for this organization, encrypted; an empty one removes it."""
    if value:
        await rows(UPSERT, organization.id, name, encrypt(value), by.id, now)
    else:
        await Credential.delete().where(Credential.organization == organization.id, Credential.name == name)
