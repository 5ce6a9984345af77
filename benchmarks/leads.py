"""The lead list with ten thousand and with a million leads: first and deepest page, filters, search.

The people are made in the database from syllables, so that names, companies and addresses repeat as they do in life:
a few names are very common, most are rare."""

from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.pages import TOKENS, Line, measure
from benchmarks.surroundings import Place, application, p, process, timed
from dashboard.campaigns.audience import LEADS as LEADS_PAGE
from dashboard.leads import board
from dashboard.lists import keyset

SMALL, LARGE = 10_000, 1_000_000
SEARCHES, ROUNDS = 12, 2

# Squaring a random number between 0 and 1 makes the first entries of a list common and the last ones rare.
WORDS = """
    CREATE TABLE bench_first AS SELECT row_number() OVER () - 1 AS i, w FROM unnest(ARRAY[
        'Anna','Lars','Ingrid','Tomás','Maria','Jan','Zoë','Pierre','Aiko','Emeka','Nora','Yusuf','Clara','José','Marta',
        'Daniel','Sofia','Jonas','Rachel','Björn','Łukasz','Øystein','Chloé','Mehmet','Priya','Wei','Fatima','Giulia',
        'Håkon','Renée','Sean','Siobhán','Dmitri','Olga','Carlos','Lucía','Mateo','Camila','Noah','Emma','Liam','Ava',
        'Elias','Frida','Gustav','Hanna','Ivan','Julia','Karl','Lena']) w;
    CREATE TABLE bench_last AS SELECT row_number() OVER (ORDER BY md5(a || m || b || c)) - 1 AS i, a || m || b || c AS w FROM
        unnest(ARRAY['Mar','Kow','Lin','Hol','Ber','Sand','Pet','Nak','Oka','Tan','Vos','Wei','Fitz','Hern','Sol']) a,
        unnest(ARRAY['a','el','in','ar','o','ger','al','ber','ku','en','ist','us']) m,
        unnest(ARRAY['','la','ri','ve','to','nu','dre','mi','sa','kel']) b,
        unnest(ARRAY['ski','sen','mann','heim','ez','berg','dóttir','quist','ova','ini','son','stad','eau','ley']) c;
    CREATE TABLE bench_company AS SELECT row_number() OVER (ORDER BY md5(a || b)) - 1 AS i, a || b AS w FROM
        unnest(ARRAY['North','Harbour','Pine','Bright','Paper','Coast','Kumo','Lark','Row','Café','Pierogi','Wren','Stone',
                     'Blue','Green','Silver','Alpen','Fjord','Delta','Nova','Orion','Tide','Maple','Urban']) a,
        unnest(ARRAY[' Interiors',' Dental',' Studio',' Logistics',' House',' & Co',' Media',' Foods',' Radio','light',
                     'water','works',' Lantern',' Partners',' Bakery',' Clinic',' Cycles',' Garden']) b"""
