"""The desk: what nobody could answer is settled once, and what needs a person is found without looking at everything.
Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T12:15:00:000044"
VERSION = "1.38.0"
DESCRIPTION = "Desk: keys and indexes"

# Statements stand apart by an empty line.
STATEMENTS = r"""
CREATE UNIQUE INDEX IF NOT EXISTS settled_question_once ON settled_question (message)

CREATE INDEX IF NOT EXISTS settled_question_shown ON settled_question (organization, question)

CREATE INDEX IF NOT EXISTS message_unknown ON message (organization, created_at DESC) WHERE outcome = 'unknown'

CREATE INDEX IF NOT EXISTS suggestion_empty ON suggestion (organization, created_at DESC)
    WHERE draft = '' AND needs_person

CREATE INDEX IF NOT EXISTS ticket_nobodys ON ticket (organization, created_at, id)
    WHERE status = 'open' AND assignee IS NULL

CREATE INDEX IF NOT EXISTS conversation_unread ON conversation (organization, last_message_at DESC, id DESC)
    WHERE unread AND archived_at IS NULL

CREATE INDEX IF NOT EXISTS ticket_tags ON ticket USING gin (tags)
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
