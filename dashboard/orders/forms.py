"""What the forms of the orders pages say. Only the fields named here are ever written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from dashboard.accounts.forms import address_problem, line
from dashboard.formats import exponent
from dashboard.typed import day, money, number, refuse, text, token

LONGEST_REASON = 200
LONGEST_NOTE = 10_000
LARGEST_AMOUNT = 10**12


@dataclass(frozen=True)
class NewOrder:
    """An order made by hand. `plan` is an id of which nobody has checked whose it is."""

    email: str
    name: str
    plan: int
    amount: int
    currency: str
    paid: bool
    once: str

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        """The order, or Invalid."""
        email, name = text(data, "email").strip(), line(text(data, "name"), 200)
        currency = text(data, "currency").strip().upper()
        amount = money(data, currency)
        problems = {
            "email": address_problem(email.lower()),
            "name": "" if name else "Say who bought it.",
            "plan": "" if number(data, "plan") else "Choose what was bought.",
            "currency": "" if exponent(currency) is not None else "Write a currency code, like EUR.",
            "amount": "" if 0 <= amount <= LARGEST_AMOUNT else "Write an amount, like 1284.00.",
        }
        refuse(problems)
        return cls(
            email, name, number(data, "plan"), amount, currency, data.get("paid") == "yes", token(data),
        )  # fmt: skip


@dataclass(frozen=True)
class RefundForm:
    amount: int
    reason: str
    once: str

    @classmethod
    def parse(cls, data: Mapping[str, str], currency: str) -> Self:
        amount, reason = money(data, currency), line(text(data, "reason"), LONGEST_REASON)
        refuse({
            "amount": "" if 0 < amount <= LARGEST_AMOUNT else "Write an amount, like 92.00.",
            "reason": "" if reason else "Say why. Your team reads it later; the customer does not.",
        })  # fmt: skip
        return cls(amount, reason, token(data))


def cancel_reason(data: Mapping[str, str]) -> str:
    """Why an order is cancelled; may be left out."""
    return line(text(data, "reason"), LONGEST_REASON)


def deadline(data: Mapping[str, str]) -> date | None:
    """The promised day; None when the field was emptied."""
    return day(data, "day")


def note(data: Mapping[str, str]) -> str:
    written = text(data, "text").strip()
    refuse({"text": "" if written else "Write something first."})
    return written[:LONGEST_NOTE]