LEADS = """
    INSERT INTO lead (organization, email, email_normalized, name, company, phone, phone_normalized, stage, source, owner,
                      value, currency, tags, attributes, score, score_reasons, scored_at, last_contact_at, created_at)
    SELECT o, mail, mail, name, company, '+47 ' || phone, '47' || phone,
           (ARRAY['new','new','new','qualified','qualified','quoted','won','lost'])[1 + n % 8],
           (ARRAY['Website','Calculator','Chat','Campaign','Referral','Import','Form'])[1 + n % 7],
           CASE WHEN n % 3 = 0 THEN person END, CASE WHEN n % 2 = 0 THEN 10000 + (n % 977) * 1300 ELSE 0 END,
           CASE WHEN n % 2 = 0 THEN 'EUR' ELSE '' END,
           CASE WHEN n % 4 = 0 THEN ARRAY[tag + n % 20] WHEN n % 9 = 0 THEN ARRAY[tag, tag + 1 + n % 19] ELSE '{{}}' END,
           jsonb_build_object('employees', n % 500, 'city', (ARRAY['Oslo','Bergen','Lyon','Porto','Kraków'])[1 + n % 5]),
           n * 79 % 101, '[[30, "Finished the calculator"]]', now(),
           CASE WHEN n % 5 < 3 THEN now() - (n % 400) * interval '1 day' END, now() - n * interval '30 seconds'
    FROM (
        SELECT n, {organization} AS o, {person} AS person, {tag}::bigint AS tag, f.w || ' ' || l.w AS name, c.w AS company,
               lower(public.unaccent(f.w || '.' || l.w)) || n || '@' || substr(md5(c.w), 1, 6) || '.example' AS mail,
               lpad((n * 79)::text, 8, '0') AS phone
        FROM (SELECT n, (hashint4(n) & 65535) / 65536.0 AS r1, (hashint4(n + 5000000) & 65535) / 65536.0 AS r2,
                     (hashint4(n + 9000000) & 65535) / 65536.0 AS r3 FROM generate_series(1, {count}) n) random
        JOIN bench_first f ON f.i = floor(r1 * r1 * (SELECT count(*) FROM bench_first))
        JOIN bench_last l ON l.i = floor(r2 * r2 * (SELECT count(*) FROM bench_last))
        JOIN bench_company c ON c.i = floor(r3 * r3 * (SELECT count(*) FROM bench_company))
    ) made ORDER BY n DESC"""
NOTES = """
    INSERT INTO note (organization, subject_kind, subject_id, text, created_at)
    SELECT organization, 'lead', id, (ARRAY['Wants a quote before Easter','Asked about the audit for restaurants',
           'Called back, no answer','Prefers mail in the morning','Budget approved by the board'])[1 + id / 10 % 5]
           || ', reference ' || id, created_at
    FROM lead WHERE organization = {organization} AND id % 10 = 0"""
TAGS = "INSERT INTO tag (organization, name, colour) SELECT {organization}, 'tag ' || n, n % 6 FROM generate_series(1, 20) n"


WORDS_KNOWN = """
    INSERT INTO lead_word (organization, word, created_at, seen_at)
    SELECT DISTINCT t.organization, w, now(), now() FROM (
        SELECT DISTINCT organization, name || ' ' || company AS text FROM lead WHERE organization = {organization}
        UNION SELECT organization, text FROM note WHERE organization = {organization}) t, lead_words(t.text) w"""
STATES = "ALTER TABLE lead {state} TRIGGER USER", "ALTER TABLE note {state} TRIGGER USER"


def fill(where: Place) -> None:
    """Leads, tags and notes in both organizations. Indexes and words are made afterwards, in a tenth of the time."""
    indexes = where.fetch(
        "SELECT array_agg(indexname::text) AS names, array_agg(indexdef) AS made FROM pg_indexes "
        "WHERE tablename IN ('lead', 'note', 'lead_word') AND indexname NOT LIKE '%pkey'"
    )
    where.run(*WORDS.split(";\n"), *(f"DROP INDEX {name}" for name in indexes["names"]))
    where.run(*(state.format(state="DISABLE") for state in STATES))
    for slug, count in (("small", SMALL), ("large", LARGE)):
        one = where.fetch("SELECT id, (SELECT min(id) FROM app_user) AS person FROM organization WHERE slug = $1", slug)
        where.run(TAGS.format(organization=one["id"]))
        tag = where.fetch("SELECT min(id) AS tag FROM tag WHERE organization = $1", one["id"])["tag"]
        facts = {"organization": one["id"], "person": one["person"], "tag": tag, "count": count}
        where.run(*(statement.format(**facts) for statement in (LEADS, NOTES, WORDS_KNOWN)))
    where.run(*(state.format(state="ENABLE") for state in STATES))
    where.run(
        "DROP TABLE bench_first, bench_last, bench_company", "SET maintenance_work_mem = '512MB'", *indexes["made"]
    )
    where.run(*(f"VACUUM ANALYZE {table}" for table in ("lead", "note", "lead_word", "tag")))


