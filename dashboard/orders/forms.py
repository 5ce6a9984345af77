"""What the forms of the orders pages say. Only the fields named here are ever written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from dashboard.accounts.forms import address_problem, line
from dashboard.errors import Invalid
from dashboard.formats import exponent, parse_money

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
    given = text(data, "day").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2200:
        raise Invalid({"day": "Choose a day, like 2026-11-24."})
    return day


def note(data: Mapping[str, str]) -> str:
    written = text(data, "text").strip()
    refuse({"text": "" if written else "Write something first."})
    return written[:LONGEST_NOTE]


def text(data: Mapping[str, str], name: str) -> str:
    """A field as it was typed, without the characters that PostgreSQL cannot keep."""
    given = data.get(name, "")
    return given.replace("\0", "").encode("utf-8", "ignore").decode() if isinstance(given, str) else ""


def number(data: Mapping[str, str], name: str) -> int:
    """A positive whole number, else 0."""
    given = text(data, name)
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0


def money(data: Mapping[str, str], currency: str) -> int:
    """The amount in minor units, or -1 when nobody can say what was meant."""
    parsed = parse_money(text(data, "amount").strip(), currency)
    return -1 if parsed is None else parsed


def token(data: Mapping[str, str]) -> str:
    """The form's own random word, which makes two clicks one."""
    once = text(data, "once")
    if not (8 <= len(once) <= 64 and once.replace("-", "").replace("_", "").isalnum() and once.isascii()):
        raise Invalid({}, "This form is out of date. Open it again. Nothing was changed.")
    return once


def refuse(problems: dict[str, str]) -> None:
    """Invalid with every field that has a problem."""
    if wrong := {field: said for field, said in problems.items() if said}:
        raise Invalid(wrong)
