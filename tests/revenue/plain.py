"""The page's figures once more, the slow way: loops over the raw lines, with nothing of the application's."""

from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.revenue.year import DECIMALS, Year, moved


def decimal(minor: int, currency: str) -> str:
    """Minor units as a decimal number."""
    places = DECIMALS[currency]
    digits = str(abs(minor)).zfill(places + 1)
    return ("-" if minor < 0 else "") + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def credited(year: Year, line: dict) -> dict[str, str]:
    """What one line of the journal is credited to."""
    order = year.orders.get(line["order"]) if line["order"] else None
    lead = year.leads.get(order["lead"] if order else line["lead"], {"id": None, "source": ""})
    moment = order["placed_at"] if order else line["occurred_at"]
    clicks = [
        click for click in year.clicks
        if click["lead"] == lead["id"] and moment - timedelta(days=30) < click["clicked_at"] <= moment
    ]  # fmt: skip
    last = max(clicks, key=lambda click: (click["clicked_at"], click["id"]), default=None)
    return {
        "plan": str(order["plan"] or "") if order else "", "tier": order["tier"] if order else "",
        "agent": str(order["assignee"] or "") if order else "", "campaign": str(last["campaign"]) if last else "",
        "source": "Campaign" if last else lead["source"],
    }  # fmt: skip


def prepare(year: Year, zones: list[str]) -> None:
    """Note on each line its day in each time zone, what it is credited to and whether it is its order's first charge."""
    for zone in zones:
        for line in year.payments:
            line[zone] = line["occurred_at"].astimezone(ZoneInfo(zone)).date()
    by_lead: dict[int, list[dict]] = {}
    for click in year.clicks:
        by_lead.setdefault(click["lead"], []).append(click)
    whole, firsts = year.clicks, {}
    for line in sorted(year.payments, key=lambda each: (each["occurred_at"], each["id"])):
        order = year.orders.get(line["order"]) if line["order"] else None
        year.clicks = by_lead.get(order["lead"] if order else line["lead"] or 0, [])
        line["credited"] = credited(year, line)
        line["first"] = bool(order) and line["kind"] == "charge" and moved(line) and line["order"] not in firsts
        if line["first"]:
            firsts[line["order"]] = line
    year.clicks = whole


KINDS = ("gross", "refunds", "disputes", "net", "fees", "charges", "orders", "sold")


def sums(year: Year, currency: str, first: date, last: date, zone: str, **credited_to: str) -> dict[str, int]:
    """Gross, refunds, disputes, net, fees, charges, orders, sold of some days."""
    name, value = next(iter(credited_to.items()), ("", ""))
    days, found = _days(year, zone, currency, name), dict.fromkeys(KINDS, 0)
    for nr in range((last - first).days + 1):
        for kind, number in days.get((first + timedelta(days=nr), value), {}).items():
            found[kind] += number
    return found


@cache
def _days(year: Year, zone: str, currency: str, name: str) -> dict[tuple[date, str], dict[str, int]]:
    """The same by day and what it is credited to."""
    days: dict[tuple[date, str], dict[str, int]] = {}
    for line in year.payments:
        if line["currency"] != currency or not moved(line):
            continue
        value = line["credited"][name] if name else ""
        found = days.setdefault((line[zone], value), dict.fromkeys(KINDS, 0))
        found["net"] += line["amount"]
        found["fees"] += line["fee"] or 0
        if line["kind"] == "charge":
            found["gross"] += line["amount"]
            found["charges"] += 1
            if line["first"]:
                found["orders"] += 1
                found["sold"] += line["amount"]
        else:
            found["refunds" if line["kind"] == "refund" else "disputes"] -= line["amount"]
    return days


@cache
def movements(year: Year, currency: str, zone: str) -> list[tuple[date, str, int]]:
    """(day, kind, change) of every change of recurring revenue."""
    found, now, highest = [], {}, {}
    for report in sorted(year.reports, key=lambda each: (each["occurred_at"], f"evt_{each['id']}")):
        name = report["subscription"]
        before, after = now.get(name, 0), report["monthly"]
        if before != after and report["currency"] == currency:
            if before == 0:
                kind = "reactivation" if highest.get(name, 0) else "new"
            else:
                kind = "churn" if after == 0 else "expansion" if after > before else "contraction"
            found.append((report["occurred_at"].astimezone(ZoneInfo(zone)).date(), kind, after - before))
        now[name], highest[name] = after, max(highest.get(name, 0), after)
    return found


@cache
def people(year: Year, first: date, last: date, zone: str, source: str | None = None) -> list[int]:
    """Leads, qualified, ordered, done, repeat of those who came in on some days."""
    there, counts = ZoneInfo(zone), [0] * 5
    orders: dict[int, list[dict]] = {}
    for order in year.orders.values():
        orders.setdefault(order["lead"], []).append(order)
    for lead in year.leads.values():
        came = lead["created_at"].astimezone(there).date()
        if not first <= came <= last or lead["deleted_at"] or (source is not None and lead["source"] != source):
            continue
        paid = [
            order for order in orders.get(lead["id"], [])
            if order["confirmed_at"] and order["confirmed_at"].astimezone(there).date() <= last
        ]  # fmt: skip
        handed = [
            order for order in paid
            if order["status"] == "done" and order["done_at"].astimezone(there).date() <= last
        ]  # fmt: skip
        reached = [
            True, bool(paid) or lead["stage"] not in ("new", "lost"), bool(paid), bool(handed),
            bool(handed) and len(paid) > 1,
        ]  # fmt: skip
        counts = [count + step for count, step in zip(counts, reached, strict=True)]
    return counts


def spent(year: Year, currency: str, first: date, last: date) -> dict[tuple[str, str], list[int]]:
    """Spent, and spent by machines, by (source, campaign)."""
    found: dict[tuple[str, str], list[int]] = {}
    for cost in year.costs:
        if cost["currency"] == currency and first <= cost["spent_on"] <= last and not cost["withdrawn_at"]:
            tied = ("", str(cost["campaign"])) if cost["campaign"] else (cost["source"], "")
            found.setdefault(tied, [0, 0])[cost["kind"] == "ai"] += cost["amount"]
    return found
