"""The ledger of a campaign with ten thousand and with a million rows: first and deepest page, states, reasons, a person,
and the page of the campaign with all its figures. `python -m benchmarks.ledger` runs it alone."""

from benchmarks import pages
from benchmarks.pages import TOKENS, Line
from benchmarks.surroundings import Place, application, p, place, process, timed
from dashboard.campaigns.ledger import of
from dashboard.lists import keyset

SMALL, LARGE = 10_000, 1_000_000
STEPS, ROUNDS, TIMES, MAY_GROW = 4, 6, 20, 1.3
SEARCH = "ledger, one person"  # goes through the index of letters, which grows; nothing is promised of it
# Where the benchmark of leads was run before, there are leads enough already.
LEADS = """
    INSERT INTO lead (organization, email, email_normalized, name, company, created_at)
    SELECT {organization}, mail, mail, 'Person ' || n, 'Company ' || n % 9999, now() - n * interval '1 minute'
    FROM (SELECT n, 'ledger' || n || '@people.example' AS mail FROM generate_series(1, {missing}) n) x"""
CAMPAIGN = """
    INSERT INTO campaign (organization, name, kind, state, why, launched_at, filled_at)
    VALUES ({organization}, 'Ledger', 'sequence', 'paused', 'Held for the benchmark', now(), now())"""
ROWS = (
    "INSERT INTO campaign_step (organization, campaign, position, day) "
    "SELECT {organization}, {campaign}, n, n * 3 FROM generate_series(0, {steps} - 1) n",
    "INSERT INTO enrollment (organization, campaign, lead, state, reason, entered_at) "
    "SELECT {organization}, {campaign}, id, CASE WHEN id % 40 = 0 THEN 'stopped' ELSE 'active' END, "
    "CASE WHEN id % 40 = 0 THEN 'replied' ELSE '' END, now() FROM "
    "(SELECT id FROM lead WHERE organization = {organization} AND deleted_at IS NULL ORDER BY id LIMIT {people}) l",
    """INSERT INTO campaign_send (organization, campaign, step, enrollment, lead, state, reason, due_at, settled_at,
           clicked_at, replied_at)
       SELECT {organization}, {campaign}, s.id, e.id, e.lead, x.state,
              CASE x.state WHEN 'bounced' THEN 'Mailbox does not exist' WHEN 'failed' THEN 'The address was refused'
                   WHEN 'stopped' THEN 'Replied' ELSE '' END, now(), now(),
              CASE WHEN e.id % 17 = 0 THEN now() END, CASE WHEN e.id % 97 = 0 THEN now() END
       FROM enrollment e CROSS JOIN campaign_step s, LATERAL (SELECT CASE
           WHEN (e.id + s.id) % 1000 = 3 THEN 'failed' WHEN (e.id + s.id) % 50 = 7 THEN 'bounced'
           WHEN e.reason <> '' AND s.position > 1 THEN 'stopped' WHEN s.position = 3 THEN 'waiting'
           ELSE 'delivered' END AS state) x
       WHERE e.campaign = {campaign} AND s.campaign = {campaign} ORDER BY e.id, s.position""",
)


def fill(where: Place) -> None:
    """One campaign of four steps in both organizations."""
    for slug, count in (("small", SMALL), ("large", LARGE)):
        found = where.fetch(
            "SELECT o.id, (SELECT count(*) FROM (SELECT 1 FROM lead WHERE organization = o.id AND deleted_at IS NULL "
            "LIMIT $2) l) AS leads FROM organization o WHERE slug = $1", slug, count // STEPS,
        )  # fmt: skip
        facts = {"organization": found["id"], "steps": STEPS, "people": count // STEPS}
        where.run(
            "ALTER TABLE lead DISABLE TRIGGER USER", LEADS.format(**facts, missing=count // STEPS - found["leads"]),
            "ALTER TABLE lead ENABLE TRIGGER USER", CAMPAIGN.format(**facts),
        )  # fmt: skip
        campaign = where.fetch("SELECT max(id) AS id FROM campaign")["id"]
        where.run(*(statement.format(**facts, campaign=campaign) for statement in ROWS))
    where.run(*(f"VACUUM ANALYZE {table}" for table in ("lead", "enrollment", "campaign_send", "campaign_count")))


def run(where: Place) -> list[tuple[str, Line, Line]]:
    """Every page at both sizes in turn, in short rounds, so that what else the machine does meets both."""
    compared = []
    with process(where, *application()) as (port, _, _):
        cookies = {name: f"__Host-sid={token}" for name, token in TOKENS.items()}
        for name, path in paths(where).items():
            took: dict[str, list[float]] = {size: [] for size in TOKENS}
            for size in TOKENS:
                timed(port, path[size], cookies[size], 8)
            for _ in range(ROUNDS):
                for size in TOKENS:
                    took[size] += timed(port, path[size], cookies[size], TIMES)
            small, large = (Line(path[size], p(took[size], 50), p(took[size], 95)) for size in TOKENS)
            compared.append((name, small, large))
    return compared


def paths(where: Place) -> dict[str, dict[str, str]]:
    """The addresses of the pages, by size."""
    found: dict[str, dict[str, str]] = {}
    for size in TOKENS:
        one = where.fetch(
            "SELECT c.id, (SELECT id FROM campaign_step WHERE campaign = c.id AND position = 2) AS step, "
            "(SELECT id FROM campaign_send WHERE campaign = c.id ORDER BY id OFFSET 50 LIMIT 1) AS deepest, "
            "(SELECT l.email FROM lead l JOIN enrollment e ON e.lead = l.id WHERE e.campaign = c.id ORDER BY e.id LIMIT 1) "
            "AS email FROM campaign c JOIN organization o ON o.id = c.organization WHERE o.slug = $1 AND c.name = 'Ledger'",
            size,
        )  # fmt: skip
        base = f"/{size}/campaigns/{one['id']}"
        after = keyset.write(of([]).sorts["row"], {"id": one["deepest"]})
        for name, query in {
            "first page": "", "deepest page": f"?after={after}", "a frequent state": "?state=delivered",
            "a rare state": "?state=failed", "three states": "?state=failed&state=bounced&state=stopped",
            "one step": f"?step={one['step']}", "clicked": "?did=clicked", "one reason": "?reason=The+address+was+refused",
            "one person": f"?q={one['email']}",
        }.items():  # fmt: skip
            found.setdefault(f"ledger, {name}", {})[size] = f"{base}/ledger{query}"
        found.setdefault("the campaign's own page", {})[size] = base
    return found


def say(compared: list[tuple[str, Line, Line]]) -> bool:
    """A line for each page; whether every promise was kept."""
    for name, small, large in compared:
        grown = large.p50 / small.p50
        kept = grown <= MAY_GROW or name == SEARCH
        print(
            f"  {name:<44} 10,000 {small.p50:6.2f} ms  1,000,000 {large.p50:6.2f} ms  p95 {large.p95:6.2f} ms  "
            f"{grown:.2f} ×  {'ok' if kept else 'NOT KEPT'}",
            flush=True,
        )
    return all(large.p50 <= MAY_GROW * small.p50 for name, small, large in compared if name != SEARCH)


if __name__ == "__main__":
    with place() as its:
        pages.fill_people(its)
        fill(its)
        say(run(its))
