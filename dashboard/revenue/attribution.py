"""Whom a line of the journal is credited to. One definition, used by every figure and by the rows behind it."""

from typing import NamedTuple

STATED = (
    "A payment is credited to the last campaign whose link the customer clicked within 30 days before the order, "
    "else to the source of the lead."
)
CAMPAIGN = "Campaign"  # the source of what a campaign brought

# What a figure may be divided by: what it is called, and what stands where a line has none.
DIMENSIONS = {
    "plan": ("Plan", "Without a plan"),
    "tier": ("Tier", "Without a tier"),
    "source": ("Source", "Source not known"),
    "campaign": ("Campaign", "No campaign"),
    "agent": ("Agent", "Nobody assigned"),
}


class Part(NamedTuple):
    """One value of a dimension, and its name for people."""

    value: str
    label: str


# Which lines of the journal moved money. One entered by mistake did not, nor did the line that takes it back.
MOVED = "kind <> 'failure' AND status NOT IN ('reversed', 'reversal')"
# Those, with all each is credited to; `{source}` gives them as `p`. `first` marks the
# charge that made its order a sale.
CREDITED = """
    SELECT p.*, o.id AS "order", o.number, coalesce(o.plan::text, '') AS plan, coalesce(o.tier, '') AS tier,
           coalesce(o.assignee::text, '') AS agent, coalesce(click.campaign::text, '') AS campaign,
           CASE WHEN click.campaign IS NOT NULL THEN 'Campaign' ELSE coalesce(l.source, '') END AS source,
           l.id AS person, coalesce(nullif(o.customer_name, ''), l.name, '') AS customer,
           p.kind = 'charge' AND o.id IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM order_payment other JOIN payment e ON e.id = other.payment
               WHERE other."order" = o.id AND e.kind = 'charge' AND e.status <> 'reversed'
               AND (e.occurred_at, e.id) < (p.occurred_at, p.id)
           ) AS first
    FROM ({source}) p
    LEFT JOIN order_payment op ON op.payment = p.id
    LEFT JOIN orders o ON o.id = op."order"
    LEFT JOIN lead l ON l.id = coalesce(o.lead, p.lead)
    LEFT JOIN LATERAL (
        SELECT s.campaign FROM campaign_click c JOIN campaign_send s ON s.id = c.send
        WHERE c.lead = l.id AND c.clicked_at <= coalesce(o.placed_at, p.occurred_at)
          AND c.clicked_at > coalesce(o.placed_at, p.occurred_at) - interval '30 days'
        ORDER BY c.clicked_at DESC, c.id DESC LIMIT 1) click ON true"""
COLUMNS = "id, kind, amount, currency, occurred_at, description, status, fee, fee_currency, lead, provider"

# Those of an organization between two moments. Values: organization, from (included), to (excluded).
LINES = CREDITED.format(
    source=f"SELECT {COLUMNS} FROM payment "  # noqa: S608 – made of names in this file
    f"WHERE organization = {{}} AND occurred_at >= {{}} AND occurred_at < {{}} AND {MOVED}"
)
