"""Taking a batch back: each lead exactly as it was, unless somebody has changed it since; that one is kept, and
said."""

from collections.abc import Sequence
from typing import Any

from dashboard.database import rows
from dashboard.leads import many, stages
from dashboard.leads.engine import Counts, Item, Running

CHUNK = 1000
LINES = """
    SELECT id, lead, before IS NULL AS made, after -> 'note' AS note FROM lead_batch_line
    WHERE batch = {} AND id > {} AND outcome IN ('created', 'updated') ORDER BY id LIMIT {}"""
# A lead is as the batch left it when writing what the batch wrote would change nothing. The lines are picked first:
# what a check wrote down about the same lead is no row of it, and must not be read as one.
RESTORE = f"""
    WITH picked AS MATERIALIZED (SELECT lead, before, after FROM lead_batch_line WHERE id = ANY({{}})),
         line AS (SELECT l AS lead, picked.before, picked.after FROM picked JOIN lead l ON l.id = picked.lead
                  WHERE l.organization = {{}} AND l.erased_at IS NULL),
         same AS (SELECT old.*, line.before ? 'scored_at' AS rescored
                  FROM line CROSS JOIN LATERAL jsonb_populate_record(line.lead, line.before) old
                  WHERE jsonb_populate_record(line.lead, line.after) IS NOT DISTINCT FROM line.lead)
    UPDATE lead SET {", ".join(f"{name} = same.{name}" for name in many.FIELDS)},
        scored_at = CASE WHEN NOT same.rescored THEN lead.scored_at WHEN lead.scored_at IS NULL THEN same.scored_at END
    FROM same WHERE lead.id = same.id RETURNING lead.id"""  # noqa: S608 – our own words
UNTOUCHED = """
    WITH picked AS MATERIALIZED (SELECT lead, after FROM lead_batch_line WHERE id = ANY({}))
    SELECT l.id FROM picked JOIN lead l ON l.id = picked.lead
    WHERE l.organization = {}
      AND jsonb_populate_record(l, {}::text::jsonb || picked.after) IS NOT DISTINCT FROM l
      AND NOT EXISTS (SELECT FROM lead other WHERE other.merged_into = l.id)
      AND NOT EXISTS (SELECT FROM note o WHERE o.organization = l.organization AND o.subject_kind = 'lead'
                      AND o.subject_id = l.id AND (o.id <> ALL({}) OR o.updated_at IS NOT NULL))
      AND NOT EXISTS (SELECT FROM activity a WHERE a.organization = l.organization AND a.subject_kind = 'lead'
                      AND a.subject_id = l.id AND a.data -> 'lead_batch' IS DISTINCT FROM {}::text::jsonb
                      AND a.verb <> 'scored')
      AND NOT EXISTS (SELECT FROM delivery d WHERE d.organization = l.organization AND d.subject_kind = 'lead'
                      AND d.subject_id = l.id)"""
UNUSED = " AND NOT EXISTS (SELECT FROM {table} x WHERE x.{column} = l.id)"
FORGET_NOTES = """
    DELETE FROM note WHERE organization = {} AND id = ANY({}) AND subject_id = ANY({}) AND updated_at IS NULL"""
FORGET_LINES = """
    DELETE FROM activity WHERE organization = {} AND subject_kind = 'lead' AND subject_id = ANY({})
        AND (data -> 'lead_batch' = {}::text::jsonb OR subject_id = ANY({}))"""
DELETE = "DELETE FROM lead WHERE organization = {} AND id = ANY({})"
KEEP = "UPDATE lead_batch_line SET outcome = 'kept', reason = {} WHERE id = ANY({})"
UNUSED_TAGS = """
    DELETE FROM tag t WHERE t.organization = {} AND t.id = ANY({})
        AND NOT EXISTS (SELECT FROM lead l WHERE l.organization = t.organization AND l.tags @> ARRAY[t.id])"""
WORKED_OUT = {"lead_pair"}  # tables that say again by themselves what they say; their rows go with a lead
SINCE = "Changed by somebody since, so it was kept"


class Undo:
    """The way back of any batch."""

    def __init__(self, running: Running, references: list[tuple[str, str]]) -> None:
        self.running, self.organization = running, running.organization
        unused = "".join(
            UNUSED.format(table=table, column=column) for table, column in references if table not in WORKED_OUT
        )
        self.untouched = UNTOUCHED + unused

    async def following(self, position: int) -> Sequence[Item]:
        return [(each["id"], each) for each in await rows(LINES, self.running.id, position, CHUNK)]

    async def write(self, items: Sequence[Item]) -> Counts:
        lines = [line for _, line in items]
        await many.lock(self.organization, [line["lead"] for line in lines])
        back = await self._restore([line["id"] for line in lines if not line["made"]])
        gone = await self._remove([line for line in lines if line["made"]])
        done = {*back, *gone}
        await stages.keep(self.organization, list(back))
        notes = [line["note"] for line in lines if line["note"] and line["lead"] in back]
        await rows(FORGET_NOTES, self.organization.id, notes, list(back))
        await rows(FORGET_LINES, self.organization.id, list(done), str(self.running.id), list(gone))
        await rows(DELETE, self.organization.id, list(gone))
        kept = [line["id"] for line in lines if line["lead"] not in done]
        await rows(KEEP, SINCE, kept)
        return {"restored": len(done), "kept": len(kept)}

    async def _restore(self, lines: list[int]) -> set[int]:
        return {each["id"] for each in await rows(RESTORE, lines, self.organization.id)} if lines else set()

    async def _remove(self, lines: list[dict[str, Any]]) -> set[int]:
        """Of the leads a batch made, those nobody has done anything with. Their notes go first: they are no reason."""
        if not lines:
            return set()
        ids, notes = [line["id"] for line in lines], [line["note"] for line in lines if line["note"]]
        found = await rows(
            self.untouched, ids, self.organization.id, many.EMPTY_TEXT, notes, str(self.running.id)
        )  # fmt: skip
        gone = {each["id"] for each in found}
        await rows(FORGET_NOTES, self.organization.id, notes, list(gone))
        return gone

    async def spoilt(self, item: Item) -> Counts:
        await rows(KEEP, "Could not be taken back. The reason is in the log of the application", [item[0]])
        return {"kept": 1}

    async def finish(self) -> None:
        """Tags that only this batch's leads had go with them."""
        made = list(self.running.params.get("made_tags", {}).values())
        await rows(UNUSED_TAGS, self.organization.id, made)
