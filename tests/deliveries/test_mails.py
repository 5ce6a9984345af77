"""Every mail, with every kind of name a person can have or invent."""

import email
import email.policy
import itertools
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import clock
from dashboard.deliveries import dispatcher, mails
from tests.deliveries import a_delivery, again
from tests.integrations import connected
from tests.partners.smtp import mail_server

LINK = "https://desk.harbour.example/f/1042.1.Jk3fAbcDEFghijkLMNopQRstu01"
OTHER = "https://desk.harbour.example/d/7.2.Jk3fAbcDEFghijkLMNopQRstu02"
NAMES = {
    "plain": "Ingrid Solheim",
    "empty": "",
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "attribute": '" onmouseover="alert(3)',
    "template": "{{7*7}} {% raw %} ${7*7} <%= 7*7 %> %(x)s {0.__class__} #{7*7}",
    "header": "Rob\r\nBcc: everyone@evil.example\r\n\r\nBuy now",
    "separator": "Rob\u2028Bcc: everyone@evil.example\u2029x\u0085y",
    "emoji": "🦊 👩‍🔧 Zoë",
    "rtl": "\u202eمريم العلي\u2066",
    "address": "evil.example/pay https://evil.example Robin",
    "long": "N" * 200,
    "control": "Rob\x01\x02\x1b[31min\x7f",
}
ORGANIZATIONS = {
    "plain": SimpleNamespace(
        name="Harbour & Pine",
        colour=2,
        persona={"signs_as": "Maya"},
        postal_address="Quay 4, 5003 Bergen",
        time_zone="Europe/Oslo",
    ),
    "hostile": SimpleNamespace(
        name='Acme"<b>\r\nBcc: x@evil.example',
        colour=99,
        persona={"signs_as": "<i>{{7*7}}</i>"},
        postal_address="<hr>",
        time_zone="UTC",
    ),
}


def facts_of(name: str, person: str) -> dict[str, Any]:
    """What the mail needs, with a person's text wherever a person's text can come in."""
    order = SimpleNamespace(
        number=1042,
        plan_name=person,
        amount=128400,
        currency="EUR",
        placed_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC),
        due_at=datetime(2026, 11, 26, 8, tzinfo=UTC),
    )
    every = {
        "lead": SimpleNamespace(name=person),
        "order": order,
        "plan": SimpleNamespace(form=1),
        "link": LINK,
        "nr": 2,
        "fields": [person, "Logo"],
        "message": f"{person}\nSecond line",
        "title": person,
        "offer": person,
        "name": person,
        "organization_name": person,
        "inviter": person,
        "role": "agent",
        "amount": person,
        "received": person,
        "sums": [{"code": "EUR", "facts": [("Net", person), ("Orders", "7")]}],
        "days": 90,
        "files": [{"name": person, "link": LINK}],
        "deliverables": [{"title": person, "link": LINK, "version": 1}, {"title": "Two", "link": OTHER, "version": 2}],
    }
    kind = mails.KINDS[name]
    return {fact: every[fact] for fact in (*kind.needs, *kind.may)}


def rendered(name: str, person: str, organization: str = "plain") -> mails.Mail:
    of = None if mails.KINDS[name].account else ORGANIZATIONS[organization]
    return mails.render(name, of, **facts_of(name, person))


class Page(HTMLParser):
    """What a mail program would build: tags, addresses and the text it shows."""

    VOID = ("meta", "br", "img", "hr", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


@pytest.mark.parametrize("name", mails.KINDS)
def test_names_stay_names(name):
    for person, organization in itertools.product(NAMES, ORGANIZATIONS):
        check_one(name, person, organization)


def check_one(name: str, person: str, organization: str) -> None:
    mail = rendered(name, NAMES[person], organization)
    page = Page(mail.html)
    assert page.open == [], "every tag is closed"
    allowed = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "h1", "p"}
    assert set(page.tags) <= allowed | {"strong", "span", "bdi", "br", "a"}
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("src", "srcset", "srcdoc")]
    assert not re.search(r"[\r\n\x00-\x1f\x7f\u0085\u2028-\u202e\u2066-\u2069]", mail.subject)
    assert 3 < len(mail.subject) <= mails.LONGEST_SUBJECT
    for given in (mail.subject, mail.text, page.text):
        assert "49" not in given, "nothing is computed"
        if person == "template" and "{{7*7}}" in given:
            assert "${7*7} <%= 7*7 %> %(x)s {0.__class__} #{7*7}" in " ".join(given.split())
    if person != "template" and organization == "plain":
        assert not re.search(r"\{\{|\{%|%\(|None\b|Undefined", page.text + mail.text), "no unresolved placeholder"
    assert len(mail.html) < 60_000


