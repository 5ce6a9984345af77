"""How support goes: every figure leads to its tickets."""

import html
import re
from datetime import timedelta

from dashboard import clock
from dashboard.database import rows
from tests.tickets.cast import a_person, a_ticket

HOUR = timedelta(hours=1)


async def some_tickets(acme) -> None:
    """Five: answered in time, answered late, not answered and late, merged into the first, for a reason of its own."""
    now, person = clock.now(), await a_person(acme)
    made = [await a_ticket(acme, person) for _ in range(5)]
    answered = (
        (made[0], now - HOUR, now - 2 * HOUR, "solved", "good"), (made[1], now - 2 * HOUR, now - HOUR, "waiting", "bad"),
        (made[2], now - HOUR, None, "open", ""),
    )  # fmt: skip
    for ticket, due, replied, status, satisfaction in answered:
        await rows(
            "UPDATE ticket SET created_at = {}, first_reply_due_at = {}, first_replied_at = {}, status = {}, "
            "satisfaction = {}, solved_at = {} WHERE id = {}",
            now - 5 * HOUR, due, replied, status, satisfaction, now if status == "solved" else None, ticket.id,
        )  # fmt: skip
    await rows("UPDATE ticket SET merged_into = {}, status = 'closed' WHERE id = {}", made[0].id, made[3].id)
    await rows("UPDATE ticket SET reason = 'topic', priority = 'high' WHERE id = {}", made[4].id)


async def listed(browser, href: str) -> int:
    page = (await browser.get(html.unescape(href))).text
    return len(set(re.findall(r'href="/acme/tickets/(\d+)', page)))


async def test_every_figure_leads_to_as_many_tickets(vera, acme):
    await some_tickets(acme)
    page = (await vera.get("/acme/tickets/statistics?days=7")).text
    strip = page.partition('class="strip"')[2].partition("</div>")[0]
    links = dict(re.findall(r'<a href="([^"]+)"><span class="l">([^<]+)', strip))
    wanted = {"Opened": 4, "First reply": 2, "Solved in": 1, "Replied in time": 1, "It helped": 2}
    assert {name: await listed(vera, href) for href, name in links.items()} == wanted
    for kind in ("priority", "channel", "person", "reason"):
        table = page.partition(f'id="by-{kind}"')[2].partition("</table>")[0]
        cells = re.findall(r'<td role="cell" class="end num">(.*?)</td>', table)
        assert cells and all(cell.startswith("<a href") for cell in cells if cell), "no figure without its rows"
        for href, number in re.findall(r'<a href="([^"]+)">(\d+)</a>', table):
            assert await listed(vera, href) == int(number), (kind, html.unescape(href))
    assert "Other" in page.partition('id="by-reason"')[2]
