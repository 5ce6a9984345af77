"""What campaigns brought: the lines of the journal that are credited to them, by the same rule as every other figure,
and the step whose link was pressed last. Amounts of two currencies stand beside each other, never in one sum."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue.attribution import COLUMNS, CREDITED, MOVED

# Only who pressed a link can bring a campaign anything: those few are looked at, not the whole journal. Values: the
# organization and the campaigns; the organization; the campaigns as text.
CREDITED_TO = f"""
    WITH clicker AS MATERIALIZED (SELECT DISTINCT lead FROM campaign_send
                                  WHERE organization = {{}} AND campaign = ANY({{}}) AND clicked_at IS NOT NULL),
    line AS MATERIALIZED ({
    CREDITED.format(
        source=f'''
        SELECT {COLUMNS} FROM payment WHERE organization = {{}} AND {MOVED} AND id IN (
            SELECT id FROM payment WHERE lead IN (SELECT lead FROM clicker)
            UNION SELECT op.payment FROM orders o JOIN order_payment op ON op."order" = o.id
            WHERE o.lead IN (SELECT lead FROM clicker))'''
    )
}),
    credited AS (
        SELECT line.*, last.step FROM line LEFT JOIN orders placed ON placed.id = line."order"
        CROSS JOIN LATERAL (
            SELECT s.step FROM campaign_click c JOIN campaign_send s ON s.id = c.send
            WHERE c.lead = line.person AND c.clicked_at <= coalesce(placed.placed_at, line.occurred_at)
            ORDER BY c.clicked_at DESC, c.id DESC LIMIT 1) last
        WHERE line.campaign = ANY({{}}))"""  # noqa: S608 – made of names of ours
CREDITS = f"""{CREDITED_TO}
    SELECT campaign::bigint AS campaign, step, currency, sum(amount)::bigint AS net,
           count(*) FILTER (WHERE first) AS orders
    FROM credited GROUP BY 1, 2, 3"""  # noqa: S608 – made of names of ours
# Values: those of CREDITED_TO, whether only first charges, the step or 0, how many.
LINES = f"""{CREDITED_TO}
    SELECT id, kind, amount, currency, occurred_at AS at, description, number, person, customer, step, first
    FROM credited WHERE (NOT {{}}::boolean OR first) AND {{}}::bigint IN (0, step)
    ORDER BY occurred_at DESC, id DESC LIMIT {{}}"""  # noqa: S608 – made of names of ours
MOST = 500


@dataclass
class Earned:
    """`orders` by their first charge, and minor units by currency, refunds and disputes taken off."""

    orders: int = 0
    net: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def sums(self) -> list[tuple[str, int]]:
        """One line for each currency."""
        return sorted(self.net.items())

    def add(self, currency: str, net: int, orders: int) -> None:
        """Count in what one line of CREDITS says."""
        self.orders += orders
        self.net[currency] += net


async def of_campaigns(organization: Organization, ids: Sequence[int]) -> dict[int, Earned]:
    """What each of these campaigns brought so far."""
    found = {id: Earned() for id in ids}
    for each in await _lines(organization, ids):
        found[each["campaign"]].add(each["currency"], each["net"], each["orders"])
    return found


async def of_campaign(organization: Organization, id: int) -> tuple[Earned, dict[int, Earned]]:
    """What one campaign brought, and each of its steps by id."""
    whole, steps = Earned(), dict[int, Earned]()
    for each in await _lines(organization, [id]):
        whole.add(each["currency"], each["net"], each["orders"])
        steps.setdefault(each["step"], Earned()).add(each["currency"], each["net"], each["orders"])
    return whole, steps


async def lines(organization: Organization, id: int, *, orders: bool = False, step: int = 0) -> list[dict[str, Any]]:
    """The newest lines of the journal that are credited to a campaign, or to one step of it; `orders`: only the charges
    that made an order a sale. MOST of them."""
    return await rows(LINES, *_values(organization, [id]), orders, step, MOST)


async def _lines(organization: Organization, ids: Sequence[int]) -> list[dict[str, Any]]:
    return await rows(CREDITS, *_values(organization, ids)) if ids else []


def _values(organization: Organization, ids: Sequence[int]) -> tuple[Any, ...]:
    return organization.id, list(ids), organization.id, [str(id) for id in ids]
