"""Acme with rows of everything, and attacks in every text that is not ours."""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from piccolo.columns import Text
from piccolo.table import Table

from dashboard.accounts.tables import Organization, Session, User
from dashboard.database import rows
from dashboard.files.actions import store
from dashboard.forms import definition
from dashboard.piccolo_app import APP_CONFIG
from tests.hostile import ALL, CORPUS, MARKUP
from tests.leads import importing
from tests.world import LATER, Say, World, fill

ROWS = 6
SAID = {"stage": "stage1", "key": "stage1", "slug": "form1", "other": "2"}  # words in addresses of these rows
FIELDS = [{"key": f"f{n}", "type": type, "options": []} for n, type in enumerate(definition.TYPES)]


def speaker() -> Say:
    """Gives each column as many of the texts as fit, beginning where the one before ended."""
    around: Iterator[str] = cycle(CORPUS)
    waiting: list[str] = []

    def say(table: type[Table], column: Any) -> str:
        if isinstance(column, Text):
            return ALL
        if column is None:
            return next(around)
        text = waiting.pop() if waiting else next(around)
        while len(text) + len(following := next(around)) < column.length:
            text += following
        waiting.append(following)
        return text[: column.length]

    return say


def a_form() -> dict[str, Any]:
    """A form with a field of every type, and nothing but attacks in its words."""
    say = cycle(CORPUS)
    options = [{"value": next(say)[:60], "label": next(say), "help": next(say)} for _ in range(4)]
    fields = [field | {"label": next(say), "help": next(say)} for field in FIELDS]
    fields = [field | {"options": options} if field["type"].startswith("choice") else field for field in fields]
    sections = [{"title": next(say), "fields": fields}, {"title": ALL, "optional": True, "fields": []}]
    return definition.complete({"title": ALL, "intro": ALL, "sections": sections})


def answers() -> dict[str, Any]:
    """What somebody sent who never saw the form."""
    odd = {"choices": CORPUS[:40], "url": "javascript:alert(1)//https://desk.example"}
    return {field["key"]: odd.get(field["type"], ALL) for field in FIELDS}


async def fill_up(world: World) -> None:
    """All of it; the world is one without rows so far. Numbers of rows begin with 1."""
    acme, say = await Organization.objects().get(Organization.slug == "acme"), speaker()
    await _import(world)
    for number in range(1, ROWS + 1):
        await fill(acme, world.users["owner"], number, say)
    await _in_many_states()
    await _data()
    await _whats_and_whose(acme)
    await _people(say)


async def _import(world: World) -> None:
    """A file of leads on its way, with attacks for titles and cells."""
    lines = [[f"x{n}@people.example", *CORPUS[n : n + 3], *CORPUS[-3:]] for n in range(0, len(CORPUS) - 3, 4)]
    text = importing.table(["E-mail", *MARKUP[:3], *MARKUP[40:43]], *lines)
    async with world.browser("owner") as browser:
        file = await importing.uploaded(browser, text, "<b pwned>.csv")
        await file.check(["email", "name", "company", "note", "", "", ""])


async def _in_many_states() -> None:
    for table in APP_CONFIG.table_classes:
        for column in table._meta.columns:
            if column._meta.choices and column._meta.name != "role":
                states = [each.value for each in column._meta.choices]
                which = f"({{}}::text[])[1 + id % {len(states)}]"
                await rows(f'UPDATE "{table._meta.tablename}" SET "{column._meta.name}" = {which}', states)
    await rows("UPDATE intake SET submitted_at = now() WHERE state = 'submitted'")
    await rows("UPDATE ticket SET asked_at = now()")


async def _data() -> None:
    """What is stored as JSON."""
    pairs = dict(zip("abcdefgh", CORPUS, strict=False)) | {text: text for text in CORPUS[:40]} | {"utm_source": ALL}
    for place, value in {
        "orders.source_data": pairs, "lead.source_data": pairs, "lead.attributes": pairs, "activity.data": pairs,
        "form.draft": a_form(), "form_version.definition": a_form(), "intake.answers": answers(), "intake.asked_again": ["f1"],
        "capture.answers": answers(), "capture.source_data": pairs, "delivery.payload": {"subject": ALL, "html": ALL, "text": ALL},
        "inbound_event.attempts": [{"at": LATER.isoformat(), "error": ALL}],
        "organization.persona": {"signs_as": ALL, "tone": ALL, "never_says": ALL},
    }.items():  # fmt: skip
        table, column = place.split(".")
        await rows(f"UPDATE {table} SET {column} = {{}}::jsonb", json.dumps(value))


async def _whats_and_whose(acme: Organization) -> None:
    """Rows that belong to leads and to orders in turn, stages and forms that an address can name, a file that exists."""
    for table in ("activity", "note", "delivery"):
        kind = "CASE id % 2 WHEN 0 THEN 'order' ELSE 'lead' END"
        await rows(f"UPDATE {table} SET subject_kind = {kind}, subject_id = (id + 1) / 2")
    await rows("UPDATE payment SET provider = 'manual' WHERE id % 2 = 1")
    await rows("UPDATE lead_stage SET key = 'stage' || id")
    await rows("UPDATE lead SET stage = 'stage' || (1 + id % {})", ROWS)
    newest = "(SELECT max(number) FROM form_version v WHERE v.form = form.id)"
    await rows(f"UPDATE form SET slug = 'form' || id, archived_at = NULL, published = {newest}")
    kept = await store(acme, ALL.encode(), "attack.html", "customer")
    await kept.remove()
    facts = (kept.storage_key, kept.size, kept.content_type)
    await rows("UPDATE file SET storage_key = {}, size = {}, content_type = {} WHERE id = 2", *facts)


async def _people(say: Say) -> None:
    for organization in await Organization.objects():
        organization.name = say(Organization, Organization.name)
        organization.postal_address = say(Organization, Organization.postal_address)
        await organization.save([Organization.name, Organization.postal_address])
    for person in await User.objects():
        person.name = say(User, User.name)
        await person.save([User.name])
    browser, address = say(Session, Session.browser), say(Session, Session.address)
    await rows("UPDATE app_session SET browser = {}, address = {}", browser, address)
