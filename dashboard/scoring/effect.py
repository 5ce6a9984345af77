"""What other signals would do to the scores, before anybody saves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.scoring.computing import COLUMNS, facts, judging
from dashboard.scoring.signals import Rule

SAMPLE = 5_000
WIDTH = 10  # points to a bar; the last one also has the 100
HOT, WARM = 80, 50
COMPARE = f"""
    WITH chunk AS MATERIALIZED (
        SELECT {COLUMNS} FROM lead WHERE organization = {{}} AND deleted_at IS NULL
        ORDER BY created_at DESC, id DESC LIMIT {{}})
    SELECT least(100, greatest(0, before.total)) AS before, least(100, greatest(0, after.total)) AS after,
           count(*) AS leads
    FROM chunk l {{}} {{}} {{}} GROUP BY 1, 2"""  # noqa: S608 – our own words


@dataclass(frozen=True)
class Effect:
    """How the newest leads are spread over the scale now and then, in bars of ten points."""

    before: list[int]
    after: list[int]
    up: int
    down: int
    hot: tuple[int, int]
    warm: tuple[int, int]
    leads: int

    @property
    def whole(self) -> bool:
        """Whether these are all leads, not only the newest."""
        return self.leads < SAMPLE

    @property
    def table(self) -> list[tuple[str, int, int]]:
        return [
            (f"{n * WIDTH} to {n * WIDTH + WIDTH - 1 if n < 9 else 100}", before, after)
            for n, (before, after) in enumerate(zip(self.before, self.after, strict=True))
        ]


async def compare(organization: Organization, before: Sequence[Rule], after: Sequence[Rule], now: datetime) -> Effect:
    """Judge the newest leads by both sets of signals, without storing anything."""
    found = await rows(
        COMPARE, organization.id, SAMPLE, QueryString(facts(before, after)), judging(before, now, "before"),
        judging(after, now, "after"),
    )  # fmt: skip
    spread: dict[str, list[int]] = {"before": [0] * 10, "after": [0] * 10}
    for each in found:
        for name, bars in spread.items():
            bars[min(each[name] // WIDTH, 9)] += each["leads"]

    def count(name: str, low: int, high: int = 101) -> int:
        return sum(each["leads"] for each in found if low <= each[name] < high)

    return Effect(
        spread["before"], spread["after"],
        up=sum(each["leads"] for each in found if each["after"] > each["before"]),
        down=sum(each["leads"] for each in found if each["after"] < each["before"]),
        hot=(count("before", HOT), count("after", HOT)),
        warm=(count("before", WARM, HOT), count("after", WARM, HOT)),
        leads=sum(each["leads"] for each in found),
    )  # fmt: skip
