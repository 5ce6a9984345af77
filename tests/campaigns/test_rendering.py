"""One mail for one person: what is filled in stays text, one subject stays one line, and only its own addresses count."""

from html.parser import HTMLParser

import pytest

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.campaigns import rendering
from dashboard.campaigns.rendering import Addresses, Texts, render, values
from tests.hostile import CORPUS

SHOP = "https://shop.example/a?x=1&y=2"
TEXTS = Texts(
    subject="For {{ first_name | you }} at {{ company }}",
    html=f"""<p title="{{{{ company }}}}">Hi {{{{ first_name | you & yours }}}}, {{{{ company }}}}</p>
        <p><a href="{SHOP}">Look</a> <a href="https://shop.example/for?who={{{{ company }}}}">Yours</a>
        <img src="https://shop.example/i.png" alt="{{{{ company }}}}"></p>
        <p><a href="{{{{ unsubscribe_link }}}}">Unsubscribe</a></p>""",
)
ALLOWED = {"html", "head", "meta", "title", "body", "div", "p", "a", "img", "br"}
INJECTIONS = (
    "Robin\r\nBcc: everyone@people.example",
    "Robin\nSubject: other",
    "Robin\x00\x0b\x0c\x85\u2028\u2029Bcc: x",
    "\r\n\r\n<script>alert(1)</script>",
)


def organization(**facts) -> Organization:
    return Organization(slug="acme", name="Acme", colour=1, persona={}, postal_address="Main Street 1", **facts)


def lead(**facts) -> dict:
    return {"name": "Robin Reyes", "company": "Harbor", "email": "robin@people.example", "attributes": {}} | facts


