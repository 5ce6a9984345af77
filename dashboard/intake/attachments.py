"""The customer's files, as long as the form is open."""

from datetime import datetime
from typing import Any

from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, DashboardError, NotFound, TooLarge
from dashboard.files import actions as files
from dashboard.files import storage
from dashboard.files.names import shown_name
from dashboard.files.uploads import LARGEST_ORDER, MB, Received
from dashboard.forms.answers import most_files
from dashboard.forms.definition import Field, find
from dashboard.intake.answering import CLOSED, refuse_closed
from dashboard.intake.queries import IntakeView
from dashboard.intake.tables import IntakeFile

LOCK = "SELECT id FROM intake WHERE id = {} AND state = 'open' FOR UPDATE"
TOUCH = "UPDATE intake SET saved_at = {}, opened_at = coalesce(opened_at, {}) WHERE id = {}"
USED = """
    SELECT coalesce(sum(f.size), 0)::bigint AS size, count(*) FILTER (WHERE x.field = {}) AS here
    FROM intake_file x JOIN file f ON f.id = x.file WHERE x.intake = {}"""
REMOVE = """
    WITH gone AS (DELETE FROM intake_file WHERE intake = {} AND file = {} RETURNING file)
    DELETE FROM file WHERE id IN (SELECT file FROM gone) RETURNING storage_key"""


def file_field(intake: IntakeView, key: str) -> Field:
    """The field that takes files under this key, if the customer may change it now."""
    refuse_closed(intake)
    field = find(intake.definition, key)
    if field is None or field["type"] != "file" or (intake.editable is not None and key not in intake.editable):
        raise NotFound("This question takes no files. Reload the page.")
    return field


def room_left(intake: IntakeView) -> int:
    """Bytes that still fit in, as far as this page knows."""
    return LARGEST_ORDER - sum(file["size"] for file in intake.files)


async def add_file(intake: IntakeView, key: str, received: Received, now: datetime) -> dict[str, Any]:
    """Keep a received file as part of an answer. The limits hold also for uploads that arrive at the same time."""
    field = file_field(intake, key)
    if not received.size:
        raise DashboardError(f"{shown_name(received.name)} is empty. Choose another file.")
    if received.size > room_left(intake):
        raise TooLarge(_full(intake))
    stored = await received.writing.keep()
    try:
        async with transaction():
            if not await row(LOCK, intake.id):
                raise Conflict(CLOSED)
            used = (await rows(USED, key, intake.id))[0]
            if used["size"] + stored.size > LARGEST_ORDER:
                raise TooLarge(_full(intake))
            if used["here"] >= most_files(field):
                raise Conflict(f"Here at most {most_files(field)} files fit. Remove one first. Nothing was kept.")
            file = await files.record(intake.organization, stored, received.name, "customer")
            await IntakeFile.insert(
                IntakeFile(organization=intake.organization.id, intake=intake.id, field=key, file=file.id)
            )
            await row(TOUCH, now, now, intake.id)
    except DashboardError:  # surely not committed; after any other error the sweep decides
        await storage.delete(stored.key)
        raise
    return {"id": file.id, "name": file.name, "size": file.size, "field": key}


async def remove_file(intake: IntakeView, id: int, now: datetime) -> None:
    """Take a file back. Repeating it changes nothing; after sending, nothing can be taken back."""
    refuse_closed(intake)
    mine = next((file for file in intake.files if file["id"] == id), None)
    if mine is None:
        return
    file_field(intake, mine["field"])
    async with transaction():
        if not await row(LOCK, intake.id):
            raise Conflict(CLOSED)
        removed = await row(REMOVE, intake.id, id)
        await row(TOUCH, now, now, intake.id)
    if removed:
        await storage.delete(removed["storage_key"])


def _full(intake: IntakeView) -> str:
    left = max(0, room_left(intake)) // MB
    return f"All files together may have {LARGEST_ORDER // MB} MB, and {left} MB are left. Nothing was kept."
