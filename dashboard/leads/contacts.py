"""When we last wrote to somebody. What a person notes stands in the lead at once; the mails that left are counted here.

A contact is what somebody wrote: an answer, a mail about a ticket, a campaign, a checkout sent again. What an order
says by itself (receipts, intake reminders, follow-ups) is none, or nobody would ever be without a contact.

`last_contact_at` only ever moves on, so that counting a mail twice, or late, changes nothing; how often is counted
where it is shown. So the out-tray need not know: it is the delivery that is read, by the clock."""

from datetime import UTC, datetime, timedelta

from dashboard.activity import actions as activity
from dashboard.database import row, rows

JOB = "contacts"
LOOK_BACK = timedelta(minutes=10)  # a transaction under way shows late what it settled
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 2_000
REPLY = "reply"
WROTE = "d.name IN ('reply', 'campaign', 'recovery') AND d.state IN ('sent', 'delivered')"
TIMES = f"(l.contacts + (SELECT count(*) FROM delivery d WHERE d.lead = l.id AND {WROTE}))"  # noqa: S608
# Who is being changed by somebody else is met again at the next look.
MOVE_ON = """
    wrote AS (SELECT lead, max(at) AS at FROM ({}) w(lead, at) GROUP BY lead),
    theirs AS (
        SELECT l.id, wrote.at FROM wrote JOIN lead l ON l.id = wrote.lead
        WHERE l.erased_at IS NULL AND (l.last_contact_at IS NULL OR l.last_contact_at < wrote.at)
        ORDER BY l.id FOR UPDATE OF l SKIP LOCKED),
    moved AS (
        UPDATE lead SET last_contact_at = theirs.at, scored_at = NULL FROM theirs WHERE lead.id = theirs.id
        RETURNING lead.id, lead.organization)"""
ONE = f"WITH {MOVE_ON.format('SELECT {}::bigint, {}::timestamptz')} SELECT DISTINCT organization FROM moved"  # noqa: S608
SOME = f"""
    WITH slice AS MATERIALIZED (
        SELECT d.id, d.lead, d.settled_at FROM delivery d
        WHERE d.settled_at IS NOT NULL AND d.lead IS NOT NULL AND d.settled_at >= {{}}
        AND (d.settled_at, d.id) > ({{}}, {{}}) AND {WROTE} ORDER BY d.settled_at, d.id LIMIT {{}}),
    {MOVE_ON.format("SELECT lead, settled_at FROM slice")}
    SELECT (SELECT count(*) FROM slice) AS seen, (SELECT count(*) FROM moved) AS moved,
           (SELECT array_agg(DISTINCT organization) FROM moved) AS whose, last.settled_at, last.id
    FROM (SELECT settled_at, id FROM slice ORDER BY settled_at DESC, id DESC LIMIT 1) last"""  # noqa: S608
SAID = """
    UPDATE lead SET contacts = contacts + {}, last_contact_at = greatest(last_contact_at, {}), scored_at = NULL
    WHERE id = {} AND erased_at IS NULL"""
LAST_RUN = "SELECT max(started_at) AS at FROM run WHERE job = {} AND outcome = 'ok'"


async def wrote(lead: int, at: datetime) -> None:
    """We wrote to this person just now. Not inside a transaction that holds other rows: it locks the lead."""
    for each in await rows(ONE, lead, at):
        await activity.changed(each["organization"], "leads")


async def said(lead: int, at: datetime, *, by_mail: bool) -> None:
    """Somebody answered in a chat, where it is there at once; where it goes by mail, too, the mail is what is counted.
    Inside the transaction of the message, which its key lets in once."""
    await rows(SAID, 0 if by_mail else 1, at, lead)


async def catch_up() -> dict[str, int]:
    """Read what left since the last time; the first time, all that ever left."""
    ran = await row(LAST_RUN, JOB)
    since = ran["at"] - LOOK_BACK if ran and ran["at"] else LONG_AGO
    at, last, seen, moved = since, 0, 0, 0
    while found := await row(SOME, since, at, last, CHUNK):
        at, last, seen, moved = found["settled_at"], found["id"], seen + found["seen"], moved + found["moved"]
        for organization in found["whose"] or ():
            await activity.changed(organization, "leads")
        if found["seen"] < CHUNK:
            break
    return {"mails": seen, "contacts": moved}