class Seen(HTMLParser):
    """What a mail program finds in the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def hrefs(self) -> list[str | None]:
        return [facts.get("href") for tag, facts in self.tags if tag == "a"]


@pytest.fixture
def addresses(settings) -> Addresses:
    return rendering.addresses(7, {SHOP: 3})


def rendered(texts: Texts, person: dict, addresses: Addresses, **said) -> rendering.Mail:
    return render(texts, values(person, organization()), addresses, organization(), **said)


def test_the_same_mail_is_the_same_to_the_last_byte(addresses):
    assert rendered(TEXTS, lead(), addresses) == rendered(TEXTS, lead(), addresses)


def test_values_and_fallbacks_stand_where_they_belong(addresses):
    mail = rendered(TEXTS, lead(), addresses)
    assert mail.subject == "For Robin at Harbor" and "Hi Robin, Harbor" in mail.html and "Hi Robin, Harbor" in mail.text
    nameless = rendered(TEXTS, lead(name=""), addresses)
    assert nameless.subject == "For you at Harbor" and "Hi you &amp; yours, Harbor" in nameless.html
    assert "Hi you & yours, Harbor" in nameless.text


@pytest.mark.parametrize("text", [*CORPUS, *INJECTIONS])
def test_what_a_person_calls_themselves_is_text_and_nothing_else(text, addresses):
    mail = rendered(TEXTS, lead(name=text, company=text), addresses)
    seen = Seen(mail.html)
    assert {tag for tag, _ in seen.tags} <= ALLOWED and not any("pwned" in facts for _, facts in seen.tags)
    assert len(seen.tags) == len(Seen(rendered(TEXTS, lead(), addresses).html).tags)
    assert seen.hrefs[0] == f"https://test.local/c/{links.token(rendering.CLICK, 7, 3)}"
    assert str(seen.hrefs[1]).startswith("https://shop.example/for?who=") and seen.hrefs[2] == addresses.unsubscribe
    said = rendering.values(lead(company=text), organization()).get("company", "")
    assert said in "".join(seen.words) and said in mail.text
    assert len(mail.subject.splitlines()) <= 1 and "\r" not in mail.subject and len(mail.subject) <= 200
    assert not any(len(value.splitlines()) > 1 for value in [mail.from_name, mail.reply_to, *mail.headers.values()])


@pytest.mark.parametrize("text", [*CORPUS, *INJECTIONS])
def test_what_staff_wrote_is_cleaned_and_no_template_engine_reads_it(text, addresses):
    texts = Texts(text, f'<p>{text}</p><a href="{text}">x</a>', text)
    mail = rendered(texts, lead(), addresses)
    seen = Seen(mail.html)
    assert not any("pwned" in facts or any(name.startswith("on") for name in facts) for _, facts in seen.tags)
    assert not {tag for tag, _ in seen.tags} & {"script", "style", "iframe", "object", "base", "link", "form", "svg"}
    assert not any(str(href or "").lower().startswith(("javascript", "data", "vbscript")) for href in seen.hrefs)
    assert "pwned49pwned" not in mail.html + mail.text + mail.subject and len(mail.subject.splitlines()) <= 1


def test_braces_across_tags_and_attributes_open_no_way_out(addresses):
    hostile = (
        '<b title="{{ company | ">a }}" onmouseover=alert(1) x="</b><img alt=\'{{ company | " onerror="x }}\' src=x>'
    )
    seen = Seen(rendered(Texts("x", hostile), lead(company='" onload="alert(1)'), addresses).html)
    assert not any(name.startswith("on") for _, facts in seen.tags for name in facts)


@pytest.mark.parametrize(
    "href",
    ["{{ company }}", "https://{{ company }}/", "https://a{{ company }}.example/", "//{{ company }}", "/inside",
     "javascript:alert(1)", "https://a.example@{{ company }}/", "data:text/html,x", "{{ unsubscribe_link }}x"],
)  # fmt: skip
def test_a_link_whose_host_a_value_would_decide_leads_nowhere(href, addresses):
    seen = Seen(rendered(Texts("x", f'<a href="{href}">x</a>'), lead(company="evil.example"), addresses).html)
    assert seen.hrefs == [None]


def test_a_value_in_an_address_is_quoted(addresses):
    mail = rendered(TEXTS, lead(company="A&B /?#"), addresses)
    assert "https://shop.example/for?who=A%26B%20%2F%3F%23" in Seen(mail.html).hrefs


def test_only_addresses_of_the_text_itself_are_counted(addresses):
    texts = Texts("x", "", f"See {SHOP}. And https://shop.example/?n={{{{ company }}}} or {{{{ company }}}}")
    assert rendering.urls(texts) == [SHOP]
    mail = rendered(texts, lead(company=SHOP), addresses)
    counted = f"https://test.local/c/{links.token(rendering.CLICK, 7, 3)}"
    assert f"See {counted}. And" in mail.text and mail.text.count(counted) == 1


def test_every_address_of_html_and_text_is_found_once():
    texts = Texts(
        "x", f'<a href="{SHOP}">a</a><a href="HTTPS://b.example">b</a><a href="mailto:a@b.example">c</a>', SHOP
    )
    assert rendering.urls(texts) == [SHOP, "HTTPS://b.example"]


def test_a_token_tells_which_mail_and_which_link(addresses):
    token = addresses.clicks[SHOP].rsplit("/", 1)[1]
    assert links.read(rendering.CLICK, token) == (7, 3) and links.read(rendering.OPEN, token) is None
    assert links.read(links.UNSUBSCRIBE, addresses.unsubscribe.rsplit("/", 1)[1]) == (7, 1)


def test_the_headers_are_those_of_rfc_8058(addresses):
    mail = rendered(TEXTS, lead(), addresses, from_name="Ana\r\nBcc: x@y.example", reply_to="ana@acme.example")
    assert mail.headers == {
        "List-Unsubscribe": f"<{addresses.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }  # fmt: skip
    assert mail.from_name == "Ana Bcc: x@y.example" and mail.reply_to == "ana@acme.example"


def test_the_picture_that_counts_openings_is_left_out_of_previews(addresses, settings):
    assert f"https://test.local/o/{links.token(rendering.OPEN, 7)}.gif" in rendered(TEXTS, lead(), addresses).html
    assert "/o/" not in rendered(TEXTS, lead(), rendering.untracked()).html


def test_a_text_is_made_from_the_html_where_none_was_written(addresses):
    html = '<h1>News</h1><p>Hi <b>{{ first_name }}</b>,<br>two things:</p><ul><li>One</li><li>Two</li></ul><p><a href="https://a.example/">Read</a></p>'
    text = rendered(Texts("x", html), lead(), addresses).text
    assert text.startswith("News\n\nHi Robin,\ntwo things:\n\n- One\n- Two\n\nRead (https://a.example/)\n")
    assert rendered(Texts("x", html, "Own words"), lead(), addresses).text.startswith("Own words\n")


def test_lines_typed_without_tags_stay_lines(addresses):
    html = rendered(Texts("x", "Hi {{ first_name }},\nhow < are you\n\nBye"), lead(), addresses).html
    assert "<p>Hi Robin,<br>\nhow &lt; are you</p>" in html and "<p>Bye</p>" in html


def test_own_questions_fill_their_places(addresses):
    texts = Texts(
        "{{ attribute.size | small }}", "", "{{ attribute.size }} {{ attribute.vip }} {{ attribute.gone | - }}"
    )
    mail = rendered(texts, lead(attributes={"size": 12, "vip": True, "gone": None}), addresses)
    assert mail.subject == "12" and mail.text.startswith("12 yes -")


def test_a_mail_without_a_word_is_still_a_mail(addresses):
    mail = rendered(Texts("", ""), lead(), addresses)
    assert mail.subject == "" and mail.text == "\n\nAcme\nMain Street 1\n" and "Acme" in mail.html
