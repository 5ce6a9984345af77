"""`backdesk verify`: the promises, checked on live data. Each violation is one line that names the row."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from dashboard import clock
from dashboard.accounts.ownership import OrganizationOwned
from dashboard.commands.surroundings import connected
from dashboard.database import rows
from dashboard.orders import money
from dashboard.orders.tables import Order
from dashboard.piccolo_app import APP_CONFIG
from dashboard.revenue import upkeep
from dashboard.settings import current

CHECKS: list[tuple[str, str, str]] = [
    (
        "I1", "a paid checkout has no order",
        """SELECT e.id FROM inbound_event e
           WHERE e.sender = 'stripe' AND e.kind = 'checkout.session.completed' AND e.state = 'handled'
           AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.organization = e.organization
               AND o.session = convert_from(e.body, 'UTF8')::json #>> '{{data,object,id}}')""",
    ),
    (
        "I1", "a checkout session has more than one order",
        "SELECT min(id) AS id FROM orders WHERE session IS NOT NULL GROUP BY organization, session HAVING count(*) > 1",
    ),
    (
        "I3", "an event is stuck in processing",
        "SELECT id FROM inbound_event WHERE state = 'processing' AND lease_until < clock_timestamp() - interval '65 s'",
    ),
    (
        "I3", "an event has waited for more than ten minutes past its time",
        "SELECT id FROM inbound_event WHERE state = 'waiting' AND due_at < clock_timestamp() - interval '10 min'",
    ),
    (
        "I3", "a failed event has raised no alert",
        """SELECT e.id FROM inbound_event e WHERE e.state = 'failed'
           AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.key = 'alert:event_failed:' || e.id)""",
    ),
    (
        "I4", "a delivery is stuck in sending",
        "SELECT id FROM delivery WHERE state = 'sending' AND lease_until < clock_timestamp() - interval '65 s'",
    ),
    (
        "I4", "a delivery has waited for more than ten minutes past its time",
        "SELECT id FROM delivery WHERE state = 'queued' AND due_at < clock_timestamp() - interval '10 min'",
    ),
    (
        "I5", "a delivery is in a state nobody knows",
        """SELECT id FROM delivery WHERE state NOT IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'failed',
           'unknown', 'held', 'suppressed', 'cancelled')""",
    ),
    (
        "I4", "two mails of one step left for one person",
        """SELECT min(id) AS id FROM delivery WHERE name = 'campaign' AND state IN ('sent', 'delivered', 'bounced')
           AND position(':copy:' IN key) = 0 GROUP BY organization, split_part(key, ':', 2) HAVING count(*) > 1""",
    ),
    (
        "I5", "a campaign has not one line for each of its people and steps",
        """SELECT c.id FROM campaign c WHERE c.launched_at IS NOT NULL
           AND (SELECT count(*) FROM campaign_send s WHERE s.campaign = c.id) <>
               (SELECT count(*) FROM enrollment e WHERE e.campaign = c.id)
               * (SELECT count(*) FROM campaign_step t WHERE t.campaign = c.id)""",
    ),
    (
        "I5", "a mail of a campaign is in a state nobody knows",
        """SELECT id FROM campaign_send WHERE state NOT IN ('waiting', 'due', 'queued', 'sent', 'delivered', 'bounced',
           'complained', 'failed', 'unknown', 'suppressed', 'skipped', 'stopped')""",
    ),
    (
        "I5", "a campaign says that a mail left, and the out-tray does not",
        """SELECT s.id FROM campaign_send s JOIN delivery d ON d.id = s.delivery
           WHERE s.state IN ('sent', 'delivered', 'bounced', 'complained')
           AND d.state NOT IN ('sent', 'delivered', 'bounced', 'queued', 'sending', 'held', 'unknown', 'failed')""",
    ),
    (
        "I4", "a batch of mails is stuck",
        """SELECT id FROM mail_batch WHERE state = 'sending' AND lease_until < clock_timestamp() - interval '65 s'""",
    ),
    (
        "I6", "a mail left after its address was suppressed",
        """SELECT d.id FROM delivery d JOIN suppression s ON s.organization = d.organization
           AND s.email_normalized = lower(d.recipient) AND s.reason <> 'unsubscribed'
           WHERE d.kind = 'mail' AND d.state IN ('sent', 'delivered') AND d.first_tried_at > s.created_at""",
    ),
    (
        "I7", "a charge is booked twice",
        """SELECT min(id) AS id FROM payment WHERE kind = 'charge' AND payment_intent <> ''
           GROUP BY organization, provider, payment_intent HAVING count(*) > 1""",
    ),
    (
        "I7", "a provisional refund stands beside the named one",
        """SELECT p.id FROM payment p WHERE p.provisional AND EXISTS (SELECT 1 FROM payment r WHERE r.kind = 'refund'
           AND r.organization = p.organization AND r.charge = p.charge AND NOT r.provisional)""",
    ),
    (
        "I7", "money has the wrong sign",
        """SELECT id FROM payment WHERE (kind = 'charge' AND amount < 0)
           OR (kind IN ('refund', 'dispute') AND amount > 0) OR (kind = 'failure' AND amount <> 0)""",
    ),
    (
        "I9", "a paid order has not exactly one alert",
        """SELECT o.id FROM orders o WHERE o.confirmed_at IS NOT NULL
           AND (SELECT count(*) FROM delivery d WHERE d.key = 'alert:new_order:' || o.id) <> 1""",
    ),
    (
        "I11", "two runs of one job overlapped",
        """SELECT a.id FROM run a JOIN run b ON a.job = b.job AND a.id < b.id
           AND a.started_at < coalesce(b.finished_at, b.started_at)
           AND b.started_at < coalesce(a.finished_at, a.started_at)
           WHERE a.started_at > clock_timestamp() - interval '2 days'""",
    ),
    (
        "I15", "an order was delivered without a line on its timeline",
        """SELECT o.id FROM orders o WHERE o.done_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM activity a
           WHERE a.organization = o.organization AND a.subject_kind = 'order' AND a.subject_id = o.id)""",
    ),
    (
        "I5", "a campaign's counts differ from its ledger",
        """SELECT coalesce(n.campaign, s.campaign) AS id
           FROM (SELECT campaign, step, what, sum(number) AS number FROM campaign_count WHERE step IS NOT NULL
                 AND what NOT LIKE '*%' GROUP BY 1, 2, 3 HAVING sum(number) <> 0) n
           FULL JOIN (SELECT campaign, step, state, count(*) AS number FROM campaign_send GROUP BY 1, 2, 3) s
           ON s.campaign = n.campaign AND s.step = n.step AND s.state = n.what
           WHERE n.number IS DISTINCT FROM s.number""",
    ),
    (
        "I16", "an index is invalid",
        "SELECT indexrelid::bigint AS id FROM pg_index WHERE NOT indisvalid",
    ),
    (
        "I16", "a constraint is not validated",
        "SELECT oid::bigint AS id FROM pg_constraint WHERE NOT convalidated",
    ),
    (
        "I16", "a transaction is open for more than ten minutes",
        """SELECT pid::bigint AS id FROM pg_stat_activity WHERE xact_start < clock_timestamp() - interval '10 min'
           AND datname = current_database()""",
    ),
]  # fmt: skip


