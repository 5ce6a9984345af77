"""What changed between two versions of a text, line by line."""

from difflib import SequenceMatcher
from typing import NamedTuple

from dashboard.campaigns.rendering import Texts

FIELDS = (("subject", "Subject"), ("html", "Mail"), ("text", "Plain text"))
AROUND, MOST_LINES = 2, 400


class Line(NamedTuple):
    """`kind`: same, gone, new, or skip where same lines were left out."""

    kind: str
    text: str


def changes(old: Texts, new: Texts) -> list[tuple[str, list[Line]]]:
    """What differs, under the name of its field; fields that are the same are left out."""
    pairs = [(label, getattr(old, field), getattr(new, field)) for field, label in FIELDS]
    return [(label, _lines(before, after)) for label, before, after in pairs if before != after]


def _lines(before: str, after: str) -> list[Line]:
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MOST_LINES:
        return [Line("gone", f"{len(old)} lines"), Line("new", f"{len(new)} lines")]
    found: list[Line] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            same = [Line("same", text) for text in old[a:b]]
            found += [*same[:AROUND], Line("skip", ""), *same[-AROUND:]] if len(same) > 2 * AROUND + 1 else same
        else:
            found += [Line("gone", text) for text in old[a:b]] + [Line("new", text) for text in new[c:d]]
    return found
