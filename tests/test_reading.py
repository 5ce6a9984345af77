"""Looking at things: every page answers, and no GET or HEAD changes a single row."""

import hashlib
import re

import pytest

from dashboard import links
from dashboard.accounts.tables import User
from dashboard.commands.sample import company, history, leads
from dashboard.database import rows
from dashboard.piccolo_app import APP_CONFIG

pytestmark = pytest.mark.slow
TOUCHED_BY_LOOKING = {"app_session", "attempt"}  # when a session was last seen, and how often somebody looked


async def everything() -> str:
    """A hash over every row of every table."""
    found = hashlib.sha256()
    for table in APP_CONFIG.table_classes:
        name = table._meta.tablename
        if name not in TOUCHED_BY_LOOKING:
            text = await rows(
                f"SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') AS all FROM \"{name}\" t"
            )
            found.update(f"{name}\n{text[0]['all']}\n".encode())
    return found.hexdigest()


async def one(sql: str) -> object:
    return next(iter((await rows(sql))[0].values()))


async def filled(path: str, names: dict[str, object]) -> str:
    """The path with a value of the sample company for each parameter."""
    address = path
    for name in re.findall(r"\{(\w+):\w+\}", address):
        kind = next((key for key in (f"{address}#{name}", name) if key in names), None)
        value = names[kind] if kind else "0"
        path = re.sub(rf"\{{{name}:\w+\}}", str(value), path)
    return path


async def test_every_page_answers_and_none_of_them_changes_anything(app, visit):
    made = await company.create()
    await history.fill(made, orders=14)
    await leads.fill(made)
    owner = await visit(await User.objects().get(User.email == "owner@demo.example"))
    order = await rows(
        "SELECT o.number, i.id AS intake, i.link_version FROM orders o JOIN intake i ON i.order = o.id LIMIT 1"
    )
    file = await one("SELECT id FROM file LIMIT 1")
    names = {
        "org": "demo", "number": order[0]["number"], "name": "intake_reminders", "channel": "stripe",
        "/{org:str}/outbox/{id:int}#id": await one("SELECT id FROM delivery WHERE kind = 'mail' LIMIT 1"),
        "/{org:str}/outbox/{id:int}/preview#id": await one("SELECT id FROM delivery WHERE kind = 'mail' LIMIT 1"),
        "/{org:str}/files/{id:int}#id": file, "/{org:str}/settings/plans/{id:int}#id": await one("SELECT min(id) FROM plan"),
        "/{org:str}/settings/forms/{id:int}#id": await one("SELECT min(id) FROM form"),
        "/{org:str}/settings/forms/{id:int}/preview#id": await one("SELECT min(id) FROM form"),
        "/f/{token:str}#token": links.token(links.INTAKE, order[0]["intake"], order[0]["link_version"]),
        "/f/{token:str}/done#token": links.token(links.INTAKE, order[0]["intake"], order[0]["link_version"]),
        "/d/{token:str}#token": links.token(links.DOWNLOAD, file),
    }  # fmt: skip
    sofia = await one("SELECT id FROM lead WHERE name = 'Sofia Marchetti'")
    names |= {f"{route.path}#id": sofia for route in app.routes if route.path.startswith("/{org:str}/leads/{id:int}")}
    names |= {
        "note": await one("SELECT min(id) FROM note WHERE subject_kind = 'lead'"), "stage": "new", "key": "quoted",
        "/{org:str}/settings/leads/tags/{id:int}#id": await one("SELECT min(id) FROM tag"),
        "/{org:str}/settings/leads/questions/{id:int}#id": await one("SELECT min(id) FROM lead_attribute"),
    }  # fmt: skip
    before, broken, seen = await everything(), [], 0
    for route in app.routes:
        if "GET" not in route.methods or route.path.startswith(("/static", "/{org:str}/live")):
            continue
        path = await filled(route.path, names)
        for headers in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}):
            answer = await owner.get(path, headers=headers)
            seen += answer.status_code == 200
            if answer.status_code >= 500:
                broken.append(f"{path} {answer.status_code}")
        await owner.head(path)
    assert not broken, broken
    assert seen > 120
    assert await everything() == before, "a GET changed something"
