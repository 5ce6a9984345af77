"""The revenue page with ten thousand and with a million payments of thirteen months, after their days were made."""

import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.pages import TOKENS, Line, measure
from benchmarks.surroundings import ROOT, Place, application, process
from dashboard.revenue.periods import CHOICES

SMALL, LARGE = 10_000, 1_000_000
SLUGS = {"small": "revenue-small", "large": "revenue-large"}
PAGES = {
    **{f"revenue, {name.lower()}": f"revenue?period={key}" for key, name in CHOICES.items()},
    "revenue, 12 months by plan": "revenue?period=12m&by=plan",
    "rows of 30 days": "revenue/rows?of=payments&period=30d",
    "rows of 12 months, one source": "revenue/rows?of=payments&period=12m&currency=EUR&by=source&value=Website",
    "people of 12 months": "revenue/rows?of=people&period=12m&kind=ordered",
}

# Values: organization, payments. A lead for each ten payments, six orders for each ten, a subscription for each hundred;
# one lead in three has moved on.
PEOPLE = """
    INSERT INTO plan (organization, name) SELECT {own}, 'Plan ' || n FROM generate_series(1, 4) n;
    INSERT INTO campaign (organization, name) VALUES ({own}, 'Spring'), ({own}, 'Autumn');
    INSERT INTO campaign_step (organization, campaign, position) SELECT {own}, id, 1 FROM campaign WHERE organization = {own};
    INSERT INTO campaign_link (organization, campaign, url) SELECT {own}, id, 'https://acme.example' FROM campaign
        WHERE organization = {own};
    INSERT INTO lead (organization, email, email_normalized, name, source, stage, created_at)
        SELECT {own}, mail, mail, 'Lead ' || n, (ARRAY['Website','Referral','Chat','Campaign','Import','Fair',''])[1 + n % 7],
               (ARRAY['new','qualified','quoted','won','lost'])[1 + n % 5],
               now() - (n::bigint * 7919 % 34128000) * interval '1 second'
        FROM (SELECT n, 'lead' || n || '@customer.example' AS mail FROM generate_series(1, {payments} / 10) n) one;
    INSERT INTO activity (organization, subject_kind, subject_id, verb, data, created_at)
        SELECT {own}, 'lead', id, 'moved', jsonb_build_object('from', jsonb_build_object('stage', 'new'),
               'to', jsonb_build_object('stage', 'qualified')), created_at + id % 40 * interval '1 day'
        FROM lead WHERE organization = {own} AND id % 3 = 0"""
SOLD = """
    CREATE TABLE bench_sold AS
        SELECT n, first_lead + n::bigint * 6007 % ({payments} / 10) AS lead, first_plan + n % 4 AS plan,
               now() - (n::bigint * 56311 % 34128000) * interval '1 second' AS at, 1000 + n::bigint * 97 % 90000 AS amount,
               (ARRAY['EUR','EUR','EUR','EUR','EUR','USD','USD','USD','JPY','KWD'])[1 + n % 10] AS currency
        FROM (SELECT min(id) AS first_lead FROM lead WHERE organization = {own}) l,
             (SELECT min(id) AS first_plan FROM plan WHERE organization = {own}) p,
             generate_series(1, {payments} * 6 / 10) n;
    INSERT INTO orders (organization, number, lead, plan, tier, customer_name, assignee, amount, currency, status,
                        payment_status, payment_intent, placed_at, confirmed_at, done_at)
        SELECT {own}, n, lead, plan, (ARRAY['starter','professional',''])[1 + n % 3], 'Customer ' || n,
               CASE WHEN n % 3 > 0 THEN (SELECT min(id) FROM app_user) END, amount, currency,
               CASE WHEN n % 5 > 0 THEN 'done' ELSE 'in_progress' END, 'paid', 'pi_{own}_' || n, at, at,
               CASE WHEN n % 5 > 0 THEN at + interval '3 days' END
        FROM bench_sold;
    INSERT INTO payment (organization, kind, key, amount, currency, status, payment_intent, lead, occurred_at, fee, fee_currency)
        SELECT {own}, 'charge', 'charge:' || n, amount, currency, 'succeeded', 'pi_{own}_' || n, lead, at, amount / 40, currency
        FROM bench_sold;
    INSERT INTO payment (organization, kind, key, amount, currency, status, payment_intent, occurred_at)
        SELECT {own}, 'charge', 'again:' || n, amount, currency, 'succeeded', 'pi_{own}_' || n, least(now(), at + interval '30 days')
        FROM bench_sold WHERE n % 2 = 0;
    INSERT INTO payment (organization, kind, key, amount, currency, status, payment_intent, occurred_at)
        SELECT {own}, CASE WHEN n % 60 = 3 THEN 'dispute' ELSE 'refund' END, 'back:' || n, -amount / 3, currency, 'succeeded',
               'pi_{own}_' || n, least(now(), at + n % 20 * interval '1 day')
        FROM bench_sold WHERE n % 6 = 3;
    ANALYZE orders, payment;
    INSERT INTO order_payment (organization, "order", payment)
        SELECT {own}, o.id, p.id FROM payment p JOIN orders o ON o.organization = {own} AND o.payment_intent = p.payment_intent
        WHERE p.organization = {own};
    DROP TABLE bench_sold"""
