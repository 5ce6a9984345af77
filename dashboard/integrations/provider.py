"""What every connection to the outside has in common: does it work, and if not, which setting is missing."""

import time
from datetime import timedelta
from typing import ClassVar

from dashboard.integrations.outcomes import NotConfigured
from dashboard.integrations.signatures import secrets_in

HELD = "Sends leave this machine only in production or with ALLOW_REAL_SENDS=1"


class Provider:
    """`remembers_keys`: for how long the provider drops a second send with the same key; None: it knows no keys.
    `most_in_batch`: how many mails one call may hand over; 0: it knows no batches.
    `webhook_secret`: what its webhooks are signed with, perhaps several while one is being replaced."""

    name: ClassVar[str]
    remembers_keys: ClassVar[timedelta | None] = None
    most_in_batch: ClassVar[int] = 0
    webhook_secret: str = ""

    @property
    def key_lifetime(self) -> timedelta | None:
        return self.remembers_keys

    @property
    def honours_keys(self) -> bool:
        return self.key_lifetime is not None

    @property
    def receives(self) -> bool:
        """Whether its webhooks can be told from forged ones."""
        return bool(secrets_in(self.webhook_secret))

    @property
    def missing(self) -> str:
        """Which setting is missing, in words; empty when the connection can be used."""
        raise NotImplementedError

    @property
    def configured(self) -> bool:
        return not self.missing

    def require(self) -> None:
        if missing := self.missing:
            raise NotConfigured(missing)

    async def test(self) -> str:
        """A harmless question to the provider; how fast it answered, or ProviderError."""
        started = time.perf_counter()
        await self.ping()
        return f"{self.name} answered in {(time.perf_counter() - started) * 1000:.0f} ms"

    async def ping(self) -> None:
        raise NotImplementedError