async def violations() -> list[str]:
    """Every broken promise found, in words that name the row."""
    found = []
    for promise, sentence, sql in CHECKS:
        found += [f"{promise}: {sentence} ({row['id']})" for row in await rows(f"{sql} LIMIT 50")]
    found += [line async for line in _payment_status()]
    found += [line async for line in _revenue()]
    found += [line async for line in _foreign_organizations()]
    found += [line async for line in _files()]
    found += [line async for line in _schema()]
    return found


async def _payment_status() -> AsyncIterator[str]:
    """I7: what an order says about its money follows from the journal."""
    last = 0
    while batch := await Order.across_organizations().where(Order.id > last).order_by(Order.id).limit(500):
        for order in batch:
            expected = money.status(order, await money.lines_of(order.organization, order))
            if order.payment_status != expected:
                yield f"I7: order {order.id} says {order.payment_status}, its money says {expected}"
        last = batch[-1].id


async def _revenue() -> AsyncIterator[str]:
    """I7: the sums kept for each day are those of the journal. `backdesk revenue rebuild` makes them anew."""
    for organization in await rows("SELECT id, slug FROM organization ORDER BY id"):
        for each in (await upkeep.differences(organization["id"]))[:50]:
            by = f", {each['dimension']} {each['value']!r}" if each["dimension"] else ""
            of = f" in {each['currency']}" if each["currency"] else ""
            yield f"I7: {organization['slug']}: {each['day']}{of}{by} is not what its rows say"


async def _foreign_organizations() -> AsyncIterator[str]:
    """I14: no row points to a row of another organization. Walks every foreign key between owned tables."""
    for table in APP_CONFIG.table_classes:
        if not issubclass(table, OrganizationOwned):
            continue
        for key in table._meta.foreign_key_columns:
            target = key._foreign_key_meta.resolved_references
            if not issubclass(target, OrganizationOwned):
                continue
            mine, theirs, column = table._meta.tablename, target._meta.tablename, key._meta.name
            crossing = await rows(
                f'SELECT m.id FROM "{mine}" m JOIN "{theirs}" t ON t.id = m."{column}" '  # noqa: S608 – names of our tables
                "WHERE m.organization IS DISTINCT FROM t.organization LIMIT 50"
            )
            for row in crossing:
                yield f"I14: {mine} {row['id']} points to a {theirs} of another organization"


async def _files() -> AsyncIterator[str]:
    """I13: every file row has its bytes, every file a row, and no temporary file is old."""
    folder = current().data_dir / "files"
    known = {}
    for row in await rows("SELECT id, storage_key, sha256 FROM file"):
        known[row["storage_key"]] = row["id"]
        path = folder / row["storage_key"]
        if not path.is_file():
            yield f"I13: file {row['id']} has lost its bytes"
        elif hashlib.sha256(path.read_bytes()).digest() != bytes(row["sha256"]):
            yield f"I13: file {row['id']} has other bytes than were stored"
    old = (clock.now() - timedelta(hours=1)).timestamp()
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < old and str(path.relative_to(folder)) not in known:
            yield f"I13: {path.name} belongs to no row"


async def _schema() -> AsyncIterator[str]:
    """I12: the schema is exactly what this version expects."""
    expected = {path.stem for path in Path(APP_CONFIG.migrations_folder_path).glob("dashboard_*.py")}
    done = await rows("SELECT name FROM migration WHERE app_name = 'dashboard'")
    if len(done) != len(expected):
        yield f"I12: {len(done)} migrations are recorded, this version has {len(expected)}"


async def report() -> int:
    """Print every violation; 0 when there is none."""
    async with connected():
        found = await violations()
    for line in found:
        print(line)
    print(f"{len(found)} violations." if found else "All promises kept.")
    return 1 if found else 0
