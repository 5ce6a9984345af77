"""Words as search sees them: small letters without marks, as the database's `fold` makes them."""

import re
import unicodedata

LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Small letters, without accents and other marks."""
    small = unicodedata.normalize("NFKD", text.lower().translate(LETTERS))
    return "".join(letter for letter in small if not unicodedata.combining(letter))


def as_written(text: str) -> list[str]:
    """The words of a text in small letters, with their marks, in order."""
    return WORD.findall(unicodedata.normalize("NFC", text.lower()))
