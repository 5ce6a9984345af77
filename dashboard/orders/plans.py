"""What is sold: the form of a plan, and adding, changing and putting plans away."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from dashboard import formats
from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import serialize, transaction
from dashboard.errors import Invalid
from dashboard.forms.tables import Form, FormKind
from dashboard.orders.tables import Plan

TIERS = [("any", "Any"), ("starter", "Starter"), ("professional", "Professional"), ("enterprise", "Enterprise")]
BILLING = [("one_off", "Once"), ("subscription", "By subscription")]
PRICE_ID = re.compile(r"[A-Za-z0-9_]{4,120}")
MOST_PRICES, LONGEST_DAYS = 20, 365


@dataclass(frozen=True)
class PlanForm:
    """A plan as typed. `amount` is in minor units of `currency`; `form` is the id of the intake form or None."""

    name: str
    tier: str
    billing: str
    stripe_prices: list[str]
    amount: int
    currency: str
    days_to_deliver: int
    form: int | None
    upsell_to: str
    typed: dict[str, str] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: dict[str, str], *, forms: list[int]) -> Self:
        """Read the form; `forms` are the ids that may be chosen. Invalid names each field."""
        currency = data.get("currency", "").strip().upper()
        amount = formats.parse_money(data.get("amount", ""), currency) if currency else None
        prices = list(dict.fromkeys(data.get("stripe_prices", "").replace(",", " ").split()))
        days, form = data.get("days_to_deliver", "").strip(), data.get("intake_form", "").strip()
        name, upsell = line(data.get("name", "")), line(data.get("upsell_to", ""))
        known = formats.exponent(currency) is not None and len(currency) == 3
        whole_days = days.isascii() and days.isdecimal() and len(days) < 4 and int(days) <= LONGEST_DAYS
        problems = {
            "name": "" if name else "Give the plan a name.",
            "tier": "" if data.get("tier") in dict(TIERS) else "Choose a tier from the list.",
            "billing": "" if data.get("billing") in dict(BILLING) else "Choose how it is paid.",
            "currency": "" if known else "Choose a currency from the list.",
            "amount": "" if not known or (amount is not None and amount >= 0)
            else f"Write an amount, like {formats.money_input(128400, currency)}.",
            "stripe_prices": "" if len(prices) <= MOST_PRICES and all(PRICE_ID.fullmatch(price) for price in prices)
            else f"Write ids like price_1NxYz, one a line, at most {MOST_PRICES}.",
            "days_to_deliver": "" if whole_days else f"Write whole days from 0 to {LONGEST_DAYS}.",
            "intake_form": "" if not form or form in {str(id) for id in forms} else "Choose a form from the list.",
        }  # fmt: skip
        if wrong := {name: text for name, text in problems.items() if text}:
            raise Invalid(wrong)
        return cls(
            name, data["tier"], data["billing"], prices, amount or 0, currency, int(days), int(form) if form else None,
            upsell, dict(data),
        )  # fmt: skip


def typed(plan: Plan) -> dict[str, str]:
    """What the form shows for a plan that exists."""
    return {
        "name": plan.name, "tier": plan.tier, "billing": plan.billing, "stripe_prices": "\n".join(plan.stripe_prices),
        "amount": formats.money_input(plan.amount, plan.currency), "currency": plan.currency,
        "days_to_deliver": str(plan.days_to_deliver), "intake_form": str(plan.form or ""), "upsell_to": plan.upsell_to,
    }  # fmt: skip


async def list_plans(organization: Organization) -> list[dict[str, Any]]:
    """Every plan with its form's name: those on sale first, each by name."""
    plans = await Plan.select_of(
        organization, Plan.id, Plan.name, Plan.tier, Plan.billing, Plan.amount, Plan.currency, Plan.days_to_deliver,
        Plan.upsell_to, Plan.stripe_prices, Plan.archived_at, Plan.form.name.as_alias("form_name"),
    ).order_by(Plan.name, Plan.id)  # fmt: skip
    return sorted(plans, key=lambda plan: plan["archived_at"] is not None)


async def intake_forms(organization: Organization, *, also: int | None = None) -> list[tuple[int, str]]:
    """(id, name) of the forms a plan may ask for; one that it asks for already stays, even when it was put away."""
    found = await Form.select_of(organization, Form.id, Form.name, Form.archived_at).where(
        Form.kind == FormKind.intake.value
    ).order_by(Form.name, Form.id)  # fmt: skip
    return [(each["id"], each["name"]) for each in found if each["archived_at"] is None or each["id"] == also]


async def add(organization: Organization, form: PlanForm, by: Visitor) -> Plan:
    """A new plan. Invalid where its name or a price is another plan's: then an order could not tell them apart."""
    async with transaction():
        await _check_unique(organization, form, but=0)
        plan = Plan(organization=organization.id, **_columns(form))
        await plan.save()
        await activity.record(organization, "plan", plan.id, "added", f"Plan {plan.name} added", by=by)
    return plan


async def change(organization: Organization, plan: Plan, form: PlanForm, by: Visitor) -> Plan:
    """Change a plan; orders keep what they were placed with."""
    async with transaction():
        if plan.archived_at is None:
            await _check_unique(organization, form, but=plan.id)
        await Plan.update(_columns(form)).where(Plan.id == plan.id, Plan.organization == organization.id)
        await activity.record(organization, "plan", plan.id, "changed", f"Plan {form.name} changed", by=by)
    await plan.refresh()
    return plan


async def archive(organization: Organization, plan: Plan, by: Visitor, now: datetime) -> None:
    """Put a plan away: new orders are not given it. Repeating it changes nothing."""
    await _move(organization, plan, now, "archived", by)


async def restore(organization: Organization, plan: Plan, by: Visitor) -> None:
    """Put it on sale again. Invalid where another plan has taken its name or a price meanwhile."""
    async with transaction():
        await _check_unique(organization, PlanForm.parse(typed(plan), forms=[plan.form or 0]), but=plan.id)
        await _move(organization, plan, None, "restored", by)


async def _move(organization: Organization, plan: Plan, archived_at: datetime | None, verb: str, by: Visitor) -> None:
    async with transaction():
        there = Plan.archived_at.is_not_null() if archived_at is None else Plan.archived_at.is_null()
        moved = (
            await Plan.update({Plan.archived_at: archived_at})
            .where(Plan.id == plan.id, Plan.organization == organization.id, there)
            .returning(Plan.id)
        )
        if moved:
            await activity.record(organization, "plan", plan.id, verb, f"Plan {plan.name} {verb}", by=by)


async def _check_unique(organization: Organization, form: PlanForm, *, but: int) -> None:
    await serialize(f"plans:{organization.id}")
    others = await Plan.select_of(organization, Plan.name, Plan.stripe_prices).where(
        Plan.id != but, Plan.archived_at.is_null()
    )
    problems = {}
    for other in others:
        if other["name"].casefold() == form.name.casefold():
            problems["name"] = "There is another plan of this name."
        if shared := set(other["stripe_prices"]) & set(form.stripe_prices):
            problems["stripe_prices"] = f"{min(shared)} belongs to the plan {other['name']}."
    if problems:
        raise Invalid(problems)


def _columns(form: PlanForm) -> dict[Any, Any]:
    return {
        "name": form.name, "tier": form.tier, "billing": form.billing, "stripe_prices": form.stripe_prices,
        "amount": form.amount, "currency": form.currency, "days_to_deliver": form.days_to_deliver, "form": form.form,
        "upsell_to": form.upsell_to,
    }  # fmt: skip
