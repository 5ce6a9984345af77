"""Names of our own for what people write."""

import re
import unicodedata

CONTROL = ("Cc", "Cs", "Zl", "Zp")


def slug(text: str) -> str:
    """A key or value from words: "Main address" → main_address."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:30].strip("_")
    return words if words[:1].isalpha() else f"f_{words}".strip("_")


def free(wanted: str, taken: set[str]) -> str:
    """The wanted name, or the first one like it that nobody has."""
    if wanted not in taken:
        return wanted
    stem = re.sub(r"\d+$", "", wanted) if re.fullmatch(r"s\d+", wanted) else f"{wanted}_"
    return next(f"{stem}{n}" for n in range(2, 10_000) if f"{stem}{n}" not in taken)


def one_line(text: str, longest: int) -> str:
    """Text for a label: one line, no control characters, cut to a length."""
    kept = "".join(" " if unicodedata.category(c) in CONTROL else c for c in text)
    return " ".join(kept.split())[:longest]
