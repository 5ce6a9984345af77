"""A year of money as it happened, in plain Python, and the same written into the journal's tables.

Nothing here uses the application's own arithmetic: tests compare it with what the application says."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from dashboard.accounts.tables import Organization, User
from dashboard.database import rows, transaction

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
SOURCES = ["Website", "Referral", "Import", ""]
# Moments at which a day begins or an hour is missing or doubled in New York or Oslo.
EDGES = [
    datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC), datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
    datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC), datetime(2026, 3, 9, 4, 0, tzinfo=UTC),
    datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC),
]  # fmt: skip


@dataclass(eq=False)
class Year:
    """`payments` are the raw lines; the others are what they refer to, by id."""

    organization: Organization
    now: datetime
    leads: dict[int, dict] = field(default_factory=dict)
    orders: dict[int, dict] = field(default_factory=dict)
    clicks: list[dict] = field(default_factory=list)
    payments: list[dict] = field(default_factory=list)
    reports: list[dict] = field(default_factory=list)
    costs: list[dict] = field(default_factory=list)


async def make(organization: Organization, agents: list[User], count: int, seed: int = 7, now: datetime = NOW) -> Year:
    """About `count` lines of the journal with everything they belong to."""
    chance, year = random.Random(seed), Year(organization, now)
    plans = [1 + nr for nr in range(4)]
    people = max(10, count // 12)
    for id in range(1, people + 1):
        year.leads[id] = {
            "id": id, "source": chance.choice(SOURCES), "created_at": _moment(chance, year.now),
            "stage": chance.choices(["new", "qualified", "quoted", "won", "lost"], [5, 2, 1, 1, 1])[0],
            "deleted_at": year.now if chance.random() < 0.03 else None,
        }  # fmt: skip
    for id in range(1, people // 2):
        year.clicks.append({"id": id, "lead": chance.randint(1, people), "campaign": chance.choice([1, 2]),
                            "clicked_at": _moment(chance, year.now)})  # fmt: skip
    while len(year.payments) < count:
        _order(chance, year, plans, [each.id for each in agents])
    chance.shuffle(year.payments)
    for id, line in enumerate(year.payments, start=1):
        line["id"] = id
    _mistakes(random.Random(seed + 1), year, max(12, count // 40))
    _subscriptions(chance, year, max(6, count // 100))
    _costs(chance, year, max(10, count // 100))
    await _write(year, plans)
    return year


def _moment(chance: random.Random, now: datetime) -> datetime:
    if chance.random() < 0.02:
        return chance.choice(EDGES)
    return now - timedelta(seconds=chance.randint(60, 400 * 86400))


def _order(chance: random.Random, year: Year, plans: list[int], agents: list[int]) -> None:
    """One purchase: an order with its charge, perhaps renewals, refunds, a dispute; or money that waits for its order."""
    placed, currency = _moment(chance, year.now), chance.choices(list(DECIMALS), [5, 3, 2, 1])[0]
    lead = chance.randint(1, len(year.leads))
    amount = chance.randint(1, 300_000)
    order = None
    if chance.random() < 0.95:
        order = len(year.orders) + 1
        done = chance.random() < 0.7
        year.orders[order] = {
            "id": order, "lead": lead, "plan": chance.choice([*plans, None]),
            "tier": chance.choice(["", "starter", "professional"]), "assignee": chance.choice([*agents, None]),
            "placed_at": placed, "amount": amount, "currency": currency,
            "confirmed_at": placed if chance.random() < 0.97 else None, "status": "done" if done else "in_progress",
            "done_at": placed + timedelta(days=chance.randint(0, 9)) if done else None,
        }  # fmt: skip
    if chance.random() < 0.04:
        _line(year, "failure", 0, currency, placed - timedelta(hours=1), order, lead)
    _line(year, "charge", amount, currency, placed, order, lead, fee=chance.choice([None, amount // 40, 7]))
    if chance.random() < 0.1:
        again = min(year.now - timedelta(seconds=30), placed + timedelta(days=chance.choice([30, 31, 365])))
        _line(year, "charge", amount, currency, again, order, lead)
    left = amount
    for _ in range(chance.choices([0, 1, 3], [80, 15, 5])[0]):
        part = chance.randint(0, left)
        left -= part
        _line(year, "refund", -part, currency, placed + timedelta(days=chance.randint(0, 40)), order, lead)
    if chance.random() < 0.05:
        status = chance.choice(["needs_response", "won", "lost", "warning_closed"])
        taken = -left if status in ("needs_response", "lost") else 0
        _line(
            year, "dispute", taken, currency, placed + timedelta(days=chance.randint(1, 20)), order, lead, status=status
        )


def _line(
    year: Year, kind: str, amount: int, currency: str, at: datetime, order: int | None, lead: int,
    fee: int | None = None, status: str = "succeeded",
) -> None:  # fmt: skip
    year.payments.append({
        "kind": kind, "amount": amount, "currency": currency, "occurred_at": at, "order": order, "status": status,
        "lead": lead if kind == "charge" or order is None else None, "fee": fee, "fee_currency": currency if fee else "",
    })  # fmt: skip


def _mistakes(chance: random.Random, year: Year, count: int) -> None:
    """Payments entered by mistake and taken back by a second line: for an order, often before its own charge, or a
    lead. Neither line is revenue."""
    for _ in range(count):
        order = chance.choice([None, *year.orders.values()]) if chance.random() < 0.8 else None
        lead = order["lead"] if order else chance.randint(1, len(year.leads))
        entered = (order["placed_at"] if order else _moment(chance, year.now)) - timedelta(
            hours=chance.randint(-40, 40)
        )
        entered = min(entered, year.now - timedelta(minutes=9))
        currency, amount = order["currency"] if order else "EUR", chance.randint(1, 300_000)
        for kind, sign, status, hours in (("charge", 1, "reversed", 0), ("refund", -1, "reversal", 30)):
            at = min(entered + timedelta(hours=hours), year.now - timedelta(minutes=8))
            _line(year, kind, sign * amount, currency, at, order["id"] if order else None, lead, status=status)
            year.payments[-1]["id"] = len(year.payments)


def moved(line: dict) -> bool:
    """Whether a line of the journal is money that came or went."""
    return line["kind"] != "failure" and line["status"] not in ("reversed", "reversal")


def _subscriptions(chance: random.Random, year: Year, count: int) -> None:
    for nr in range(count):
        currency = chance.choice(list(DECIMALS))
        for at in sorted(_moment(chance, year.now) for _ in range(chance.randint(1, 5))):
            year.reports.append({
                "subscription": f"sub_{nr}", "currency": currency, "occurred_at": at, "id": len(year.reports) + 1,
                "monthly": chance.choice([0, 0, 1900, 4900, 4900, 9900]), "status": "active",
            })  # fmt: skip


def _costs(chance: random.Random, year: Year, count: int) -> None:
    for nr in range(count):
        day = (year.now - timedelta(days=chance.randint(0, 400))).date()
        year.costs.append({
            "id": nr + 1, "kind": chance.choice(["ai", "mail", "hand"]), "amount": chance.randint(1, 90_000),
            "currency": chance.choice(list(DECIMALS)), "spent_on": day, "source": chance.choice([*SOURCES, "Fair"]),
            "campaign": chance.choice([None, None, 1, 2]), "withdrawn_at": year.now if nr % 9 == 0 else None,
        })  # fmt: skip


async def _write(year: Year, plans: list[int]) -> None:
    """Rows as the application would have left them, many at once; ids are moved behind those that exist."""
    own = year.organization.id
    plan = "INSERT INTO plan (id, organization, name, created_at) SELECT id, {}, 'Plan ' || id, now() FROM unnest({}::bigint[]) id"
    await rows(plan, own, plans)
    await rows(
        "INSERT INTO campaign (id, organization, name, created_at) VALUES (1, {}, 'Spring', now()), (2, {}, 'Autumn', now())",
        own,
        own,
    )
    await _insert(
        "lead",
        year.leads.values(),
        "id, source, created_at, stage, deleted_at",
        "id bigint, source text, created_at timestamptz, stage text, deleted_at timestamptz",
        own,
    )
    await _insert(
        "orders",
        [{**each, "number": each["id"]} for each in year.orders.values()],
        "id, number, lead, plan, tier, assignee, placed_at, amount, currency, confirmed_at, status, done_at",
        "id bigint, number int, lead bigint, plan bigint, tier text, assignee bigint, placed_at timestamptz, "
        "amount bigint, currency text, confirmed_at timestamptz, status text, done_at timestamptz",
        own,
    )
    await _insert(
        "payment",
        [{**each, "key": f"k{each['id']}"} for each in year.payments],
        "id, key, kind, amount, currency, occurred_at, status, lead, fee, fee_currency",
        "id bigint, key text, kind text, amount bigint, currency text, occurred_at timestamptz, status text, "
        "lead bigint, fee bigint, fee_currency text",
        own,
    )
    links = [{"payment": each["id"], "order": each["order"]} for each in year.payments if each["order"]]
    await _insert("order_payment", links, '"order", payment', '"order" bigint, payment bigint', own)
    await rows(
        "INSERT INTO campaign_step (id, organization, campaign, position, created_at) VALUES (1, {}, 1, 1, now()), (2, {}, 2, 1, now())",
        own,
        own,
    )
    await rows(
        "INSERT INTO campaign_link (id, organization, campaign, url, created_at) VALUES (1, {}, 1, 'https://acme.example', now())",
        own,
    )
    await _insert(
        "enrollment",
        [{**each, "entered_at": each["clicked_at"]} for each in _enrolled(year.clicks)],
        "id, campaign, lead, entered_at",
        "id bigint, campaign bigint, lead bigint, entered_at timestamptz",
        own,
    )
    entered = {(each["campaign"], each["lead"]): each["id"] for each in _enrolled(year.clicks)}
    sends = [
        {"id": id, "campaign": campaign, "step": campaign, "enrollment": id, "lead": lead, "due_at": year.now}
        for (campaign, lead), id in entered.items()
    ]
    await _insert(
        "campaign_send",
        sends,
        "id, campaign, step, enrollment, lead, due_at",
        "id bigint, campaign bigint, step bigint, enrollment bigint, lead bigint, due_at timestamptz",
        own,
    )
    clicks = [{**each, "send": entered[each["campaign"], each["lead"]], "link": 1} for each in year.clicks]
    await _insert(
        "campaign_click",
        clicks,
        "id, send, link, lead, clicked_at",
        "id bigint, send bigint, link bigint, lead bigint, clicked_at timestamptz",
        own,
    )
    reports = [{**each, "key": f"evt_{each['id']}"} for each in year.reports]
    await _insert("subscription_report", reports, "id, key, subscription, status, monthly, currency, occurred_at",
                  "id bigint, key text, subscription text, status text, monthly bigint, currency text, "
                  "occurred_at timestamptz", own)  # fmt: skip
    await _insert("cost", year.costs, "id, kind, amount, currency, spent_on, source, campaign, withdrawn_at",
                  "id bigint, kind text, amount bigint, currency text, spent_on date, source text, campaign bigint, "
                  "withdrawn_at timestamptz", own)  # fmt: skip
    await rows("ANALYZE payment, orders, order_payment, lead, campaign_click, subscription_report")


def _enrolled(clicks: list[dict]) -> list[dict]:
    firsts = {(each["campaign"], each["lead"]): each for each in reversed(clicks)}
    return list(firsts.values())


async def _insert(table: str, lines, columns: str, types: str, organization: int) -> None:
    plain = [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in line.items()}
        for line in lines
    ]
    extra = ", created_at" if "created_at" not in columns else ""
    async with transaction():
        await rows("SET LOCAL statement_timeout = 0")
        await rows(
            f"INSERT INTO {table} (organization, {columns}{extra}) SELECT {{}}, {columns}{', now()' if extra else ''} "
            f"FROM jsonb_to_recordset({{}}::jsonb) AS line({types})",
            organization, plain,
        )  # fmt: skip
