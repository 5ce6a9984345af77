"""A campaign to many people: taken in, and handed to a provider on loopback that answers at once or after 50 ms. Beside
it a bare loop that claims the same rows, posts as many bytes and settles them with a line for each try, as many at
once: no suppression is looked up, no mail is written, no batch is kept.

`python -m benchmarks.campaigns 10000` runs it alone with so many."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from benchmarks.surroundings import ROOT, Place, memory, place, process

PEOPLE, AT_ONCE, BATCH = 100_000, 3, 100
DELAYS = (0, 50)  # ms
HTML = "<p>Hello {{ first_name | there }},</p>" + "<p>What we made this autumn, and what it costs.</p>" * 12
HTML += '<p><a href="https://shop.example/autumn">See it</a> or <a href="https://shop.example/more">more</a></p>'


@dataclass
class Figures:
    """Per second: taken in and put into the out-tray; handed over; handed over by the bare loop."""

    delay: int
    enqueued: float
    handed: float
    bare: float
    memory: tuple[float, float]  # MB when a tenth was handed over, and at the end


async def provider(delay: float, port: int) -> asyncio.Server:
    """Answers a batch as Resend does, and reads no more of it than how many mails there are."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.startswith(b"get "):  # before a campaign begins its domain is looked at
                data = [{"name": "many.example", "status": "verified"}]
            else:
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                await asyncio.sleep(delay)
                data = [{"id": f"{time.monotonic_ns()}-{number}"} for number in range(body.count(b'"subject"'))]
            answer = json.dumps({"data": data}).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + answer)
            await writer.drain()
        finally:
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", port, limit=2**20)


def run(where: Place, people: int = PEOPLE) -> Iterator[Figures]:
    """For each delay."""
    where.run(
        "INSERT INTO organization (slug, name, from_address) VALUES ('many', 'Many', 'hello@many.example') ON CONFLICT DO NOTHING",
        f"INSERT INTO lead (organization, email, email_normalized, name, stage, source, created_at) SELECT o.id, 'p' || n || '@crowd.example', "
        f"'p' || n || '@crowd.example', 'Person Number ' || n, 'new', 'Crowd', now() - interval '1 day' FROM generate_series(1, {people}) n, "
        "organization o WHERE o.slug = 'many' ON CONFLICT DO NOTHING",
        "INSERT INTO mail_template (organization, name, version, created_at) SELECT id, 'Autumn', 1, now() FROM organization WHERE slug = 'many'",
        f"INSERT INTO mail_template_version (organization, template, number, subject, html, text, created_at) SELECT organization, id, 1, "
        f"'Autumn at {{{{ organization }}}}, {{{{ first_name | friend }}}}', '{HTML}', '', now() FROM mail_template WHERE name = 'Autumn'",
        "VACUUM ANALYZE lead",
    )
    for delay in DELAYS:
        yield _once(where, people, delay)


def _once(where: Place, people: int, delay: int) -> Figures:
    with process(where, "-m", "benchmarks.campaigns", "provider", str(delay / 1000)) as (port, _, _):
        where.run(
            "INSERT INTO campaign (organization, name, kind, state, audience, starts_at, created_at) SELECT id, 'Bench', 'blast', 'scheduled', "
            "'source=Crowd', now(), now() FROM organization WHERE slug = 'many'",
            "INSERT INTO campaign_step (organization, campaign, position, day, template, created_at) SELECT c.organization, c.id, 0, 0, t.id, now() "
            "FROM campaign c JOIN mail_template t ON t.name = 'Autumn' WHERE c.id = (SELECT max(id) FROM campaign)",
        )
        env = where.env | {"RESEND_API_KEY": "re_bench", "RESEND_API_URL": f"http://127.0.0.1:{port}"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.campaigns", "ours", str(people)], cwd=ROOT, env=env, stdout=subprocess.PIPE,
            check=True, text=True,
        )  # fmt: skip
        ours = json.loads(done.stdout)
        bare = asyncio.run(_bare(where, people, port))
        where.run(
            "TRUNCATE campaign CASCADE", "TRUNCATE delivery CASCADE", "TRUNCATE mail_batch", "TRUNCATE campaign_count"
        )
    return Figures(delay, ours["enqueued"], ours["handed"], bare, tuple(ours["memory"]))


