"""Numbers of a text, compared by what they are worth: 1,000.00 is 1000, and 49.95 is not 49."""

import re

NUMBER = r"\d+(?:[.,:/'’-]\d+|(?<!\d{4})[ \u00a0\u202f]\d{3}(?!\d))*"
FOUND = re.compile(NUMBER)
AMOUNT = re.compile(r"(?P<whole>\d{1,3}(?:(?P<by>[.,'’ ])\d{3})(?:(?P=by)\d{3})*|\d+)(?:[.,](?P<part>\d{1,2}))?")


def numbers(text: str) -> list[str]:
    """As they stand there: prices, dates, times, anything with a digit."""
    return FOUND.findall(text)


def worth(number: str) -> str:
    """The same for the same amount however it is written; dates and the like stay as they are."""
    plain = re.sub(r"[\u00a0\u202f]", " ", number)
    amount = AMOUNT.fullmatch(plain)
    if amount is None:
        return re.sub(r"\D+", "-", plain)
    whole = re.sub(r"\D", "", amount["whole"]).lstrip("0") or "0"
    part = (amount["part"] or "").rstrip("0")
    return f"{whole}.{part}" if part else whole
