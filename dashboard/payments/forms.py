"""What the forms about payments and costs say. Only the fields named here are ever written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from dashboard.accounts.forms import line
from dashboard.formats import exponent, local_day
from dashboard.payments.costs import Spent
from dashboard.payments.manual import Method
from dashboard.typed import day, money, number, refuse, text, token

LARGEST_AMOUNT = 10**12
LONGEST = 200


@dataclass(frozen=True)
class Received:
    """A payment that came another way. `order` is a number, or 0 where `email` names the person."""

    order: int
    email: str
    amount: int
    currency: str
    day: date
    method: str
    note: str
    once: str

    @classmethod
    def parse(cls, data: Mapping[str, str], today: date) -> Self:
        """The payment, or Invalid. Whose order that is, nobody has checked."""
        who, currency = text(data, "whose").strip(), _currency(data)
        amount, on, method = money(data, currency), day(data, "day") or today, text(data, "method")
        order, email = number({"whose": who.lstrip("#")}, "whose"), who.lower() if "@" in who else ""
        refuse({
            "whose": "" if order or email else "Write an order's number or the customer's address.",
            **_amount_problems(amount, currency),
            "day": "" if on <= today else "This day is still to come.",
            "method": "" if method in list(Method) else "Choose how it came.",
        })  # fmt: skip
        return cls(order, email, amount, currency, on, method, line(text(data, "note"), LONGEST), token(data))

    def occurred_at(self, now: datetime, zone: str) -> datetime:
        """Now for today; noon for an earlier day, of which nobody knows more."""
        return now if self.day == local_day(now, zone) else datetime.combine(self.day, time(12), ZoneInfo(zone))


def reason(data: Mapping[str, str]) -> str:
    """Why a payment is taken back."""
    said = line(text(data, "reason"), LONGEST)
    refuse({"reason": "" if said else "Say why. Your team reads it later."})
    return said


def cost(data: Mapping[str, str], today: date, campaigns: Mapping[int, str]) -> Spent:
    """A cost, or Invalid. `campaigns` are those it may be spent on."""
    currency = _currency(data)
    amount, on, campaign = money(data, currency), day(data, "day") or today, number(data, "campaign")
    note, source = line(text(data, "note"), LONGEST), line(text(data, "source"), 80)
    refuse({
        **_amount_problems(amount, currency),
        "day": "" if on <= today else "This day is still to come.",
        "campaign": "" if not campaign or campaign in campaigns else "Choose a campaign from the list.",
        "note": "" if note else "Say what it was for.",
    })  # fmt: skip
    return Spent(amount, currency, on, source, campaign or None, note)


def _currency(data: Mapping[str, str]) -> str:
    return text(data, "currency").strip().upper()[:10]


def _amount_problems(amount: int, currency: str) -> dict[str, str]:
    return {
        "currency": "" if exponent(currency) is not None else "Write a currency code, like EUR.",
        "amount": "" if 0 < amount <= LARGEST_AMOUNT or exponent(currency) is None else "Write an amount, like 92.00.",
    }
