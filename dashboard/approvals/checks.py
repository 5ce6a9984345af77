"""The marks beside a suggestion: what in a text could bind the company and does not stand in one of its sources."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.accounts.organizations import never_said
from dashboard.accounts.tables import Organization
from dashboard.assistant import amounts, answering, checking, naming
from dashboard.knowledge.folding import WORD, fold

NAMES = {"source", "markup", "links", "addresses", "numbers", "promises", "never", "grounded"}
CURRENCIES = {
    "€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollar": "usd", "dollars": "usd", "£": "gbp",
    "pound": "gbp", "pounds": "gbp", "¥": "jpy", "yen": "jpy", "franken": "chf", "francs": "chf", "percent": "%",
    "per cent": "%", "prozent": "%", "pour cent": "%",
}  # fmt: skip
SIGN = r"[€$£¥]|(?<![a-z])(?:eur|usd|gbp|chf|jpy)(?![a-z])"
UNIT = rf"{SIGN}|%|(?<![a-z])(?:euros?|dollars?|pounds?|yen|francs|franken|per ?cent|prozent|pour cent)(?![a-z])"
PRICE = re.compile(
    rf"(?P<before>{SIGN})\s?(?P<first>{amounts.NUMBER})|(?P<second>{amounts.NUMBER})\s?(?P<after>{UNIT})", re.I
)
REBATE = re.compile(
    r"\b(?:discount\w*|rabatt\w*|remises?|descuentos?|half off|half (?:the |our |that |of the )?(?:price|cost)"
    r"|voucher\w*|coupon\w*|halbe\w* preis|moitie prix|mitad de precio)\b"
)
MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
DATE = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s{MONTHS}\b|\b{MONTHS}\s\d{{1,2}}\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|tomorrow|tonight|next (?:week|month|year))\b"
    r"|\b(?:heute|morgen|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|demain|manana)\b"
    r"|\b\d{1,2}(?:[:.]\d\d)?\s?(?:am|pm|a\.m|p\.m|uhr|o.clock)\b"
)
COUNTS = {
    word: number
    for number, words in enumerate(
        ("", "a an one ein eine einem einer einen un une", "two zwei deux dos", "three drei trois tres", "four vier",
         "five funf cinq cinco", "six sechs seis", "seven sieben sept", "eight acht huit", "nine neun neuf",
         "ten zehn dix diez", "eleven elf onze", "twelve zwolf douze doce")
    )
    for word in words.split()
}  # fmt: skip
SPAN = re.compile(
    rf"\b(?P<number>\d+|{'|'.join(sorted(COUNTS, key=len, reverse=True))})[\s-]"
    r"(?:(?:working|business|calendar|full)\s)?"
    r"(?P<unit>min(?:ute)?[sn]?|hours?|days?|weeks?|months?|years?|stunden?|tage?n?|wochen?|monate?n?|heures?"
    r"|jours?|semaines?|mois|dias?|horas?)\b"
)


def examine(organization: Organization, text: str, sources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{ok, name, said}, …] in the order people read them; `sources` are those of the suggestion, with their texts."""
    texts = [f"{each.get('title', '')} {each.get('heading', '')} {each.get('text', '')}" for each in sources]
    hosts, never = answering.hosts_of(organization), never_said(organization)
    said = [
        {"ok": each.ok, "name": each.name, "said": each.said}
        for each in checking.check(text, texts, hosts, never=never)
        if each.name in NAMES
    ]
    plain, known = _folded(text), _folded("\n".join(texts))
    there = set(_prices(known).values())
    prices = [each for each, price in _prices(plain).items() if price not in there]
    prices += _strange(REBATE.findall(plain), known)
    promised = set(_spans(known).values())
    dates = [each for each, span in _spans(plain).items() if span not in promised]
    return [
        *said,
        _mark("prices", prices, "No price or discount without a source", "Price without a source"),
        _mark("dates", [*dates, *_strange(DATE.findall(plain), known)], "No date without a source", "Promises a date"),
    ]


def passed(checks: Iterable[dict[str, Any]]) -> bool:
    return all(each.get("ok") for each in checks)


def _mark(name: str, strange: list[str], fine: str, wrong: str) -> dict[str, Any]:
    return {"ok": not strange, "name": name, "said": f"{wrong}: {', '.join(strange[:3])}"[:200] if strange else fine}


def _folded(text: str) -> str:
    return fold(naming.visible(text))


def _prices(text: str) -> dict[str, tuple[str, str]]:
    """Each price as it stands there, with its currency and what it is worth: a price is held against prices only."""
    found = {}
    for each in PRICE.finditer(text):
        sign, number = each["before"] or each["after"], each["first"] or each["second"]
        found[each[0].strip()] = (CURRENCIES.get(sign, sign), amounts.worth(number))
    return found


def _spans(text: str) -> dict[str, tuple[str, str]]:
    """Each length of time as it stands there, with its number and the beginning of its unit."""
    return {
        each[0]: (str(COUNTS.get(each["number"], each["number"])), each["unit"][:3]) for each in SPAN.finditer(text)
    }


def _strange(found: Iterable[str], known: str) -> list[str]:
    """What stands in no source: all its words have to be there, and all its numbers."""
    words = set(WORD.findall(known))
    there = {amounts.worth(each) for each in amounts.numbers(known)}
    strange = []
    for each in dict.fromkeys(found):
        numbers = {amounts.worth(number) for number in amounts.numbers(each)}
        rest = WORD.findall(re.sub(amounts.NUMBER, " ", each))
        if each not in known and not (numbers <= there and all(word in words for word in rest)):
            strange.append(each)
    return strange
