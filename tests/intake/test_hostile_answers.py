"""Whatever a customer types or calls a file is shown as text: to themselves, on the order page, in mails and alerts."""

import re
from html.parser import HTMLParser

from dashboard import clock
from dashboard.deliveries.tables import Delivery
from dashboard.intake import actions
from tests.intake.cast import RIGHT, again, an_intake, path

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
    "{{7*7}}",
    "{% raw %}",
    "${7*7}",
    "<%= 7*7 %>",
    "%(x)s",
    "{0.__class__}",
    "<a hx-get=/acme/orders hx-trigger=load>",
    "<p data-hx-on:click=alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>",
    "&lt;script&gt;",
    "\u202e<script>",
    "<x onclick=alert(1) hx-on:load=alert(1)>",
    "]]><script>",
    "\u2028alert(1)",
]
ALL = "\n".join(CORPUS)


class Reader(HTMLParser):
    """What a browser would find active in a page."""

    def __init__(self):
        super().__init__()
        self.active = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag in ("iframe", "math", "x", "style", "mglyph") or (
            tag == "script" and not named.get("src", "").startswith("/static/")
        ):
            self.active.append(tag)
        for name, value in attrs:
            value = value or ""
            if (
                name.startswith(("on", "hx-on", "data-hx-"))
                or name == "srcdoc"
                or value.lower().strip().startswith("javascript:")
            ):
                self.active.append(f"{tag} {name}")
            if name == "hx-trigger" and value == "load" and tag == "a":
                self.active.append(f"{tag} {name}={value}")
            if name == "src" and value == "x":
                self.active.append(tag)


def active_in(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.active + re.findall(r">\s*49\s*<", page)


def mail_is_plain(delivery) -> bool:
    """A mail has a style element of its own, and nothing else of the kind."""
    return [found for found in active_in(delivery.payload.get("html", "")) if found != "style"] == []


def test_the_reader_finds_what_is_active():
    assert all(active_in(f"<p>{evil}</p>") for evil in (CORPUS[n] for n in (0, 1, 5, 13, 14, 15, 19)))


async def test_hostile_text_is_shown_as_text_everywhere(stranger, alice, ana, acme):
    evil = CORPUS[0] + CORPUS[1]
    intake = await an_intake(acme, alice.user, name=CORPUS[2])
    files = [("q.brand", (name, b"x")) for name in CORPUS[:15]]
    typed = await stranger.post(path(intake), data={"q.goal": ALL, "q.website": CORPUS[2], "later": "1"}, files=files)
    assert typed.status_code == 303
    wrong = await stranger.post(
        path(intake), data={"q.goal": ALL, "q.website": CORPUS[3], "q.words": evil, "q.matter": "search"}
    )
    assert wrong.status_code == 422 and "&lt;script&gt;alert(1)&lt;/script&gt;" in wrong.text
    right = RIGHT | {"q.goal": ALL, "q.matter": "search", "q.words": evil}
    sent = await stranger.post(path(intake), data=right)
    assert sent.status_code == 303
    pages = [wrong, await stranger.get(path(intake)), await stranger.get(path(intake, "/done"))]
    now = await again(intake)
    assert now.answers["goal"] == ALL
    dialog = await ana.post(f"/acme/orders/{intake.order.number}/intake/asks", data={"message": ALL})
    await actions.ask_again(now, ["goal"], ALL, by=alice.user, now=clock.now())
    link = await ana.post(f"/acme/orders/{intake.order.number}/intake/link", data={})
    assert dialog.status_code == 422 and link.status_code == 200 and "&lt;svg onload" in link.text
    pages += [
        dialog,
        link,
        await ana.get(f"/acme/orders/{intake.order.number}"),
        await stranger.get(path(await again(intake))),
    ]
    for page in pages:
        assert active_in(page.text) == [], page.url
    for delivery in await Delivery.of(acme):
        assert mail_is_plain(delivery) and "\n" not in delivery.title, delivery.name


async def test_a_hostile_form_definition_is_text_too(stranger, alice, vera, acme):
    def evil(n):
        return CORPUS[n] + CORPUS[1]

    options = [{"value": evil(3), "label": evil(4), "help": evil(5)}, {"value": "b", "label": "B"}]
    field = {"key": "a", "type": "choice", "label": evil(0), "help": evil(2), "required": True, "options": options}
    shown = {"key": "b", "type": "file", "label": evil(6), "when": {"field": "a", "is": evil(3)}}
    sections = [{"key": "s1", "title": evil(7), "fields": [field, shown]}]
    intake = await an_intake(acme, alice.user, definition={"title": evil(8), "intro": evil(9), "sections": sections})
    form = "/acme/settings/forms/1"
    for who, address in (
        (stranger, path(intake)),
        (alice, form),
        (alice, form + "?field=a"),
        (vera, form),
        (alice, form + "/preview"),
    ):
        page = await who.get(address)
        assert page.status_code == 200 and active_in(page.text) == [], address
    tried = await stranger.patch(path(intake), data={"q.a": evil(3)})
    assert tried.json()["visible"]["b"] is True