@pytest.mark.parametrize("name", mails.KINDS)
def test_both_forms_carry_every_link(name):
    mail = rendered(name, "Ingrid Solheim")
    page = Page(mail.html)
    hrefs = [value for key, value in page.attributes if key == "href"]
    kind = mails.KINDS[name]
    expected = {mails.ONE_TIME} if kind.account else {LINK} if "link" in (*kind.needs, *kind.may) else set()
    if name == "handover":
        expected = {LINK, OTHER}
    if name == "reply":
        expected = {LINK}
    assert set(hrefs) == expected
    for link in expected:
        assert hrefs.count(link) == 2, "the button, and the plain address below it"
        assert link in page.text
        assert re.search(rf"^{re.escape(link)}$", mail.text, re.M), "alone on its line, so that programs make it a link"


@pytest.mark.parametrize("name", mails.KINDS)
def test_speaks_in_the_organizations_name_and_colour(name):
    mail = rendered(name, "Ingrid Solheim")
    account = mails.KINDS[name].account
    speaker, colour = ("Backdesk", mails.COLOURS[5]) if account else ("Harbour & Pine", mails.COLOURS[2])
    text = Page(mail.html).text
    assert speaker in text and speaker in mail.text
    assert colour in mail.html
    assert ("Quay 4, 5003 Bergen" in text) is ("Quay 4, 5003 Bergen" in mail.text) is (not account)
    assert "You get this mail because" in text and "You get this mail because" in mail.text
    assert name == "reply" or "Hello Ingrid," in mail.text, "who writes a reply greets as they like"
    assert 'name="color-scheme"' in mail.html and "prefers-color-scheme: dark" in mail.html


@pytest.mark.parametrize("name", mails.KINDS)
def test_a_missing_fact_stops_the_mail(name):
    facts = facts_of(name, "Ingrid")
    for fact in mails.KINDS[name].needs:
        with pytest.raises(TypeError, match=fact):
            mails.render(name, ORGANIZATIONS["plain"], **{k: v for k, v in facts.items() if k != fact})


@pytest.mark.parametrize("name", mails.KINDS)
def test_what_may_be_left_out_leaves_no_trace(name):
    facts = {fact: value for fact, value in facts_of(name, "Ingrid").items() if fact in mails.KINDS[name].needs}
    mail = mails.render(name, None if mails.KINDS[name].account else ORGANIZATIONS["plain"], **facts)
    assert "None" not in mail.text + Page(mail.html).text


def test_every_template_is_a_known_mail():
    files = {path.stem for path in mails.TEMPLATES.iterdir() if not path.name.startswith("_")}
    assert files == set(mails.KINDS)
    for name in files:
        assert (mails.TEMPLATES / f"{name}.txt").read_text().startswith("Subject: ")


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Ingrid Solheim", "Ingrid"),
        ("  zoë-marie o'neill ", "zoë-marie"),
        ("O’Brien", "O’Brien"),
        ("مريم العلي", "مريم"),
        ("李小龙", "李小龙"),
        ("J.R. Ewing", ""),
        ("evil.example", ""),
        ("https://evil.example", ""),
        ("a@b.example", ""),
        ("<b>Rob</b>", ""),
        ("{{7*7}}", ""),
        ("🦊", ""),
        ("007", ""),
        ("", ""),
        ("\u202eRob", ""),
        ("N" * 41, ""),
    ],
)
def test_greets_with_a_first_name_or_nobody(name, greeting):
    assert mails.first_name(name) == greeting


def test_dates_are_those_of_the_organization():
    mail = rendered("payment_confirmation", "Audit")
    assert "Date: 21 Nov 2026" in mail.text, "half past eleven at night in UTC is the next day in Oslo"
    assert "Ready by: Thu 26 Nov 2026" in mail.text


def test_the_first_and_the_last_reminder_differ():
    facts = facts_of("intake_reminder", "Audit")
    first = mails.render("intake_reminder", ORGANIZATIONS["plain"], **(facts | {"nr": 1}))
    last = mails.render("intake_reminder", ORGANIZATIONS["plain"], **(facts | {"nr": 2}))
    assert first.subject != last.subject
    assert "last reminder" in last.text and "last reminder" not in first.text


@pytest.mark.parametrize("name", mails.KINDS)
async def test_arrives_as_two_parts_under_one_header_each(name, acme):
    """Read again from the wire by a parser that is not ours."""
    mail = rendered(name, NAMES["header"], "hostile")
    payload = {
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "from_name": 'A"<b>\r\nBcc: x@evil.example',
    }
    delivery = await a_delivery(acme, payload=payload | {"from": "hello@harbor.example"}, name=name)
    async with mail_server() as server:

        async def outside(_):
            return connected(None, server)

        assert await dispatcher.work(outside, clock.now()) == 1
        assert (await again(delivery)).state == "sent", (await again(delivery)).why
        (envelope,) = server.taken
    parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert envelope.rcpt_tos == ["robin@mail.example"]
    assert [key for key in parsed if key.lower() in ("subject", "from", "to", "bcc", "cc")] == [
        "From",
        "To",
        "Subject",
    ]
    assert parsed["subject"] == mail.subject
    assert parsed["from"].addresses[0].addr_spec == "hello@harbor.example"
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert parsed.get_body(("html",)).get_content().splitlines() == mail.html.splitlines()
    assert parsed.get_body(("plain",)).get_content().splitlines() == mail.text.splitlines()
    assert parsed.defects == []
