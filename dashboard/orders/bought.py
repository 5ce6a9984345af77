"""What one person has bought: for the panels that show who they are."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

MOST = 1000
OF_LEAD = """
    WITH mine AS (SELECT id, currency, placed_at FROM orders
                  WHERE organization = {} AND lead = {} AND status <> 'cancelled' ORDER BY placed_at DESC LIMIT {})
    SELECT m.currency, count(*) AS orders, max(m.placed_at) AS last, coalesce(sum(paid.amount), 0)::bigint AS net
    FROM mine m LEFT JOIN LATERAL (
        SELECT sum(p.amount) AS amount FROM order_payment op JOIN payment p ON p.id = op.payment
        WHERE op."order" = m.id AND p.currency = m.currency) paid ON true
    GROUP BY m.currency ORDER BY m.currency"""


async def of_lead(organization: Organization, lead: int) -> list[dict[str, Any]]:
    """By currency, never added across them: how many orders, when the last one was, and the money that stayed with us.
    The newest 1,000 orders are counted."""
    return await rows(OF_LEAD, organization.id, lead, MOST)
