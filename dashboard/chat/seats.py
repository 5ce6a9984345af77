"""How many streams visitors hold open in this process. Nobody takes all of them, and what is too much is said."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.errors import TooMany

IN_ALL, OF_ONE_PLACE, OF_ONE_CONVERSATION = 4000, 60, 6
AGAIN_AFTER = 30  # seconds
FULL = "The chat is open too many times. Close it elsewhere; messages still arrive when you reload."


class Seats:
    """`place`: where a visitor comes from; `topic`: their conversation."""

    def __init__(
        self, in_all: int = IN_ALL, of_one_place: int = OF_ONE_PLACE, of_one_conversation: int = OF_ONE_CONVERSATION
    ) -> None:
        self.in_all, self.of_one_place, self.of_one_conversation = in_all, of_one_place, of_one_conversation
        self.taken: Counter[str] = Counter()

    def check(self, place: str, topic: str) -> None:
        """TooMany where there is no seat left."""
        places, topics = self.taken[place] >= self.of_one_place, self.taken[topic] >= self.of_one_conversation
        if places or topics or self.taken[""] >= self.in_all:
            raise TooMany(FULL, AGAIN_AFTER)

    @contextmanager
    def take(self, place: str, topic: str) -> Iterator[None]:
        """Sit for as long as the stream lasts."""
        self.check(place, topic)
        names = ("", place, topic)
        self.taken.update(names)
        try:
            yield
        finally:
            self.taken.subtract(names)
            self.taken -= Counter()  # what is zero goes
