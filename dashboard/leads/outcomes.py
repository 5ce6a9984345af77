"""Reading batches: one with who started it, the recent ones, and their lines."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.leads.batches import KEEP

SIZE, RECENT, BATCH = 50, 50, 500
OUTCOMES = ("created", "updated", "skipped", "failed", "kept")
BATCHES = """
    SELECT b.id, b.kind, b.title, b.query, b.params, b.state, b.total, b.handled, b.counts, b.error, b.created_at,
           b.finished_at, b.undone_at, u.name AS by_name
    FROM lead_batch b LEFT JOIN app_user u ON u.id = b.by
    WHERE b.organization = {} AND """
ONE = BATCHES + "b.id = {}"
MANY = BATCHES + "b.kind <> 'check' ORDER BY b.created_at DESC, b.id DESC LIMIT {}"
LINES = """
    SELECT n.id, n.number, n.lead, n.outcome, n.reason, n.after, l.name, l.email, l.company,
           l.id IS NOT NULL AND l.deleted_at IS NULL AS there
    FROM lead_batch_line n LEFT JOIN lead l ON l.id = n.lead AND l.organization = n.organization
    WHERE n.organization = {} AND n.batch = {} AND n.id > {} AND (n.outcome = {} OR {} = '')
    ORDER BY n.id LIMIT {}"""


async def find(organization: Organization, id: int, now: datetime) -> dict[str, Any]:
    """The batch, or NotFound. `working`: it has not come to an end; `reversible`: it can be taken back; `percent` of
    the rows that were looked at."""
    found = await row(ONE, organization.id, id) if id < 2**63 else None
    if found is None:
        raise NotFound()
    return shown(found, now)


async def recent(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """What was done to many leads lately, newest first."""
    return [shown(each, now) for each in await rows(MANY, organization.id, RECENT)]


def shown(batch: dict[str, Any], now: datetime) -> dict[str, Any]:
    counts = {name: batch["counts"].get(name, 0) for name in (*OUTCOMES, "restored", "alike")}
    finished = batch["state"] in ("done", "failed") and batch["finished_at"] and batch["finished_at"] > now - KEEP
    done = min(100, 100 * batch["handled"] // batch["total"]) if batch["total"] else 0
    return batch | {
        "counts": counts, "working": batch["state"] in ("waiting", "working", "undoing"), "percent": done,
        "changed": counts["created"] + counts["updated"],
        "reversible": bool(finished and batch["kind"] != "check" and counts["created"] + counts["updated"]),
    }  # fmt: skip


async def lines(organization: Organization, batch: int, outcome: str = "", after: int = 0) -> list[dict[str, Any]]:
    """A page of lines and one more, in the order in which they were written."""
    found = await rows(LINES, organization.id, batch, after, outcome, outcome, SIZE + 1)
    return [_named(each) for each in found]


async def failed(organization: Organization, batch: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Every line that could not be done, 500 at a time."""
    last = 0
    while found := await rows(LINES, organization.id, batch, last, "failed", "failed", BATCH):
        yield [_named(each) for each in found]
        last = found[-1]["id"]


def _named(line: dict[str, Any]) -> dict[str, Any]:
    """With who it is about: the lead as it is, else what the file says."""
    after = line["after"] or {}
    facts = after.get("shown") or after.get("facts", after)
    cells = [cell for cell in after.get("cells", []) if cell.strip()]
    who = line["name"] or facts.get("name") or line["company"] or facts.get("company") or ""
    return line | {
        "who": who, "address": line["email"] or facts.get("email") or next((cell for cell in cells if "@" in cell), ""),
        "said": "" if who else ", ".join(cells)[:80], "cells": after.get("cells", []),
    }  # fmt: skip
