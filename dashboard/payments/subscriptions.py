"""Recurring revenue: what each event said of a subscription, and what that makes of it month by month.

Only reports are stored. Movements (new, expansion, contraction, churn, reactivation) are read off their order in time,
never off their order of arrival, so any order and any number of repeats gives the same history."""

from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments.tables import SubscriptionReport

COUNTS = ("active", "past_due")  # a trial pays nothing yet, an unpaid or paused one nothing any more
# Of two reports in one second: how far the subscription had come in the later one.
RANK = {
    "incomplete": 1, "trialing": 2, "active": 3, "past_due": 4, "unpaid": 5, "paused": 5, "incomplete_expired": 6,
    "canceled": 7,
}  # fmt: skip
MONTHS = {"day": Fraction(12, 365), "week": Fraction(12 * 7, 365), "month": Fraction(1), "year": Fraction(12)}

MOVEMENTS = """
    WITH history AS (
        SELECT r.id, r.subscription, r.currency, r.plan_price, r.occurred_at, r.monthly,
               lag(r.monthly, 1, 0::bigint) OVER before AS earlier,
               max(r.monthly) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest
        FROM subscription_report r WHERE r.organization = {}
        WINDOW before AS (PARTITION BY r.subscription ORDER BY r.occurred_at, r.rank, r.key COLLATE "C"))
    SELECT id, subscription, currency, plan_price, occurred_at, monthly - earlier AS change,
           CASE WHEN earlier = 0 AND coalesce(highest, 0) = 0 THEN 'new' WHEN earlier = 0 THEN 'reactivation'
                WHEN monthly = 0 THEN 'churn' WHEN monthly > earlier THEN 'expansion' ELSE 'contraction' END AS kind
    FROM history WHERE monthly <> earlier AND occurred_at < {}
    ORDER BY occurred_at, id"""


class Said(NamedTuple):
    """What one report says: `monthly` in minor units of `currency`, 0 while it brings nothing."""

    status: str
    monthly: int
    currency: str
    price: str


def read(subscription: dict[str, Any]) -> Said:
    """A subscription object of Stripe, in its older shape (one `plan`) or the one with items; amounts are turned into a
    month's worth less the discounts it carries, rounded half up. ValueError when its amounts make no sense."""
    items = ((subscription.get("items") or {}).get("data")) or []
    if not items and subscription.get("plan"):
        items = [{"price": subscription["plan"], "quantity": subscription.get("quantity")}]
    total, currency, first, period = Fraction(0), "", "", Fraction(1)
    for item in items:
        price = item.get("price") or item.get("plan") or {}
        recurring = price.get("recurring") or price
        interval, count = recurring.get("interval"), recurring.get("interval_count", 1)
        amount, quantity = price.get("unit_amount", price.get("amount")), item.get("quantity")
        if interval not in MONTHS or not _whole(count) or count < 1:
            raise ValueError("A price of the subscription has no interval we know.")
        if recurring.get("usage_type") == "metered" or amount is None:
            continue  # billed by use: no recurring amount is known before the invoice
        quantity = 1 if quantity is None else quantity
        if not _whole(amount) or not _whole(quantity):
            raise ValueError("An amount of the subscription is not a whole number of minor units.")
        months = MONTHS[interval] * count
        total += _less(Fraction(amount * quantity) / months, item, months)
        period = period if first else months
        currency, first = currency or str(price.get("currency") or ""), first or str(price.get("id") or "")
    total = _less(total, subscription, period)
    status = str(subscription.get("status") or "")
    currency = (currency or str(subscription.get("currency") or "")).upper()
    paused = bool(subscription.get("pause_collection"))
    counts = status in COUNTS and not paused
    return Said(status, int(total + Fraction(1, 2)) if counts else 0, currency[:10], first[:120])


def _less(monthly: Fraction, owner: dict[str, Any], months: Fraction) -> Fraction:
    """What stays of a month's worth after the discounts of an item or a subscription that is billed every so many
    months. A discount that is only named (`di_…`) is not known, and one for a single invoice is no change of worth."""
    named = [each for each in (*(owner.get("discounts") or []), owner.get("discount")) if isinstance(each, dict)]
    for discount in {str(each.get("id")): each for each in named}.values():
        coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
        if not isinstance(coupon, dict) or coupon.get("duration") == "once":
            continue
        percent, amount = coupon.get("percent_off"), coupon.get("amount_off")
        if isinstance(percent, int | float) and 0 <= percent <= 100:
            monthly *= 1 - Fraction(str(percent)) / 100
        elif isinstance(amount, int) and _whole(amount):
            monthly -= Fraction(amount) / months
    return max(Fraction(0), monthly)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


async def report(
    organization: Organization, event: str, subscription: str, said: Said, *, customer: str,
    occurred_at: datetime,
) -> bool:  # fmt: skip
    """Keep what an event said; False when that event was kept already."""
    made = SubscriptionReport(
        organization=organization.id, key=event, subscription=subscription, status=said.status[:30],
        rank=RANK.get(said.status, 0), monthly=said.monthly, currency=said.currency, plan_price=said.price,
        customer=customer[:80], occurred_at=occurred_at,
    )  # fmt: skip
    columns = SubscriptionReport.organization, SubscriptionReport.key
    kept = (
        await SubscriptionReport.insert(made)
        .on_conflict(target=columns, action="DO NOTHING")
        .returning(SubscriptionReport.id)
    )
    return bool(kept)


async def movements(organization: Organization, until: datetime) -> list[dict[str, Any]]:
    """Every change of recurring revenue before a moment, oldest first; `change` is signed minor units a month."""
    return await rows(MOVEMENTS, organization.id, until)
