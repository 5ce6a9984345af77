"""The marks beside a suggestion: what is promised stands in a source, amount for amount."""

import pytest

from dashboard.accounts.tables import Organization
from dashboard.approvals import checks

SOURCE = {
    "kind": "section", "title": "Prices", "heading": "Starter",
    "text": "The starter costs €49 and takes 5 days, with 1 revision. Money back within 14 days. Open from 9 am.",
}  # fmt: skip
FINE = (
    "The starter costs €49.", "The starter costs 49 EUR.", "The starter costs 49.00 euros.", "It takes five days.",
    "It takes 5 working days.", "Your money is back within 14 days.", "We open at 9 am.", "",
)  # fmt: skip
WRONG = {
    "€49.95": "prices", "€1.50": "prices", "€14": "prices", "€5": "prices", "$49": "prices", "49%": "prices",
    "a discount of 5": "prices", "half the price": "prices", "half our price": "prices", "500 pages": "numbers",
    "in two weeks": "dates", "within 5 hours": "dates", "in a day": "dates", "14 weeks": "dates", "by 3 pm": "dates",
    "at 5 pm": "dates", "tomorrow": "dates", "on Monday": "dates", "2026-12-01": "dates", "evil.click": "links",
    "we guaranteed it": "never",
}  # fmt: skip


@pytest.mark.parametrize("text", FINE)
async def test_what_stands_in_a_source_gets_no_mark(acme, text):
    marks = checks.examine(acme, text, [SOURCE])
    assert [each["said"] for each in marks if not each["ok"]] == []


@pytest.mark.parametrize(("text", "name"), WRONG.items())
async def test_what_stands_in_none_is_marked(acme, text, name):
    await Organization.update({Organization.persona: {"never_says": ["guarantee"]}}).where(Organization.id == acme.id)
    await acme.refresh()
    marks = checks.examine(acme, f"You get {text} here.", [SOURCE])
    assert name in [each["name"] for each in marks if not each["ok"]]
