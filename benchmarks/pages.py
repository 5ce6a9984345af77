"""The orders page with ten thousand and with a million orders, beside the same page with constant rows."""

import gzip
import hashlib
import re
from dataclasses import dataclass

from benchmarks.surroundings import Place, get, p, process, timed
from dashboard.lists import keyset
from dashboard.orders.filters import ORDERS as ORDERS_PAGE

FONT = re.compile(r'@font-face{[^}]*?url\("([^"]+)"\)[^}]*?unicode-range: ?([^;}]+)')
SMALL, LARGE = 10_000, 1_000_000
TIMES, WARM_UP = 150, 20
TOKENS = {"small": "s" * 43, "large": "l" * 43}

PEOPLE = """
    INSERT INTO app_user (email, name) VALUES ('bench@acme.example', 'Bench');
    INSERT INTO organization (slug, name, last_order_number) VALUES ('small', 'Small', 10000), ('large', 'Large', 1000000);
    INSERT INTO membership ("user", organization, role)
        SELECT u.id, o.id, 'owner' FROM app_user u, organization o;
    INSERT INTO plan (organization, name) SELECT id, 'Starter audit' FROM organization;
    INSERT INTO lead (organization, email, name)
        SELECT o.id, 'lead' || n || '@customer.example', 'Lead ' || n FROM organization o, generate_series(1, 1000) n"""

ORDERS = """
    INSERT INTO orders (organization, number, lead, plan, plan_name, customer_name, customer_email, amount, currency,
                        status, payment_status, session, placed_at, confirmed_at)
    SELECT o.id, n, l.first + n % 1000, pl.id, 'Starter audit', 'Customer ' || md5(n::text), 'c' || n || '@customer.example',
           12900 + n % 900, 'EUR',
           (ARRAY['new', 'intake_pending', 'intake_complete', 'in_progress', 'done', 'done', 'done', 'cancelled'])[1 + n % 8],
           (ARRAY['paid', 'paid', 'paid', 'paid', 'refunded', 'failed'])[1 + n % 6], 'cs_' || o.id || '_' || n,
           now() - n * interval '30 seconds', now() - n * interval '30 seconds'
    FROM organization o
    JOIN plan pl ON pl.organization = o.id
    JOIN (SELECT organization, min(id) AS first FROM lead GROUP BY organization) l ON l.organization = o.id,
    generate_series(1, {count}) n WHERE o.slug = '{slug}'"""


@dataclass
class Line:
    """One page at one size: milliseconds at the server, over one connection."""

    name: str
    p50: float
    p95: float


def fill(where: Place) -> None:
    """Two organizations, one small and one large."""
    fill_people(where)
    where.run(ORDERS.format(count=SMALL, slug="small"), ORDERS.format(count=LARGE, slug="large"))
    where.run("VACUUM ANALYZE")


def fill_people(where: Place) -> None:
    """Both organizations without an order, and somebody who is signed in."""
    where.run(*PEOPLE.split(";\n"))
    for name, token in TOKENS.items():
        hashed = hashlib.sha256(token.encode()).hexdigest()
        where.run(
            f"INSERT INTO app_session (token_hash, \"user\", expires_at, last_seen_at) SELECT '\\x{hashed}', id, "
            f"now() + interval '1 day', now() FROM app_user -- {name}"
        )


def run(where: Place) -> tuple[list[tuple[str, Line, Line]], Line, dict[str, int]]:
    """Pages of both sizes in turn, the floor, and the bytes of a first and a later page."""
    compared, sizes = [], {}
    with process(where, "-m", "benchmarks.floor") as (port, _, _):
        cookies = {name: f"__Host-sid={token}" for name, token in TOKENS.items()}
        floors = measure(port, "/large/floor", cookies["large"])
        for name in ("first page", "filtered", "deepest page"):
            lines = {}
            for size in ("small", "large"):
                query = {"first page": "", "filtered": "?status=in_progress"}.get(name) or ""
                query = deepest(where, size) if name == "deepest page" else query
                lines[size] = measure(port, f"/{size}/orders{query}", cookies[size])
            compared.append((name, lines["small"], lines["large"]))
        sizes["text"], sizes["fonts"] = first_visit(port, cookies["large"])
        _, later = get(port, "/large/orders", cookies["large"], **{"Accept-Encoding": "gzip"})
        sizes["later"] = len(later)
    return compared, floors, sizes


def measure(port: int, path: str, cookie: str) -> Line:
    timed(port, path, cookie, WARM_UP)
    values = timed(port, path, cookie, TIMES)
    return Line(path, p(values, 50), p(values, 95))


def deepest(where: Place, size: str) -> str:
    """The address of the last page: a cursor 50 rows before the oldest order."""
    row = where.fetch(
        "SELECT o.id, o.placed_at FROM orders o JOIN organization g ON g.id = o.organization WHERE g.slug = $1 "
        "ORDER BY o.placed_at, o.id OFFSET 50 LIMIT 1", size,
    )  # fmt: skip
    return f"?after={keyset.write(ORDERS_PAGE.sorts['placed'], dict(row))}"


def first_visit(port: int, cookie: str) -> tuple[int, int]:
    """Bytes on the wire until the page is as it should be, in gzip: the page with its styles, scripts and icons, and
    the fonts its characters need (kept for ever; until they are there the system's letters show)."""
    _, body = get(port, "/large/orders", cookie, **{"Accept-Encoding": "gzip"})
    page, text, styles = gzip.decompress(body).decode(), len(body), ""
    for address in sorted({*re.findall(r'(?:href|src)="(/static/[^"#]+)', page)}):
        if not address.split("?")[0].endswith(".woff2"):
            _, asset = get(port, address, cookie, **{"Accept-Encoding": "gzip"})
            text += len(asset)
            styles += gzip.decompress(asset).decode() if ".css" in address else ""
    fonts = [address for address, codes in FONT.findall(styles) if set(map(ord, page)) & spanned(codes)]
    return text, sum(len(get(port, address, cookie)[1]) for address in fonts)


def spanned(codes: str) -> set[int]:
    """The characters of a `unicode-range`."""
    spans = [[int(end, 16) for end in span.strip()[2:].split("-")] for span in codes.split(",")]
    return {code for span in spans for code in range(span[0], span[-1] + 1)}
