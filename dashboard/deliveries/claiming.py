"""Taking what is due, for one worker alone: the fence between what can still be taken back and what may be outside."""

from dashboard.deliveries import suppressed

# Mails that nobody has to get: they do not go to those who said that they want none.
UNASKED = "('upsell', 'recovery', 'campaign')"
CLAIM = """
    WITH {before} due AS (
        SELECT d.id, (SELECT s.reason FROM suppression s WHERE d.kind = 'mail' AND s.organization = d.organization
                      AND s.email_normalized IN ({names})
                      AND (s.reason <> 'unsubscribed' OR d.name IN {unasked})
                      ORDER BY s.reason = 'unsubscribed' LIMIT 1) AS stopped
        FROM delivery d WHERE {which}
        ORDER BY d.due_at, d.id LIMIT {{}} FOR UPDATE OF d SKIP LOCKED)
    UPDATE delivery SET {also}
        state = CASE WHEN stopped IS NULL THEN 'sending' ELSE 'suppressed' END,
        why = CASE stopped WHEN 'bounced' THEN 'Mail to this address bounced before.'
                           WHEN 'complained' THEN 'This person marked a mail of ours as spam.'
                           WHEN 'unsubscribed' THEN 'This person wants no offers.'
                           ELSE CASE WHEN stopped IS NULL THEN '' ELSE 'This address was blocked by hand.' END END,
        attempt = CASE WHEN stopped IS NULL THEN attempt + 1 ELSE attempt END,
        first_tried_at = CASE WHEN stopped IS NULL THEN coalesce(first_tried_at, {{}}) ELSE first_tried_at END,
        settled_at = CASE WHEN stopped IS NULL THEN NULL ELSE {{}}::timestamptz END,
        lease_token = {{}}, lease_until = CASE WHEN stopped IS NULL THEN {lease} END
    FROM due WHERE delivery.id = due.id
    RETURNING {columns}"""
COLUMNS = "delivery.id, delivery.state, delivery.organization"


def sql(
    which: str, columns: str = COLUMNS, lease: str = "clock_timestamp() + interval '60 s'", before: str = "",
    also: str = "",
) -> str:  # fmt: skip
    """The statement that takes the deliveries `d` that are meant by `which`. Its values: `suppressed.pads()`, those of
    `which`, how many, now, now, the token of the lease."""
    names = suppressed.names_of("lower(trim(d.recipient))", "d.organization")
    return CLAIM.format(
        which=which, columns=columns, lease=lease, before=before, also=also, names=names, unasked=UNASKED
    )
