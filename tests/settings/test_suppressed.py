"""Blocked addresses: shown with their reason, blocked by hand, let go by an admin."""

from dashboard import settings
from dashboard.database import rows
from dashboard.deliveries.suppressed import hidden_name
from tests.leads.cast import a_lead, said, verbs_of

PATH = "/acme/settings/suppressed"


async def blocked(organization, email: str, reason: str = "unsubscribed", age: int = 0) -> None:
    await rows("INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, {}, {}, '', now() - {} * interval '1 day')", organization.id, email, reason, age)  # fmt: skip


async def test_the_list_says_who_is_blocked_and_why_and_finds_one(vera, acme, borealis):
    await blocked(acme, "rosa@lark.example")
    await blocked(acme, "gone@lark.example", "bounced", 3)
    await blocked(borealis, "theirs@lark.example")
    page = (await vera.get(PATH)).text
    assert page.index("rosa@lark.example") < page.index("gone@lark.example") and "Mail bounced" in page
    assert "theirs@" not in page and "Let go" not in page and "suppress-form" not in page
    found = (await vera.get(f"{PATH}?q=GONE")).text
    assert "gone@lark.example" in found and "rosa@" not in found
    assert "rosa@" not in (await vera.get(f"{PATH}?reason=bounced")).text


async def test_an_agent_blocks_an_address_once_and_a_wrong_one_keeps_what_was_typed(ana, acme):
    lead = await a_lead(acme, email="rosa@lark.example")
    answer = await ana.post(PATH, data={"email": " Rosa@Lark.example "})
    assert said(answer) == "Nothing goes to rosa@lark.example any more."
    assert said(await ana.post(PATH, data={"email": "rosa@lark.example"})) == "rosa@lark.example was blocked already."
    assert await verbs_of(lead) == ["blocked"]
    wrong = await ana.post(PATH, data={"email": "rosa"})
    assert wrong.status_code == 422 and 'value="rosa"' in wrong.text and "Write the whole address" in wrong.text


async def test_an_admin_lets_an_address_go_and_an_agent_cannot(ana, alice, bob, acme, borealis):
    await blocked(acme, "rosa@lark.example")
    [line] = await rows("SELECT id FROM suppression")
    path = f"{PATH}/{line['id']}/release"
    assert (await ana.post(path)).status_code == 403
    assert said(await bob.post(path.replace("acme", "borealis"))) == "It was let go already."
    assert said(await alice.post(path)) == "rosa@lark.example gets mail again."
    assert said(await alice.post(path)) == "It was let go already." and await rows("SELECT 1 FROM suppression") == []


async def test_somebody_who_was_forgotten_has_no_name_here_and_stays_blocked(alice, acme):
    assert settings.current()
    await blocked(acme, hidden_name(acme.id, "rosa@lark.example"))
    page = (await alice.get(PATH)).text
    assert "Somebody who was forgotten" in page and "erased:" not in page and "Let go" not in page
    assert said(await alice.post(PATH, data={"email": "rosa@lark.example"})) == "rosa@lark.example was blocked already."
