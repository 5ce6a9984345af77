"""How far a typed word is from a known one."""


def allowed(word: str) -> int:
    """How many slips of the finger a word of this length may have."""
    return 1 if len(word) < 5 else 2


def distance(typed: str, word: str) -> int:
    """Letters to change, add, leave out or swap until `typed` begins `word`; what follows may be typed later."""
    row = _steps(typed, word)
    return min(row[max(0, len(typed) - 2) :], default=len(typed))


def whole_distance(typed: str, word: str) -> int:
    """Letters to change, add, leave out or swap until `typed` is `word`."""
    return _steps(typed, word)[-1]


def _steps(typed: str, word: str) -> list[int]:
    """For every beginning of `word` how many steps it is away from all of `typed`."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(word, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row
