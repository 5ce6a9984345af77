"""What happens to leads by the clock."""

from datetime import datetime, timedelta

from dashboard.database import rows
from dashboard.files import actions as files
from dashboard.files.tables import File
from dashboard.leads import contacts, notes, pairing, words
from dashboard.leads.batches import KEEP

CONTACTS = contacts.JOB
LEFT_LYING = timedelta(days=1)  # time to come back to a file that was uploaded and not imported
BATCH = 5000
FILES = """
    UPDATE lead_import SET path = '' FROM lead_import old LEFT JOIN lead_batch b ON b.id = old.batch
    WHERE lead_import.id = old.id AND old.path <> ''
      AND (b.state NOT IN ('waiting', 'working') OR (b.id IS NULL AND old.created_at < {}))
    RETURNING old.organization, old.path"""
# A check serves its import until that is done; one that was replaced, or whose file is gone, serves nobody.
CHECKS = """
    SELECT c.id FROM lead_batch c WHERE c.kind = 'check' AND c.state NOT IN ('waiting', 'working')
      AND NOT EXISTS (SELECT FROM lead_import i LEFT JOIN lead_batch b ON b.id = i.batch
                      WHERE i.checking = c.id AND (i.path <> '' OR b.state IN ('waiting', 'working')))
    ORDER BY c.id LIMIT 100"""
OLD = """
    SELECT b.id FROM lead_batch b
    WHERE b.state IN ('done', 'failed', 'undone') AND b.finished_at < {}
      AND EXISTS (SELECT FROM lead_batch_line n WHERE n.batch = b.id) ORDER BY b.id LIMIT 100"""
LINES = """
    DELETE FROM lead_batch_line WHERE id IN (SELECT id FROM lead_batch_line WHERE batch = {} ORDER BY id LIMIT {})
    RETURNING id"""


async def forget_batches(now: datetime) -> dict[str, int]:
    """Delete files that were imported or left lying for a day, what their checks said, and after 30 days what batches
    did line by line: who did what stays."""
    gone = await rows(FILES, now - LEFT_LYING)
    for each in gone:
        file = await File.of(each["organization"]).where(File.storage_key == each["path"]).first()
        if file is not None:
            await files.remove(file)
    lines = 0
    while checks := await rows(CHECKS):
        for check in checks:
            lines += await _forget_lines(check["id"])
            await rows("DELETE FROM lead_batch WHERE id = {}", check["id"])
    while old := await rows(OLD, now - KEEP):
        for batch in old:
            lines += await _forget_lines(batch["id"])
    return {"files": len(gone), "lines": lines}


async def _forget_lines(batch: int) -> int:
    lines = 0
    while found := await rows(LINES, batch, BATCH):
        lines += len(found)
    return lines


async def note_contacts(now: datetime) -> dict[str, int]:
    """See from the out-tray to whom we wrote."""
    return await contacts.catch_up()


async def find_duplicates(now: datetime) -> dict[str, int]:
    """Compare new and changed leads with all others."""
    return await pairing.find(now)


async def forget_words(now: datetime) -> dict[str, int]:
    """Forget words search knows though nobody has them any more."""
    return {"words": await words.tidy()}


async def forget_notes(now: datetime) -> dict[str, int]:
    """Drop the old words of notes that were changed or deleted 30 days ago."""
    forgotten = 0
    while found := await notes.forget(now):
        forgotten += found
    return {"notes": forgotten}
