"""The marks beside a suggestion: what in a text could bind the company and does not stand in one of its sources."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.assistant import answering, checking
from dashboard.knowledge.folding import fold

NAMES = {
    "source": "source", "markup": "markup", "links": "links", "addresses": "addresses", "promises": "promises",
    "grounded": "grounded",
}  # fmt: skip
PRICE = re.compile(
    r"(?:[€$£¥]|\b(?:eur|usd|gbp|chf)\b)\s?\d[\d.,' ]*\d|(?:[€$£¥]|\b(?:eur|usd|gbp|chf)\b)\s?\d"
    r"|\d[\d.,']*\s?(?:[€$£¥%]|\b(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|per ?cent|prozent)\b)"
    r"|\b(?:discount|rabatt|remise|descuento|half price|voucher|coupon)\b",
    re.I,
)
MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
DATE = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s{MONTHS}\b|\b{MONTHS}\s\d{{1,2}}\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|tomorrow|tonight|next week)\b"
    r"|\b(?:heute|morgen|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|demain|mañana)\b"
    r"|\b(?:in|within|innerhalb von|sous)\s\d+\s(?:min|hour|day|week|working|business|tage|jour)",
    re.I,
)


def examine(organization: Organization, text: str, sources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{ok, name, said}, …] in the order people read them; `sources` are those of the suggestion, with their texts."""
    texts = [f"{each.get('title', '')} {each.get('heading', '')} {each.get('text', '')}" for each in sources]
    known = fold("\n".join(texts))
    said = [
        {"ok": each.ok, "name": each.name, "said": each.said}
        for each in checking.check(text, texts, answering.hosts_of(organization))
        if each.name in NAMES
    ]
    prices = _strange(PRICE.findall(text), known)
    dates = _strange(DATE.findall(text), known)
    return [
        *said,
        _mark("prices", prices, "No price or discount without a source", "Price without a source"),
        _mark("dates", dates, "No date without a source", "Promises a date"),
    ]


def passed(checks: Iterable[dict[str, Any]]) -> bool:
    return all(each.get("ok") for each in checks)


def _mark(name: str, strange: list[str], fine: str, wrong: str) -> dict[str, Any]:
    return {"ok": not strange, "name": name, "said": f"{wrong}: {', '.join(strange[:3])}"[:200] if strange else fine}


def _strange(found: Iterable[str], known: str) -> list[str]:
    """What stands in no source; numbers are compared by their digits, words as they are."""
    there = {_digits(each) for each in re.findall(r"\d[\d.,' ]*", known)}
    strange = []
    for each in dict.fromkeys(part.strip() for part in found):
        plain = fold(each)
        numbers = [_digits(part) for part in re.findall(r"\d[\d.,' ]*", plain)]
        words = re.sub(r"[\d.,'€$£¥%\s]+", " ", plain).split()
        if plain in known or (numbers and all(part in there for part in numbers) and all(w in known for w in words)):
            continue
        strange.append(each)
    return strange


def _digits(text: str) -> str:
    plain = re.sub(r"[.,]\d\d\D*$", "", text.strip()) or text
    return re.sub(r"\D", "", plain)
