"""`make bench`: the figures this project promises, side by side with what they are measured against.

`python -m benchmarks PART…` measures some of them."""

import sys
import time

from benchmarks import campaigns, desk, imports, leads, ledger, pages, revenue, support, visitors, webhooks
from benchmarks.surroundings import Place, application, memory, place, process

MAY_GROW, MAY_COST, WEBHOOKS_AT_LEAST = 1.3, 2.0, 0.6
SEARCH_P95 = 150.0  # ms
IMPORT_AT_LEAST, IMPORT_MEMORY = 0.1, 50
MAILS_AT_LEAST, MAILS, MAILS_MEMORY = 0.6, 1_000, 20
REVENUE_GROWS, REVENUE_P95 = 3.0, 400.0  # ms
START, MEMORY, FIRST, LATER = 2.0, 150, 60_000, 12_000


def say(name: str, figure: str, promise: str, kept: bool) -> None:
    print(f"  {name:<44} {figure:<34} {promise:<28} {'ok' if kept else 'NOT KEPT'}")


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        sys.exit(f"There is no part {', '.join(unknown)}. Known: {', '.join(PARTS)}.")
    with place() as where:
        print("Filling 10,000 and 1,000,000 orders…", flush=True)
        began = time.perf_counter()
        pages.fill(where)
        print(f"  in {time.perf_counter() - began:.0f} s. Milliseconds below are of this machine: trust the ratios.\n")
        for name in chosen:
            PARTS[name](where)


def orders(where: Place) -> None:
    compared, floor, sizes = pages.run(where)
    print("Orders page, one request after the other")
    print(f"  {'constant rows (the floor)':<44} p50 {floor.p50:6.2f} ms  p95 {floor.p95:6.2f} ms")
    for name, small, large in compared:
        grown, cost = large.p50 / small.p50, large.p50 / floor.p50
        print(f"  {name + ', 10,000 orders':<44} p50 {small.p50:6.2f} ms  p95 {small.p95:6.2f} ms")
        print(f"  {name + ', 1,000,000 orders':<44} p50 {large.p50:6.2f} ms  p95 {large.p95:6.2f} ms")
        say("  a million costs", f"{grown:.2f} × ten thousand", f"at most {MAY_GROW} ×", grown <= MAY_GROW)
        say("  the page costs", f"{cost:.2f} × the floor", f"at most {MAY_COST} ×", cost <= MAY_COST)
    print("Bytes, gzip")
    first = sizes["text"] + sizes["fonts"]
    print(f"  {'first visit without the font':<44} {sizes['text']:,}")
    say("first visit with the font", f"{first:,}", f"under {FIRST:,}", first < FIRST)
    say("a later page", f"{sizes['later']:,}", f"under {LATER:,}", sizes["later"] < LATER)


def arrivals(where: Place) -> None:
    ours, bare = webhooks.run(where)
    print("Accepted signed webhooks per second")
    print(f"  {'bare handler: verify, insert, commit':<44} {bare:,.0f}")
    say(
        "ours",
        f"{ours:,.0f} = {ours / bare:.0%}",
        f"at least {WEBHOOKS_AT_LEAST:.0%}",
        ours / bare >= WEBHOOKS_AT_LEAST,
    )


def importing(where: Place) -> None:
    found = imports.run(where)
    print(f"Importing {imports.LINES:,} lines, lines per second")
    print(f"  {'COPY into a table without an index':<44} {found.bare:,.0f}")
    print(f"  {'COPY into the table of leads, as it is':<44} {found.copy:,.0f}")
    share = found.run / found.copy
    say(
        "import", f"{found.run:,.0f} = {share:.0%} of COPY", f"at least {IMPORT_AT_LEAST:.0%}", share >= IMPORT_AT_LEAST
    )
    print(f"  {'check and import together':<44} {found.both:,.0f} = {found.both / found.copy:.0%} of COPY")
    print(f"  {'the check alone':<44} {found.check:,.0f}")
    print(f"  {'undo':<44} {found.undo:,.0f}")
    say("memory the process grew by", f"{found.grown:.0f} MB", f"under {IMPORT_MEMORY} MB", found.grown < IMPORT_MEMORY)


def knowledge(where: Place) -> None:
    p50, p95 = support.run(where)
    print(f"Finding the answer to a question among {support.SECTIONS:,} sections")
    say("answer", f"p50 {p50:.1f} ms, p95 {p95:.1f} ms", f"p95 under {support.PROMISE:.0f} ms", p95 < support.PROMISE)


def support_desk(where: Place) -> None:
    print(f"Filling {desk.SMALL:,} and {desk.LARGE:,} conversations…", flush=True)
    began = time.perf_counter()
    desk.fill(where)
    print(f"  in {time.perf_counter() - began:.0f} s\n")
    print("Approvals and tickets, one request after the other")
    for name, small, large in desk.run(where):
        grown = large.p50 / small.p50
        print(f"  {name + f', {desk.SMALL:,} conversations':<44} p50 {small.p50:6.2f} ms  p95 {small.p95:6.2f} ms")
        print(f"  {name + f', {desk.LARGE:,} conversations':<44} p50 {large.p50:6.2f} ms  p95 {large.p95:6.2f} ms")
        say("  a hundred times as many cost", f"{grown:.2f} ×", f"at most {MAY_GROW} ×", grown <= MAY_GROW)
    slow(where)


