"""Forgetting a person. What hangs on them by a key goes in one transaction; what only quotes them, and the bytes on the
disk, go right after it, by a job that takes up again after a crash. The books stay, without a name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard import clock, settings
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries.suppressed import fingerprint, hidden_name
from dashboard.erasure import belongings, events, files, register, traces
from dashboard.erasure.belongings import Person
from dashboard.leads.tables import Erasure

STILL = "SELECT l.id FROM lead l WHERE {} AND l.id = ANY({}) ORDER BY l.id"
LOCK = "SELECT id, email_normalized FROM lead WHERE organization = {} AND id = ANY({}) ORDER BY id FOR UPDATE"
HIDE = """
    UPDATE suppression SET email_normalized = {}, detail = '' WHERE organization = {} AND email_normalized = {}
    AND NOT EXISTS (SELECT FROM suppression o WHERE o.organization = {} AND o.email_normalized = {})"""
DROP = "DELETE FROM suppression WHERE organization = {} AND email_normalized = {}"
WRITE = """
    INSERT INTO erasure (organization, lead, cause, email_hash, "by", counts, words, finished_at, created_at)
    VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (organization, lead) DO NOTHING"""
UNFINISHED = (
    "SELECT id, organization, lead, words, created_at FROM erasure WHERE finished_at IS NULL ORDER BY id LIMIT 20"
)
MEMBERS = "SELECT id FROM lead WHERE organization = {} AND (id = {} OR merged_into = {})"
UNDER_WAY = "SELECT 1 AS one FROM delivery WHERE id = ANY({}) AND state = 'sending' LIMIT 1"
FINISH = "UPDATE erasure SET words = '[]', finished_at = {}, counts = counts || {} WHERE id = {}"


async def erase(
    organization: Organization, ids: Sequence[int], cause: str, now: datetime, by: Visitor | None = None, *,
    still: QueryString | None = None,
) -> dict[str, int]:  # fmt: skip
    """Forget these people (`cause`: asked, retention or deleted); rows by table. Whoever was forgotten already is left
    out. Somebody who asked is looked for in every text as well: `finish` does that. `still`: of these only the leads
    `l` for whom this holds once they are held; whoever found them was not the last to write."""
    async with transaction():
        if still is not None:
            await rows(LOCK, organization.id, list(ids))
            ids = [each["id"] for each in await rows(STILL, still, list(ids))]
        person = await belongings.find(organization.id, list(ids))
        if not person.leads:
            return {}
        addresses = {each["id"]: each["email_normalized"] for each in await rows(LOCK, organization.id, person.leads)}
        sought = await traces.words_of(person) if cause == "asked" else []
        counts = {rule.table: await belongings.apply(rule, person) for rule in belongings.RULES}
        counts = {table: number for table, number in counts.items() if number}
        for address in person.addresses:
            await hide(organization.id, address)
        first = min(person.leads)
        for id, address in addresses.items():
            hashed = fingerprint(organization.id, address) if address else None
            asked = cause == "asked" and id == first
            await rows(
                WRITE, organization.id, id, cause, hashed, by.id if by else None, counts if id == first else {},
                sought if asked else [], None if asked else now, now,
            )  # fmt: skip
            await activity.record(organization, "lead", id, "erased", belongings.GONE, by=by)
        for topic in ("leads", "orders", "outbox"):
            await activity.changed(organization, topic)
    await files.delete(person.storage_keys)
    if cause == "asked":
        await register.write(settings.current().data_dir)
    return counts


async def hide(organization: int, address: str) -> None:
    """A suppressed address stays suppressed under its keyed hash."""
    name = hidden_name(organization, address)
    await rows(HIDE, name, organization, address, organization, name)
    await rows(DROP, organization, address)


async def finish(now: datetime) -> dict[str, int]:
    """Look for the last traces of everybody who asked; what is being sent or handled at this moment is looked at again
    the next time."""
    finished = waiting = 0
    for each in await rows(UNFINISHED):
        done = await _finish(each, now)
        finished, waiting = finished + done, waiting + (not done)
    if finished:
        await register.write(settings.current().data_dir)
    return {"finished": finished, "waiting": waiting}


async def _finish(erasure: dict[str, Any], now: datetime) -> bool:
    organization = erasure["organization"]
    sought = await traces.unused(organization, erasure["words"])
    addresses = [word for word in sought if "@" in word]
    leads = [each["id"] for each in await rows(MEMBERS, organization, erasure["lead"], erasure["lead"])]
    person = await belongings.find(organization, leads, addresses, erased=True)
    for rule in belongings.RULES:  # what was under way when they were erased
        await belongings.apply(rule, person)
    for address in addresses:
        await hide(organization, address)
    counts = await traces.forget(organization, sought) if sought else {}
    told, handled = await events.forget(person, sought, erasure["created_at"])
    read = await files.forget_imports(organization, sought)
    await files.delete(person.storage_keys)
    if not handled or not read or await row(UNDER_WAY, person.deliveries):
        return False
    await rows(FINISH, now, counts | ({"inbound_event": told} if told else {}), erasure["id"])
    return True


async def forget_again(known: Sequence[register.Entry]) -> int:
    """After restoring a backup: everybody of the register whom it brought back; how many."""
    people = 0
    for (organization, cause), leads in (await register.present(known)).items():
        for owner in await Organization.objects().where(Organization.id == organization):
            for id in leads:
                people += bool(await erase(owner, [id], cause, clock.now()))
    while await Erasure.exists().where(Erasure.finished_at.is_null()):
        if not (await finish(clock.now()))["finished"]:
            break
    return people


async def forget_news(now: datetime, since: datetime) -> int:
    """Reduce what webhooks said since a moment of people who had been forgotten before; how many events."""
    told = 0
    for each in await rows("SELECT organization, array_agg(lead) AS leads FROM erasure GROUP BY organization"):
        person: Person = await belongings.find(each["organization"], each["leads"], erased=True)
        told += (await events.forget(person, [], since, since))[0]
    return told