async def ours(people: int) -> None:
    """In a process of its own: all of them into the out-tray, then all of them out of it."""
    from dashboard import clock, settings
    from dashboard.campaigns.engine import queueing
    from dashboard.campaigns.engine.work import Rounds
    from dashboard.database import current_engine, rows
    from dashboard.deliveries import batches
    from dashboard.deliveries.lanes import Lanes
    from dashboard.integrations import Credentials, Integrations, connect

    made = settings.use(settings.load(os.environ))
    outside = connect(made, Credentials.from_settings(made))
    await current_engine().start_connection_pool(min_size=2, max_size=12)
    queueing.DEPTH = people  # else they would be handed over while others come in
    rounds, began = Rounds(), time.perf_counter()
    while (await rows("SELECT count(*) AS n FROM delivery WHERE bulk"))[0]["n"] < people:
        await rounds.round(clock.now())
    enqueued = people / (time.perf_counter() - began)
    await _settled(os.environ["DATABASE_URL"])
    lanes, handed, resident, began = Lanes(), 0, 0.0, time.perf_counter()

    async def integrations_for(organization: int | None) -> Integrations:
        return outside

    async def one() -> None:
        nonlocal handed, resident
        while taken := await batches.work(integrations_for, clock.now(), lanes):
            handed += taken
            if not resident and handed >= people / 10:
                resident = memory(os.getpid())

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    speed = handed / (time.perf_counter() - began)
    found = await rows("SELECT count(*) AS n FROM delivery WHERE bulk AND state = 'sent'")
    if found[0]["n"] != people:
        raise RuntimeError(f"{found} were sent")
    print(json.dumps({"enqueued": enqueued, "handed": speed, "memory": [resident, memory(os.getpid())]}))


CLAIM = """
    UPDATE delivery SET state = 'sending', attempt = attempt + 1 WHERE id IN (
        SELECT id FROM delivery WHERE state = 'queued' AND bulk AND organization = $1 AND subject_kind = 'campaign'
        ORDER BY organization, subject_kind, subject_id, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING id, recipient, title, payload"""
SETTLE = """
    WITH moved AS (
        UPDATE delivery d SET state = 'sent', provider_id = u.provider_id, settled_at = now()
        FROM unnest($1::bigint[], $2::text[]) u(id, provider_id) WHERE d.id = u.id RETURNING d.id, d.attempt)
    INSERT INTO delivery_attempt (delivery, number, outcome, detail, at) SELECT id, attempt, 'sent', '', now() FROM moved"""


async def _bare(where: Place, people: int, port: int) -> float:
    """Mails per second of the loop that only claims, posts and settles."""
    pool = await asyncpg.create_pool(where.dsn, min_size=AT_ONCE, max_size=AT_ONCE)
    await pool.execute(
        "UPDATE delivery SET state = 'queued', provider_id = '', settled_at = NULL, attempt = 0 WHERE bulk",
        timeout=300,
    )
    await _settled(where.dsn)
    organization = await pool.fetchval("SELECT id FROM organization WHERE slug = 'many'")
    html = HTML + "x" * 1600  # as long as the mail with its frame and its links

    async def one() -> None:
        while claimed := await pool.fetch(CLAIM, organization, BATCH):
            mails = [
                {
                    "from": "Many <hello@many.example>",
                    "to": [each["recipient"]],
                    "subject": each["title"],
                    "html": html,
                    "text": HTML,
                }
                for each in claimed
            ]
            body = json.dumps(mails).encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /emails/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = (await reader.read()).partition(b"\r\n\r\n")[2]
            writer.close()
            ids = [each["id"] for each in json.loads(answer)["data"]]
            await pool.execute(SETTLE, [each["id"] for each in claimed], ids)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    await pool.close()
    return people / (time.perf_counter() - began)


async def _settled(dsn: str) -> None:
    """What filling left for the server to do later is done before either loop starts."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE", timeout=300)
    await connection.execute("CHECKPOINT", timeout=300)
    await connection.close()


async def serve_alone(delay: float) -> None:
    server = await provider(delay, int(os.environ["PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == ["provider"]:
        asyncio.run(serve_alone(float(sys.argv[2])))
    elif sys.argv[1:2] == ["ours"]:
        asyncio.run(ours(int(sys.argv[2])))
    else:
        with place() as made:
            for each in run(made, int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE):
                print(each, flush=True)