def slow(where: Place) -> None:
    found = visitors.run(where)
    print(f"Staff pages while {visitors.VISITORS} visitors wait for a model that takes {visitors.SLOW:.0f} s")
    say("asked the model at once", f"{found.asked}", f"{visitors.VISITORS}", found.asked >= visitors.VISITORS)
    asked = visitors.VISITORS * visitors.QUESTIONS
    say("questions with an answer", f"{found.answered[200]}", f"{asked}", found.answered[200] == asked)
    for quiet, busy in zip(found.quiet, found.busy, strict=True):
        print(f"  {quiet.name + ', nobody asks':<44} p50 {quiet.p50:6.2f} ms  p95 {quiet.p95:6.2f} ms")
        figure = f"p50 {busy.p50:.2f} ms  p95 {busy.p95:.2f} ms"
        say(
            f"{busy.name}, all of them ask", figure, f"p95 under {visitors.PROMISE:.0f} ms", busy.p95 < visitors.PROMISE
        )


def campaign(where: Place) -> None:
    print(f"A campaign to {campaigns.PEOPLE:,} people, mails per second")
    for each in campaigns.run(where):
        name, share = f"provider answers after {each.delay} ms", each.handed / each.bare
        print(f"  {name + ', taken in and queued':<44} {each.enqueued:,.0f}")
        print(f"  {name + ', bare loop':<44} {each.bare:,.0f}")
        say(
            "  handed over",
            f"{each.handed:,.0f} = {share:.0%}",
            f"at least {MAILS_AT_LEAST:.0%}",
            share >= MAILS_AT_LEAST,
        )
        say("  and more than", f"{each.handed:,.0f}", f"{MAILS:,}", each.handed > MAILS)
        before, after = each.memory
        say("  memory", f"{before:.0f} MB, at the end {after:.0f} MB", "flat", after - before < MAILS_MEMORY)


def start(where: Place) -> None:
    seconds, resident = [], []
    for _ in range(3):
        with process(where, *application()) as (_, started, took):
            seconds.append(took)
            time.sleep(4)
            resident.append(memory(started.pid))
    print("The process")
    say("start with a migrated database", f"{min(seconds):.2f} s", f"under {START} s", min(seconds) < START)
    say("idle memory", f"{max(resident):.0f} MB", f"under {MEMORY} MB", max(resident) < MEMORY)


def recipients(where: Place) -> None:
    print("Filling a campaign with 10,000 and one with 1,000,000 rows…", flush=True)
    ledger.fill(where)
    print("The ledger of a campaign, one request after the other")
    ledger.say(ledger.run(where))


def people(where: Place) -> None:
    print("Filling 10,000 and 1,000,000 leads…", flush=True)
    began = time.perf_counter()
    leads.fill(where)
    print(f"  in {time.perf_counter() - began:.0f} s\n")
    figures = leads.run(where)
    print("Leads, one request after the other")
    for name, small, large in figures.pages:
        grown = large.p50 / small.p50
        print(f"  {name + ', 10,000 leads':<44} p50 {small.p50:6.2f} ms  p95 {small.p95:6.2f} ms")
        print(f"  {name + ', 1,000,000 leads':<44} p50 {large.p50:6.2f} ms  p95 {large.p95:6.2f} ms")
        say("  a million costs", f"{grown:.2f} × ten thousand", f"at most {MAY_GROW} ×", grown <= MAY_GROW)
    print("Searching a million leads")
    for typed, line in figures.searches:
        print(f"  {typed:<44} p50 {line.p50:6.2f} ms  p95 {line.p95:6.2f} ms")
    every = figures.all
    print(f"  {'all of them':<44} p50 {every.p50:6.2f} ms")
    say("  all of them, p95", f"{every.p95:.0f} ms", f"under {SEARCH_P95:.0f} ms", every.p95 < SEARCH_P95)


def money(where: Place) -> None:
    print("Filling 10,000 and 1,000,000 payments…", flush=True)
    began = time.perf_counter()
    revenue.fill(where)
    print(f"  in {time.perf_counter() - began:.0f} s\n")
    figures = revenue.run(where)
    print("Revenue, one request after the other")
    print(f"  {'the days of a million payments made in':<44} {figures.made:.0f} s")
    for name, small, large in figures.pages:
        grown = large.p95 / small.p95
        print(f"  {name + ', 10,000 payments':<44} p50 {small.p50:6.2f} ms  p95 {small.p95:6.2f} ms")
        print(f"  {name + ', 1,000,000 payments':<44} p50 {large.p50:6.2f} ms  p95 {large.p95:6.2f} ms")
        say("  a million costs", f"{grown:.2f} × ten thousand", f"at most {REVENUE_GROWS} ×", grown <= REVENUE_GROWS)
        say("  a million, p95", f"{large.p95:.0f} ms", f"under {REVENUE_P95:.0f} ms", large.p95 < REVENUE_P95)


PARTS = {
    "orders": orders, "webhooks": arrivals, "import": importing, "campaign": campaign, "start": start,
    "knowledge": knowledge, "leads": people, "ledger": recipients, "revenue": money,
    "desk": support_desk,
}  # fmt: skip

if __name__ == "__main__":
    main()