# ── measuring ──

FILTERS = "stage=new,qualified&score.over=30&2.tag=TAG&2.source=Website,Chat&2.match=any"
SORTED = "AND l.stage IN ('new', 'qualified') AND l.score >= 30 AND (l.tags && ARRAY[TAG]::bigint[] OR l.source IN ('Website', 'Chat'))"
# What people type: common and rare names, parts, several words, addresses, notes, telephone numbers, slips, nonsense.
TYPED = (
    "sofia", "oystein", "kowalski", "sandberg", "siobhan kowal", "cafe", "pierogi house", "anna.tan", "@2c2a6c", "easter",
    "budget board", "reference 100010", "+47 74 77 46 43", "an", "mar", "kowalsky", "inrgid", "hnna", "northlihgt",
    "wren interiros", "brightwoks", "zzzzqq",
)  # fmt: skip


@dataclass
class Figures:
    """Pages at both sizes, and milliseconds of searches among a million: each of TYPED, and all of them together."""

    pages: list[tuple[str, Line, Line]]
    searches: list[tuple[str, Line]]
    all: Line


def run(where: Place) -> Figures:
    """Every page at both sizes in turn, the better of two rounds; then the searches."""
    compared = []
    with process(where, *application()) as (port, _, _):
        cookies = {name: f"__Host-sid={token}" for name, token in TOKENS.items()}
        for name, path in paths(where).items():
            rounds = [[measure(port, path[size], cookies[size]) for size in TOKENS] for _ in range(ROUNDS)]
            small, large = (min(lines, key=lambda line: line.p50) for lines in zip(*rounds, strict=True))
            compared.append((name, small, large))
        searches, every = [], []
        for typed in TYPED:
            found = timed(port, "/large/leads?" + urlencode({"q": typed}), cookies["large"], SEARCHES + 1)[1:]
            searches.append((typed, Line(typed, p(found, 50), p(found, 95))))
            every += found
    return Figures(compared, searches, Line("all", p(every, 50), p(every, 95)))


def paths(where: Place) -> dict[str, dict[str, str]]:
    """The addresses of the pages, by size: the first one, and the last full one."""
    found: dict[str, dict[str, str]] = {}
    for size in ("small", "large"):
        tag = where.fetch(
            "SELECT min(t.id) AS id FROM tag t JOIN organization o ON o.id = t.organization AND o.slug = $1", size
        )["id"]
        query, sql = (text.replace("TAG", str(tag)) for text in (FILTERS, SORTED))
        lists = {"list": ("", ""), "filtered list": (query, sql), "search": ("q=sofia", "AND l.search LIKE '%sofia%'")}
        for name, (query, sql) in lists.items():
            after = keyset.write(LEADS_PAGE.sorts["created"], last(where, size, sql))
            found.setdefault(f"{name}, first page", {})[size] = f"/{size}/leads?{query}"
            found.setdefault(f"{name}, deepest page", {})[size] = f"/{size}/leads?{query}&after={after}"
        card = last(where, size, "AND l.stage = 'new'")
        below = board.write({"at": card["created_at"], "id": card["id"]})
        found.setdefault("board, first page", {})[size] = f"/{size}/leads/board"
        found.setdefault("board, deepest cards", {})[size] = f"/{size}/leads/board/lanes/new?below={below}"
    return found


def last(where: Place, size: str, sql: str) -> dict:
    """The row 50 before the end of what a condition finds."""
    row = where.fetch(
        "SELECT l.id, l.created_at FROM lead l JOIN organization o ON o.id = l.organization WHERE o.slug = $1 "
        f"AND l.deleted_at IS NULL {sql} ORDER BY l.created_at, l.id OFFSET 50 LIMIT 1", size,
    )  # fmt: skip
    return dict(row)
