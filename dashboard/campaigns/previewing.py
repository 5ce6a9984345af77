"""A mail as a person would get it, for staff to look at in a frame of its own."""

from collections.abc import Sequence
from html import escape
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.campaigns import rendering
from dashboard.campaigns.rendering import Texts
from dashboard.database import row, rows
from dashboard.errors import NotFound

NOBODY = {"id": 0, "name": "", "company": "", "email": "somebody@people.example", "attributes": {}}
MOST = 8
# For a frame of its own: nothing runs, nothing is fetched from elsewhere, nothing is kept.
HEADERS = {
    "content-security-policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}
PEOPLE = """
    SELECT l.id, l.name, l.company, l.email, l.attributes FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.email <> '' AND {} ORDER BY l.id DESC LIMIT {}"""
ONE = """
    SELECT l.id, l.name, l.company, l.email, l.attributes FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id = {}"""
HEAD = """<div style="max-width:600px;margin:0 auto 20px;padding-bottom:12px;border-bottom:1px solid #d9dce1;\
font-size:13px;color:#5d6470"><b style="font-size:16px;color:#1d2129">{subject}</b><br>{sender}</div>"""
PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px 16px;background:#ffffff;color:#1d2129">{head}\
<pre style="max-width:600px;margin:0 auto;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.5 ui-monospace,\
monospace">{text}</pre></body></html>
"""


async def people(organization: Organization, where: QueryString | None = None) -> list[dict[str, Any]]:
    """Some of the leads a condition finds, the newest first, to look at a mail as."""
    return await rows(PEOPLE, organization.id, where or QueryString("true"), MOST)


async def person(organization: Organization, id: int) -> dict[str, Any]:
    """A lead by id, NotFound where there is none; 0 is somebody of whom nothing is known but an address."""
    if not id:
        return dict(NOBODY)
    found = await row(ONE, organization.id, id)
    if found is None:
        raise NotFound("There is no such lead.")
    return found


def named(people: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """The people as choices of a select."""
    shown = [(str(each["id"]), f"as {each['name'] or each['email']}") for each in people]
    return [*shown, ("0", "as somebody without a name")]


def shown(
    texts: Texts, lead: dict[str, Any], organization: Organization, *, plain: bool = False, from_name: str = ""
) -> str:  # fmt: skip
    """The whole document: subject and sender on top, what was filled in is marked. Nothing in it is counted."""
    values, addresses = rendering.values(lead, organization), rendering.untracked()
    mail = rendering.render(texts, values, addresses, organization, from_name=from_name, mark=not plain)
    sender = f"{mail.from_name}, to {lead['email'] or 'nobody'}"
    head = HEAD.format_map({"subject": escape(mail.subject), "sender": escape(sender)})
    if plain:
        facts = {"subject": escape(mail.subject), "head": head, "text": escape(mail.text)}
        return PLAIN.format_map(facts)
    before, body, after = mail.html.partition("<body ")
    start, close, rest = after.partition(">")
    return before + body + start + close + head + rest
