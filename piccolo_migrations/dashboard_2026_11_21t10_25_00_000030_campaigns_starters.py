"""Campaigns: the templates an organization begins with, for those that are there already. It may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:25:00:000030"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: starter templates"

# As they stood on that day; new organizations get dashboard/campaigns/seeds.py.
STARTERS = (
    (
        "Welcome",
        "welcome",
        "Welcome, {{ first_name | and good to meet you }}",
        '<p>Hi {{ first_name | there }},</p>\n<p>thank you for your interest in {{ organization }}. This is what happens next: we read what you sent us, and a person\nanswers within one working day.</p>\n<p>If something is urgent, reply to this mail. It reaches us directly.</p>\n<p>{{ sender }}<br>{{ organization }}</p>\n<p><small>You get this because you left us your address. <a href="{{ unsubscribe_link }}">Unsubscribe</a></small></p>',
    ),
    (
        "Follow-up",
        "follow_up",
        "Is this still of use, {{ first_name | or should we wait }}?",
        '<p>Hi {{ first_name | there }},</p>\n<p>a few days ago we wrote to you about {{ company | your project }}. Is now a good time to talk about it?</p>\n<p>One word is enough: “yes”, “later” or “no”. After a “no” we will not ask again.</p>\n<p>{{ sender }}<br>{{ organization }}</p>\n<p><small>You get this because you left us your address. <a href="{{ unsubscribe_link }}">Unsubscribe</a></small></p>',
    ),
    (
        "Lead magnet",
        "lead_magnet",
        "{{ first_name | Here }}: the checklist you asked for",
        '<p>Hi {{ first_name | there }},</p>\n<p>here is the checklist you asked for: <a href="https://www.example.com/checklist">open the checklist</a>.</p>\n<p>Put the address of your own file there before you send this. If a point in it raises a question, reply to this\nmail.</p>\n<p>{{ sender }}<br>{{ organization }}</p>\n<p><small>You get this because you left us your address. <a href="{{ unsubscribe_link }}">Unsubscribe</a></small></p>',
    ),
)
VALUES = ", ".join("('" + "', '".join(text.replace("'", "''") for text in each) + "')" for each in STARTERS)
PLANT = f"""
WITH starter (name, category, subject, html) AS (VALUES {VALUES}),
made AS (
    INSERT INTO mail_template (organization, name, category, version, created_at)
    SELECT o.id, s.name, s.category, 1, now() FROM organization o CROSS JOIN starter s
    WHERE NOT EXISTS (SELECT FROM mail_template t WHERE t.organization = o.id)
    RETURNING id, organization, name)
INSERT INTO mail_template_version (organization, template, number, subject, html, text, created_at)
SELECT m.organization, m.id, 1, s.subject, s.html, '', now() FROM made m JOIN starter s ON s.name = m.name
"""  # noqa: S608
INDEX = "CREATE INDEX IF NOT EXISTS mail_template_list ON mail_template (organization, lower(name), id)"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in (INDEX, PLANT):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