AROUND = """
    INSERT INTO enrollment (organization, campaign, lead, entered_at)
        SELECT {own}, c.id, l.id, now() FROM lead l, campaign c
        WHERE l.organization = {own} AND c.organization = {own} AND l.id % 5 = 0;
    INSERT INTO campaign_send (organization, campaign, step, enrollment, lead, due_at)
        SELECT {own}, e.campaign, s.id, e.id, e.lead, now() FROM enrollment e JOIN campaign_step s ON s.campaign = e.campaign
        WHERE e.organization = {own};
    INSERT INTO campaign_click (organization, send, link, lead, clicked_at)
        SELECT {own}, s.id, l.id, s.lead, now() - (s.id * 7907 % 34128000) * interval '1 second'
        FROM campaign_send s JOIN campaign_link l ON l.campaign = s.campaign WHERE s.organization = {own};
    INSERT INTO subscription_report (organization, key, subscription, status, monthly, currency, occurred_at)
        SELECT {own}, 'evt_' || n || '_' || m, 'sub_' || n, 'active', (ARRAY[1900, 4900, 0])[1 + (n + m) % 3], 'EUR',
               now() - (n::bigint * 7901 % 34128000) * interval '1 second' + m * interval '20 days'
        FROM generate_series(1, {payments} / 100) n, generate_series(0, 2) m;
    INSERT INTO cost (organization, kind, amount, currency, spent_on, source)
        SELECT {own}, (ARRAY['ai','mail','hand'])[1 + n % 3], 100 + n, 'EUR', (now() - n % 390 * interval '1 day')::date,
               (ARRAY['Website','Fair',''])[1 + n % 3] FROM generate_series(1, {payments} / 500) n"""
TRIGGERED = ("lead", "payment", "order_payment", "orders", "campaign_click", "activity")


@dataclass
class Figures:
    """Pages at both sizes, and how long the days of a million payments took, in seconds."""

    pages: list[tuple[str, Line, Line]]
    made: float


def fill(where: Place) -> None:
    """Two organizations of their own. Triggers rest meanwhile: the days are made afterwards, from all lines."""
    where.run(*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TRIGGERED))
    for size, payments in (("small", SMALL), ("large", LARGE)):
        where.run(
            f"INSERT INTO organization (slug, name, currency) VALUES ('{SLUGS[size]}', 'Revenue {size}', 'EUR')",
            'INSERT INTO membership ("user", organization, role) '
            f"SELECT min(u.id), o.id, 'owner' FROM app_user u, organization o WHERE o.slug = '{SLUGS[size]}' GROUP BY o.id",
        )
        own = where.fetch("SELECT id FROM organization WHERE slug = $1", SLUGS[size])["id"]
        for statements in (PEOPLE, SOLD, AROUND):
            where.run(*(each.format(own=own, payments=payments) for each in statements.split(";\n")))
    where.run(*(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TRIGGERED))
    tables = (*TRIGGERED, "campaign_send", "subscription_report", "cost")
    where.run(*(f"VACUUM ANALYZE {table}" for table in tables))


def run(where: Place) -> Figures:
    """Make the days, then every page at both sizes in turn."""
    began = time.perf_counter()
    for slug in SLUGS.values():
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "from dashboard.commands import main; main()", "revenue", "rebuild", slug],
            check=True, cwd=ROOT, env=where.env, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    made = time.perf_counter() - began
    where.run(*(f"VACUUM ANALYZE revenue_{name}" for name in ("day", "stale", "arrival", "arrival_stale")))
    compared = []
    with process(where, *application()) as (port, _, _):
        for name, path in PAGES.items():
            small, large = (
                measure(port, f"/{SLUGS[size]}/{path}", f"__Host-sid={TOKENS[size]}") for size in ("small", "large")
            )
            compared.append((name, small, large))
    return Figures(compared, made)
