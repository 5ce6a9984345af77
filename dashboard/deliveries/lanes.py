"""How fast each provider may be asked. A lane is one organization's deliveries of one kind: when its provider is away
or asks to slow down, the lane closes for a while, and what waits in it neither burns tries nor blocks other lanes.

Only this process's knowledge, and only a courtesy: nothing about correctness depends on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WIDEST = 8  # sends at once
PATIENCE = 3  # tries in a row that found the provider away, before the lane closes
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0  # seconds


@dataclass
class Lane:
    width: int = WIDEST
    busy: int = 0
    away: int = 0
    until: datetime | None = None

    def closed(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def worked(self) -> None:
        """The provider took one: open again, a little wider each time."""
        self.away, self.until = 0, None
        self.width = min(self.width + 1, WIDEST)

    def was_away(self, now: datetime, named: float | None) -> None:
        """The provider was away, or named the seconds to wait."""
        self.away += 1
        if named is not None:
            self._close(now, named)
        elif self.away >= PATIENCE:
            self._close(now, min(FIRST_PAUSE * 2 ** (self.away - PATIENCE), LONGEST_PAUSE))

    def _close(self, now: datetime, seconds: float) -> None:
        self.width = 1 if self.away >= PATIENCE else max(1, self.width // 2)
        self.until = max(self.until or now, now + timedelta(seconds=seconds))


class Lanes:
    """The lanes of this process, by kind and organization (0 for account mail). `stopping` ends new sends."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, int], Lane] = {}
        self.stopping = False

    def of(self, kind: str, organization: int | None) -> Lane:
        return self._lanes.setdefault((kind, organization or 0), Lane())

    def closed(self, kind: str, now: datetime) -> list[int]:
        """The organizations whose lane for this kind is closed now."""
        return [id for (each, id), lane in self._lanes.items() if each == kind and lane.closed(now)]
