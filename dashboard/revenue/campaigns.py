"""What campaigns brought: the lines of the journal that are credited to them, by the same rule as every other figure,
and the step whose link was pressed last. Amounts of two currencies stand beside each other, never in one sum."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue.attribution import COLUMNS, CREDITED
from dashboard.revenue.periods import local_day
from dashboard.revenue.shown import rows_href

# Only who pressed a link can bring a campaign anything: those few are looked at, not the whole journal. Values: the
# organization and the campaigns; the organization; the campaigns as text.
CREDITS = f"""
    WITH clicker AS MATERIALIZED (SELECT DISTINCT lead FROM campaign_send
                                  WHERE organization = {{}} AND campaign = ANY({{}}) AND clicked_at IS NOT NULL),
    line AS MATERIALIZED ({
    CREDITED.format(
        source=f'''
        SELECT {COLUMNS} FROM payment WHERE organization = {{}} AND kind <> 'failure' AND id IN (
            SELECT id FROM payment WHERE lead IN (SELECT lead FROM clicker)
            UNION SELECT op.payment FROM orders o JOIN order_payment op ON op."order" = o.id
            WHERE o.lead IN (SELECT lead FROM clicker))'''
    )
})
    SELECT line.campaign::bigint AS campaign, last.step, line.currency, sum(line.amount)::bigint AS net,
           count(*) FILTER (WHERE line.first) AS orders
    FROM line LEFT JOIN orders placed ON placed.id = line."order"
    CROSS JOIN LATERAL (
        SELECT s.step FROM campaign_click c JOIN campaign_send s ON s.id = c.send
        WHERE c.lead = line.person AND c.clicked_at <= coalesce(placed.placed_at, line.occurred_at)
        ORDER BY c.clicked_at DESC, c.id DESC LIMIT 1) last
    WHERE line.campaign = ANY({{}}) GROUP BY 1, 2, 3"""  # noqa: S608 – made of names of ours


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


async def _lines(organization: Organization, ids: Sequence[int]) -> list[dict]:
    names = [str(id) for id in ids]
    return await rows(CREDITS, organization.id, list(ids), organization.id, names) if ids else []


def rows_of(organization: Organization, id: int, since: datetime, now: datetime, **chosen: str) -> str:
    """Where the lines of the journal stand that are credited to a campaign; `kind="first"` shows its orders."""
    zone = organization.time_zone
    return rows_href(
        f"/{organization.slug}", "payments", local_day(since, zone), local_day(now, zone), by="campaign",
        value=str(id), **chosen,
    )  # fmt: skip
