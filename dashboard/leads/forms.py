"""What the forms of a lead's page say. Only the fields named here are ever written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from dashboard.accounts.forms import address_problem, line
from dashboard.errors import Invalid
from dashboard.formats import exponent
from dashboard.leads import attributes
from dashboard.leads.actions import digits, normalize
from dashboard.typed import day, money, number, refuse, text

LARGEST_AMOUNT = 10**14
LONGEST_NOTE = 10_000
PERSON = ("name", "company", "email", "phone", "source")
WAYS = {"mail": "wrote a mail", "call": "called", "meeting": "met", "other": "was in contact"}


@dataclass(frozen=True)
class PersonForm:
    """Who a lead is. `attributes` has only the questions that were on the form; None takes an answer away."""

    name: str
    company: str
    email: str
    phone: str
    source: str
    attributes: dict[str, Any]

    @classmethod
    def parse(cls, data: Mapping[str, str], asked: Sequence[Mapping[str, Any]]) -> Self:
        """The person, or Invalid. An answer's field is named `attribute-` and its key."""
        problems: dict[str, str] = {}
        answers: dict[str, Any] = {}
        for each in asked:
            if (field := f"attribute-{each['key']}") in data:
                try:
                    answers[each["key"]] = attributes.read(each, text(data, field))
                except ValueError as problem:
                    problems[field] = str(problem)
        form = cls(
            line(text(data, "name"), 200), line(text(data, "company"), 200), text(data, "email").strip()[:300],
            line(text(data, "phone"), 40), line(text(data, "source"), 80), answers,
        )  # fmt: skip
        problems["email"] = address_problem(form.email.lower()) if form.email else ""
        if not (form.name or form.company or form.email or form.phone):
            problems["name"] = "Say who it is: a name, a company or an address."
        refuse(problems)
        return form

    def facts(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The columns as they shall be; answers that were not on the form stay."""
        answers = {key: value for key, value in (before["attributes"] | self.attributes).items() if value is not None}
        return {
            "name": self.name, "company": self.company, "email": self.email, "phone": self.phone, "source": self.source,
            "email_normalized": normalize(self.email), "phone_normalized": digits(self.phone), "attributes": answers,
        }  # fmt: skip


@dataclass(frozen=True)
class DealForm:
    """What a deal may be worth and when. `owner` is what the form says; nobody has checked who that is."""

    value: int
    currency: str
    expected_close: date | None
    owner: str

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        typed, currency = text(data, "value").strip(), text(data, "currency").strip().upper()
        value = money(data, currency, "value") if typed else 0
        problems = {
            "currency": "" if exponent(currency) is not None or not typed else "Write a currency code, like EUR.",
            "value": "" if 0 <= value <= LARGEST_AMOUNT else "Write an amount, like 1284.00.",
        }
        try:
            close = day(data, "expected_close")
        except Invalid as problem:
            close, problems = None, problems | problem.fields
        refuse(problems)
        return cls(value, currency if value else "", close, text(data, "owner"))

    def facts(self, owner: int | None) -> dict[str, Any]:
        close = self.expected_close.isoformat() if self.expected_close else None
        return {"value": self.value, "currency": self.currency, "expected_close": close, "owner": owner}


@dataclass(frozen=True)
class WonForm:
    amount: int
    currency: str
    day: date
    stage: str

    @classmethod
    def parse(cls, data: Mapping[str, str], today: date) -> Self:
        currency = text(data, "currency").strip().upper()
        amount = money(data, currency)
        problems = {
            "currency": "" if exponent(currency) is not None else "Write a currency code, like EUR.",
            "amount": "" if 0 <= amount <= LARGEST_AMOUNT else "Write an amount, like 1284.00.",
        }
        try:
            won = day(data, "day") or today
            problems["day"] = "" if won <= today else "Choose a day that has come, or leave it open."
        except Invalid as problem:
            won, problems = today, problems | problem.fields
        refuse(problems)
        return cls(amount, currency, won, text(data, "stage"))


def lost_reason(data: Mapping[str, str]) -> str:
    """Why nobody bought; a choice, or words of one's own."""
    reason = line(text(data, "reason"), 200)
    refuse({"reason": "" if reason else "Say why. It shows what to do better."})
    return reason


def contact(data: Mapping[str, str], today: date) -> tuple[str, date, str]:
    """How, when and what was said."""
    how, when = text(data, "how"), day(data, "day") or today
    refuse({
        "how": "" if how in WAYS else "Choose one.",
        "day": "" if when <= today else "Choose a day that has come.",
    })  # fmt: skip
    return how, when, text(data, "said").strip()[:2000]


def reminder(data: Mapping[str, str], today: date) -> date:
    when = day(data, "day")
    refuse({"day": "" if when and when >= today else "Choose today or a day to come."})
    assert when is not None
    return when


def note(data: Mapping[str, str]) -> str:
    written = text(data, "text").strip()
    refuse({"text": "" if written else "Write something first."})
    return written[:LONGEST_NOTE]


def chosen(data: Mapping[str, str], field: str) -> int:
    """An id, or 0."""
    return number(data, field)
