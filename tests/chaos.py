"""Random faults on running processes, by a seed that is printed: kills, cut connections, broken providers."""

import asyncio
import json
import random
import time
import urllib.request
from collections import Counter
from pathlib import Path

import asyncpg

from dashboard.integrations import stripe_samples
from tests.running import Running

FAULTS = ("kill", "kill", "terminate", "provider", "provider", "quiet")
MODES = (
    ("resend", "500"),
    ("resend", "429"),
    ("resend", "cut"),
    ("telegram", "cut"),
    ("telegram", "500"),
    ("resend", "close"),
)
KINDS = (
    "checkout.session.completed",
    "invoice.paid",
    "payment_intent.payment_failed",
    "charge.refunded",
    "refund.created",
)


class Chaos:
    """Two processes on one database, a provider with a journal, and a driver that breaks things."""

    def __init__(self, its: Running, provider_url: str, journal: Path, seed: int) -> None:
        self.its, self.provider_url, self.journal = its, provider_url, journal
        self.chance = random.Random(seed)
        self.ports = [its.port, its.port + 1]
        self.living: dict[int, object] = {}
        self.answered: set[str] = set()
        self.events: dict[str, dict] = {}
        self.kills = 0

    async def run(self, seconds: float) -> None:
        for port in self.ports:
            self.living[port] = self.its.start(port=port)
        until = time.monotonic() + seconds
        await asyncio.gather(self._load(until), self._break(until))
        await self._calm()

    async def _load(self, until: float) -> None:
        number = 0
        while time.monotonic() < until:
            purchase = f"c{number // 3}"
            kind = self.chance.choice(KINDS) if number % 3 else KINDS[0]
            event = stripe_samples.event(
                kind,
                purchase,
                email=f"{purchase}@customer.example",
                now=int(time.time()),
                event_id=f"evt_{purchase}_{kind}",
            )
            event = self.events.setdefault(event["id"], event)
            await self._post(event)
            number += 1
            await asyncio.sleep(0.02)

    async def _post(self, event: dict) -> bool:
        status = await asyncio.to_thread(self.its.post_event, event, self.chance.choice(self.ports))
        if status == 200:
            self.answered.add(event["id"])
        return status == 200

    async def _break(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
            fault = self.chance.choice(FAULTS)
            if fault == "kill":
                port = self.chance.choice(self.ports)
                self.living[port].kill()
                self.living[port].wait()
                self.its.processes.remove(self.living[port])
                self.living[port] = await asyncio.to_thread(self.its.start, port)
                self.kills += 1
            elif fault == "terminate":
                await self._query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database() AND random() < 0.3"
                )
            elif fault == "provider":
                service, mode = self.chance.choice(MODES)
                await asyncio.to_thread(self._mode, service, mode, self.chance.randint(1, 4))

    def _mode(self, service: str, mode: str, times: int) -> None:
        body = json.dumps({"service": service, "mode": mode, "times": times}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.provider_url}/_mode", body), timeout=60).read()

    async def _calm(self) -> None:
        """The faults are over: every sender retries what got no 2xx, leases run out, back-offs end."""
        for service in ("resend", "telegram"):
            await asyncio.to_thread(self._mode, service, "ok", 1)
        for event in self.events.values():
            for _ in range(100):
                if await self._post(event):
                    break
                await asyncio.sleep(0.1)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            await self._query("UPDATE delivery SET due_at = now() WHERE state = 'queued' AND due_at > now()")
            await self._query("UPDATE inbound_event SET due_at = now() WHERE state = 'waiting' AND due_at > now()")
            for table, state in (("inbound_event", "processing"), ("delivery", "sending")):
                await self._query(
                    f"UPDATE {table} SET lease_until = clock_timestamp() WHERE state = '{state}' "
                    "AND lease_until < clock_timestamp() + interval '45 s'"
                )
            left = await self._query(
                "SELECT 1 FROM inbound_event WHERE state IN ('waiting', 'processing') "
                "UNION ALL SELECT 1 FROM delivery WHERE state IN ('queued', 'sending')"
            )
            if not left:
                return
            await asyncio.sleep(0.5)
        raise AssertionError(f"{len(left)} rows never came to an end: {self.its.log()[-800:]}")

    async def _query(self, sql: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.its.env["DATABASE_URL"])
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def check(self) -> dict[str, int]:
        """The promises: nothing answered is lost, nothing is done twice; the figures for the report."""
        stored = {row["external_id"] for row in await self._query("SELECT external_id FROM inbound_event")}
        assert self.answered <= stored, self.answered - stored
        sessions = {event["data"]["object"]["id"] for event in self.events.values() if event["type"] == KINDS[0]}
        orders = Counter(row["session"] for row in await self._query("SELECT session FROM orders"))
        assert set(orders) == sessions and set(orders.values()) == {1}
        sent = Counter(
            entry["key"] for line in self.journal.read_text().splitlines()
            if (entry := json.loads(line))["service"] == "resend"
        )  # fmt: skip
        assert not {key: count for key, count in sent.items() if count > 1}
        states = Counter(row["state"] for row in await self._query("SELECT state FROM delivery WHERE kind = 'mail'"))
        assert set(states) <= {"sent", "unknown", "failed"}, states
        verified = self.its.command("verify")
        assert verified.returncode == 0, verified.stdout
        return {"events": len(stored), "orders": len(orders), "mails": len(sent), "kills": self.kills}
