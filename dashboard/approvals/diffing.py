"""What a person changed in a draft, word by word."""

import re
from difflib import SequenceMatcher

WORDS = re.compile(r"\s+|[^\s]+")
MOST_WORDS = 3000  # beyond that comparing takes longer than anybody waits: all of it counts as changed


def words_of(text: str) -> list[str]:
    """Words and the spaces between them, so that joined they are the text."""
    return WORDS.findall(text)


def compare(draft: str, sent: str) -> tuple[list[list[str]], int]:
    """([[same, added or removed, words], …], the share of the words that changed, 0-100)."""
    if draft == sent:
        return ([["same", draft]] if draft else []), 0
    before, after = words_of(draft), words_of(sent)
    if not before or not after or len(before) + len(after) > 2 * MOST_WORDS:
        return [part for part in (["removed", draft], ["added", sent]) if part[1]], 100
    parts: list[list[str]] = []
    changed = 0
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(["same", "".join(before[a:b])])
            continue
        changed += max(_count(before[a:b]), _count(after[c:d]))
        parts += [part for part in (["removed", "".join(before[a:b])], ["added", "".join(after[c:d])]) if part[1]]
    whole = max(_count(before), _count(after), 1)
    return parts, max(1, min(100, round(100 * changed / whole)))


def _count(words: list[str]) -> int:
    return sum(not word.isspace() for word in words)
