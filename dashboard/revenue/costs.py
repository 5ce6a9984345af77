"""What was spent on a source or a campaign, and what came back. Only amounts of one currency are set against each
other."""

from typing import Any

from dashboard import formats
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue import breakdown
from dashboard.revenue.attribution import CAMPAIGN
from dashboard.revenue.funnel import Steps
from dashboard.revenue.periods import Period
from dashboard.revenue.shown import Cell, Table, amount, count, rows_href, text
from dashboard.revenue.sums import Sheet, Sums

STATED = (
    "Return is net revenue for each unit of money spent, in the same currency. Spent is mail and what was entered by "
    "hand; machines are what drafting and scoring cost."
)
HEADER = ["Source or campaign", "Spent", "Machines", "Leads", "Orders", "Net revenue", "Return"]
DIVIDED = ("source", "campaign")
UNTIED = "Not tied to a source"

# Values: organization, first day, last day. A cost that was withdrawn does not count.
LINES = """
    SELECT id, kind, amount, currency, spent_on, source, coalesce(campaign::text, '') AS campaign, note
    FROM cost WHERE organization = {} AND spent_on BETWEEN {} AND {} AND withdrawn_at IS NULL"""
SPENT = f"""
    SELECT currency, CASE WHEN campaign = '' THEN source ELSE '' END AS source, campaign,
           coalesce(sum(amount) FILTER (WHERE kind <> 'ai'), 0)::bigint AS spent,
           coalesce(sum(amount) FILTER (WHERE kind = 'ai'), 0)::bigint AS machines
    FROM ({LINES}) line GROUP BY 1, 2, 3"""  # noqa: S608 – made of names in this file


async def spent(organization: Organization, period: Period) -> list[dict[str, Any]]:
    """Costs of the period by currency, source and campaign, in minor units."""
    return await rows(SPENT, organization.id, period.first, period.last)


def table(
    sheet: Sheet, known: dict[str, str], period: Period, spending: list[dict[str, Any]], currency: str,
    people: dict[str, Steps], base: str,
) -> Table:  # fmt: skip
    """One line for each source and campaign with costs or revenue in the currency, the dearest first. `sheet` is of the
    one currency, `known` has the names of campaigns, `spending` is what `spent` gave."""
    costs = {(each["source"], each["campaign"]): each for each in spending if each["currency"] == currency}
    found: dict[tuple[str, str], Sums] = {}
    for by in DIVIDED:
        for (_, value), sums in sheet.sums(0, 1, len(period.buckets()), by).items():
            if value not in ("", CAMPAIGN):
                found[(value, "") if by == "source" else ("", value)] = sums
    lines = []
    for source, campaign in {**dict.fromkeys(found), **dict.fromkeys(costs)}:
        cost = costs.get((source, campaign), {"spent": 0, "machines": 0})
        by, value = ("campaign", campaign) if campaign else ("source", source)
        tied = bool(source or campaign)
        sums = found.get((source, campaign), Sums())
        kind = "Campaign" if campaign else "Source" if source else ""
        name = breakdown.named(known, campaign) if campaign else breakdown.named({"": UNTIED}, source)

        def href(of: str, *, by: str = by, value: str = value, **chosen: str) -> str:
            return rows_href(base, of, period.first, period.last, currency=currency, by=by, value=value, **chosen)

        came = people.get(source) if source else None
        lines.append((cost["spent"] + cost["machines"], sums.net, [
            text(name, small=kind), amount(cost["spent"], currency, href("costs", kind="spent")),
            amount(cost["machines"], currency, href("costs", kind="ai")),
            count(came.leads, rows_href(base, "people", period.first, period.last, kind="leads", value=source))
            if came else text(""),
            count(sums.orders, href("payments", kind="first")) if tied else text(""),
            amount(sums.net, currency, href("payments")) if tied else text(""),
            returned(sums.net, cost["spent"] + cost["machines"]) if tied else text(""),
        ]))  # fmt: skip
    lines.sort(key=lambda each: (-each[0], -each[1], each[2][0].text))
    return Table(HEADER, [line for *_, line in lines])


def returned(net: int, cost: int) -> Cell:
    """Net revenue for each unit spent: 25.5×; empty where nothing was spent."""
    if not cost:
        return text("")
    tone = "positive" if net >= cost else "danger"
    return Cell(f"{net / cost:,.1f}×".replace("-", formats.MINUS), f"{net / cost:.2f}", tone=tone)
