"""What outsiders write is shown as text: no script runs, no request leaves, nothing of it becomes markup."""

import json
import time

from dashboard.integrations import stripe_samples
from tests.browser.test_journey import a_plan, query

CORPUS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "\"><script>alert(1)</script>",
    "'><img src=//evil.example/x onerror=alert(1)>", "javascript:alert(1)", "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>", "<body onload=alert(1)>", "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>", "<div hx-get=/evil hx-trigger=load>", "<div data-hx-get=/evil hx-trigger=load>",
    "<b hx-on:click=alert(1)>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "<style>@import '//evil.example/x.css'</style>", "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<base href=//evil.example/>", "{{7*7}}", "{% raw %}", "${7*7}",
    "<%= 7*7 %>", "%(x)s", "{0.__class__}", "\u202eRTL override", "Z\u0336a\u0336l\u0336g\u0336o\u0336", "😀 👩‍👩‍👧‍👦", "<math><mi xlink:href=javascript:alert(1)>",
    "<object data=//evil.example/x>", "<embed src=//evil.example/x>", "<form action=//evil.example><button>x</button></form>",
    "<template><script>alert(1)</script></template>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<!--><script>alert(1)</script>-->",
    "<video><source onerror=alert(1)>", "<marquee onstart=alert(1)>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "' onmouseover='alert(1)", "\" autofocus onfocus=\"alert(1)",
]  # fmt: skip


def a_hostile_checkout(number: int, text: str) -> dict:
    event = stripe_samples.event(
        "checkout.session.completed", f"x{number}", email=f"x{number}@customer.example", name=text[:190],
        amount=12900, plan="Starter audit", now=int(time.time()),
    )  # fmt: skip
    event["data"]["object"]["metadata"] |= {"utm_source": text[:80], "utm_campaign": text}
    event["data"]["object"]["customer_details"]["phone"] = text[:40]
    return event


async def addresses(page, its) -> set[str]:
    found = await page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return {
        address.split("#")[0].removeprefix(its.url) for address in found
        if address.startswith(f"{its.url}/acme") and ".csv" not in address and "/export" not in address and "/files/" not in address
    }  # fmt: skip


async def test_no_page_runs_or_fetches_what_an_outsider_wrote(desk, open_page):
    if not await query(desk, "SELECT 1 FROM plan"):
        await a_plan(desk)
    for number, text in enumerate(CORPUS):
        assert desk.post_event(a_hostile_checkout(number, text)) == 200
    broken = stripe_samples.event("refund.created", "broken", now=int(time.time()))
    broken["data"]["object"]["currency"] = "<img src=x onerror=alert(1)>" * 9
    assert desk.post_event(broken) == 200
    staff = await open_page()
    page = await staff.sign_in()
    for _ in range(40):
        if len(await query(desk, "SELECT 1 FROM orders WHERE session LIKE 'cs_test_x%'")) == len(CORPUS):
            break
        await page.wait_for_timeout(250)
    answers = json.dumps({"address": CORPUS[0], "goal": "\n".join(CORPUS), "problem": CORPUS[2]})
    await query(desk, "UPDATE intake SET answers = $1::jsonb, state = 'submitted', submitted_at = now()", answers)
    await query(
        desk,
        "UPDATE orders SET status = 'intake_complete', intake_submitted_at = now() WHERE session LIKE 'cs_test_x%'",
    )

    waiting, seen = ["/acme/orders", "/acme/outbox", "/acme/events", "/acme/today", "/acme/settings", "/account"], set()
    kinds: dict[str, int] = {}
    while waiting and len(seen) < 90:
        address = waiting.pop(0)
        kind = "/".join(part if not part.isdigit() else "#" for part in address.split("?")[0].split("/"))
        if address in seen or kinds.get(kind, 0) >= 12:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        seen.add(address)
        answer = await page.goto(desk.url + address)
        assert answer is not None and answer.status < 500, address
        waiting += sorted(await addresses(page, desk) - seen)
    assert len(seen) > 30, seen
    injected = await page.evaluate(
        "document.querySelectorAll('main script, main [onerror], main [onload], main [hx-get=\"/evil\"]').length"
    )
    assert injected == 0
    staff.nothing_wrong()
