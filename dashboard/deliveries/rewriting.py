"""A message in the team's chat is rewritten with each answer to a button, and ends with what the last one says: an
answer that a later one has overtaken leaves the message alone, and none leaves while another is on its way."""

from dashboard.database import rows
from dashboard.deliveries.tables import Delivery

# The subject finds the other answers by an index.
MAY_LEAVE = """(d.name <> 'telegram_answer' OR NOT EXISTS (
    SELECT 1 FROM delivery o
    WHERE o.organization = d.organization AND o.subject_kind = d.subject_kind AND o.subject_id = d.subject_id
    AND o.name = d.name AND o.payload -> 'message' = d.payload -> 'message' AND o.state = 'sending'))"""
LATER = """
    SELECT 1 FROM delivery d JOIN delivery o
    ON o.organization = d.organization AND o.subject_kind = d.subject_kind AND o.subject_id = d.subject_id
    AND o.name = d.name AND o.payload -> 'message' = d.payload -> 'message' AND o.id > d.id
    WHERE d.id = {} LIMIT 1"""


async def overtaken(answer: Delivery) -> bool:
    """Whether a later answer says what its message says now."""
    return bool(await rows(LATER, answer.id))
