"""Care plans that renew, grow and end, and what was spent on finding customers: for the revenue page."""

import random
from datetime import timedelta

from dashboard import clock
from dashboard.commands.sample.company import Company
from dashboard.formats import local_day
from dashboard.payments import subscriptions
from dashboard.payments.subscriptions import Said
from dashboard.payments.tables import Cost, CostKind

SUBSCRIBERS, CARE, CARE_PLUS = 26, 8900, 14900
SPENT = [
    (CostKind.hand, "recommendation", 30, 12_000, "Thank-you cards"),
    (CostKind.hand, "google", 14, 41_000, "Search ads"),
    (CostKind.mail, "newsletter", 30, 2_900, "Mailing service"),
    (CostKind.ai, "", 30, 1_640, "Drafted replies"),
    (CostKind.hand, "", 90, 24_000, "Stand at the trade fair"),
]


async def fill(company: Company) -> None:
    """A year of both; the same every time."""
    chance = random.Random(907)  # noqa: S311 – sample data
    for nr in range(SUBSCRIBERS):
        await _subscriber(company, chance, nr)
    today = local_day(clock.now(), company.organization.time_zone)
    for kind, source, every, amount, note in SPENT:
        for days in range(3, 360, every):
            await Cost(
                organization=company.organization.id, kind=kind, amount=amount + chance.randrange(0, amount // 4),
                currency="EUR", spent_on=today - timedelta(days=days), source=source, note=note,
            ).save()  # fmt: skip


async def _subscriber(company: Company, chance: random.Random, nr: int) -> None:
    """Begins some time in the year; some take the larger plan, some go back or leave, and few return."""
    at = clock.now() - timedelta(days=chance.uniform(5, 355))
    steps = chance.choice([[CARE], [CARE], [CARE, CARE_PLUS], [CARE, 0], [CARE_PLUS, CARE], [CARE, 0, CARE]])
    for step, monthly in enumerate(steps):
        if at > clock.now():
            return
        said = Said("active" if monthly else "canceled", monthly, "EUR", "price_demo_care")
        await subscriptions.report(
            company.organization, f"evt_demo_{nr}_{step}", f"sub_demo{nr}", said, customer=f"cus_demo{nr}",
            occurred_at=at,
        )  # fmt: skip
        at += timedelta(days=chance.uniform(20, 120))
