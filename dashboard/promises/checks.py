"""The promises that are one question each: which, how it is broken, and the SQL that finds the rows."""

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
        "I10", "an import reports other rows than it wrote",
        """SELECT b.id FROM lead_batch b WHERE b.kind = 'import' AND b.state = 'done'
           AND b.finished_at > clock_timestamp() - interval '29 days' AND (
               SELECT (count(*) FILTER (WHERE l.outcome = 'created'), count(*) FILTER (WHERE l.outcome = 'updated'))
               FROM lead_batch_line l WHERE l.batch = b.id)
               IS DISTINCT FROM (coalesce((b.counts ->> 'created')::bigint, 0),
                                 coalesce((b.counts ->> 'updated')::bigint, 0))""",
    ),
    (
        "I10", "a lead that an import made is not there",
        """SELECT l.id FROM lead_batch_line l JOIN lead_batch b ON b.id = l.batch
           WHERE b.kind = 'import' AND b.state = 'done' AND l.outcome = 'created'
           AND NOT EXISTS (SELECT 1 FROM lead x WHERE x.id = l.lead)""",
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
           AND datname = current_database() AND backend_type = 'client backend'""",
    ),
]  # fmt: skip
