"""Unsubscribing: by the page, by one click of a mail program, and back again. Looking changes nothing."""

import asyncio

import pytest

from dashboard import links
from dashboard.database import rows
from tests.campaigns.seed import a_campaign, a_send, enrolled
from tests.leads.cast import a_lead, verbs_of
from tests.world import changed_since, fingerprint

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def path_of(send) -> str:
    return f"/u/{links.token(links.UNSUBSCRIBE, send.id)}"


async def a_recipient(acme, **changes):
    """Somebody who got the first mail of a sequence; the second waits, in the out-tray already."""
    campaign = await a_campaign(acme, "Autumn site check", days=(0, 3))
    lead = await a_lead(acme, "Rosa Lark", email="rosa@larkandrow.example", **changes)
    person = await enrolled(campaign, lead)
    send = await a_send(campaign, "delivered", person)
    await a_send(campaign, "queued", person, step=1)
    return campaign, lead, send


async def states(lead) -> list[str]:
    found = await rows("SELECT state, reason FROM campaign_send WHERE lead = {} ORDER BY id", lead.id)
    return [f"{each['state']} {each['reason']}".strip() for each in found]


async def out_tray(lead) -> list[str]:
    return [each["state"] for each in await rows("SELECT state FROM delivery WHERE lead = {} ORDER BY id", lead.id)]


async def suppressed() -> list[tuple[str, str]]:
    return [(each["email_normalized"], each["reason"]) for each in await rows("SELECT * FROM suppression")]


async def test_looking_at_the_page_changes_nothing_and_shows_whose_it_is(stranger, acme):
    _, _, send = await a_recipient(acme)
    before = await fingerprint()
    answer = await stranger.get(path_of(send))
    assert answer.status_code == 200 and "r•••••@larkandrow.example" in answer.text and "rosa@" not in answer.text
    assert "Only stop “Autumn site check”" in answer.text and "<script>" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"
    assert await changed_since(before) == []


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
async def test_one_click_of_a_mail_program_stops_everything_without_session_token_or_origin(stranger, acme, encoding):
    _, lead, send = await a_recipient(acme)
    stranger.cookies.clear()
    stranger.token = ""
    sent = {"data": ONE_CLICK} if encoding == "urlencoded" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.provider.example"}
    for _ in range(2):
        answer = await stranger.post(path_of(send), headers=elsewhere, **sent)
        assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")
    assert await suppressed() == [("rosa@larkandrow.example", "unsubscribed")]
    assert await states(lead) == ["delivered", "stopped Unsubscribed"] and await out_tray(lead) == [
        "delivered",
        "cancelled",
    ]
    assert await verbs_of(lead) == ["unsubscribed"]


async def test_all_means_every_campaign_and_whoever_has_the_address_now(stranger, acme, borealis):
    _, lead, send = await a_recipient(acme)
    other = await a_campaign(acme, "Other", days=(0, 3))
    waiting = await a_send(other, "waiting", await enrolled(other, lead), step=1)
    await rows(
        "UPDATE lead SET email = 'new@lark.example', email_normalized = 'new@lark.example' WHERE id = {}", lead.id
    )
    heir = await a_lead(acme, "R. Lark", email="rosa@larkandrow.example")
    inherited = await a_send(other, "waiting", await enrolled(other, heir))
    theirs = await a_lead(borealis, "Rosa Lark", email="rosa@larkandrow.example")
    foreign = await a_campaign(borealis, days=(0, 3))
    elsewhere = await a_send(foreign, "waiting", await enrolled(foreign, theirs))
    answer = await stranger.post(path_of(send), data={"what": "all"}, follow_redirects=True)
    assert "You are off the list" in answer.text
    assert [
        (await rows("SELECT state FROM campaign_send WHERE id = {}", each.id))[0]["state"]
        for each in (waiting, inherited, elsewhere)
    ] == ["stopped", "stopped", "waiting"]


async def test_only_this_campaign_leaves_the_others_going(stranger, acme):
    campaign, lead, send = await a_recipient(acme)
    other = await a_campaign(acme, "Other")
    await a_send(other, "waiting", await enrolled(other, lead))
    answer = await stranger.post(path_of(send), data={"what": "campaign"}, follow_redirects=True)
    assert "“Autumn site check” is stopped" in answer.text and await suppressed() == []
    assert await states(lead) == ["delivered", "stopped Unsubscribed", "waiting"]
    found = await rows("SELECT state, reason FROM enrollment WHERE campaign = {}", campaign.id)
    assert found[0] == {"state": "stopped", "reason": "unsubscribed"}


@pytest.mark.parametrize("days", [(0,), (0, 3)], ids=["blast", "sequence"])
async def test_only_this_is_kept_and_said_although_the_last_mail_has_left(stranger, acme, days):
    campaign = await a_campaign(acme, "Autumn site check", days=days)
    lead = await a_lead(acme, "Rosa Lark", email="rosa@larkandrow.example")
    person = await enrolled(campaign, lead, state="finished")
    sends = [await a_send(campaign, "delivered", person, step=step) for step in range(len(days))]
    for _ in range(2):
        answer = await stranger.post(path_of(sends[-1]), data={"what": "campaign"}, follow_redirects=True)
        assert "“Autumn site check” is stopped" in answer.text and "Nothing has been changed" not in answer.text
    assert "“Autumn site check” is stopped" in (await stranger.get(path_of(sends[0]))).text
    assert await suppressed() == [] and await verbs_of(lead) == ["unsubscribed"]
    back = await stranger.post(path_of(sends[0]), data={"what": "back"}, follow_redirects=True)
    assert "You are on the list again" in back.text and "Nothing has been changed" not in back.text
    assert await verbs_of(lead) == ["unsubscribed", "resubscribed"]
    assert not await rows("SELECT id FROM campaign_send WHERE unsubscribed_at IS NOT NULL")


async def test_keeping_changes_nothing_and_saying_nothing_is_asked_again(stranger, acme):
    _, _, send = await a_recipient(acme)
    before = await fingerprint()
    kept = await stranger.post(path_of(send), data={"what": "keep"}, follow_redirects=True)
    assert "You stay on the list" in kept.text
    empty = await stranger.post(path_of(send), data={})
    assert empty.status_code == 422 and "Choose what to stop." in empty.text
    assert [each for each in await changed_since(before) if each != "attempt"] == []


async def test_a_mistake_is_taken_back_by_the_person(stranger, acme):
    _, lead, send = await a_recipient(acme)
    await stranger.post(path_of(send), data={"what": "all"})
    answer = await stranger.post(path_of(send), data={"what": "back"}, follow_redirects=True)
    assert "Stop these mails?" in answer.text and await suppressed() == []
    assert await states(lead) == ["delivered", "waiting"]
    assert await verbs_of(lead) == ["unsubscribed", "resubscribed"]
    assert (await rows("SELECT unsubscribed_at FROM campaign_send WHERE id = {}", send.id))[0][
        "unsubscribed_at"
    ] is None


async def test_what_was_skipped_long_ago_is_not_sent_after_all(stranger, acme):
    _, lead, send = await a_recipient(acme)
    await stranger.post(path_of(send), data={"what": "all"})
    await rows("UPDATE enrollment SET ended_at = ended_at - interval '2 hours'")
    back = await stranger.post(path_of(send), data={"what": "back"}, follow_redirects=True)
    assert "You are on the list again. “Autumn site check” itself does not go on." in back.text
    assert await suppressed() == [] and await states(lead) == ["delivered", "stopped Unsubscribed"]


async def test_an_address_that_bounced_or_complained_stays_suppressed(stranger, acme):
    _, _, send = await a_recipient(acme)
    await rows(
        "INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, 'rosa@larkandrow.example', 'complained', '', now())",
        acme.id,
    )
    page = (await stranger.get(path_of(send))).text
    assert "You are off the list" in page and "undo" not in page
    await stranger.post(path_of(send), data=ONE_CLICK)
    await stranger.post(path_of(send), data={"what": "back"})
    assert await suppressed() == [("rosa@larkandrow.example", "complained")]


async def test_a_mail_that_is_being_handed_over_is_left_to_end_and_says_what_became_of_it(stranger, acme):
    _, lead, send = await a_recipient(acme)
    await rows("UPDATE delivery SET state = 'sending' WHERE lead = {} AND state = 'queued'", lead.id)
    await stranger.post(path_of(send), data={"what": "all"})
    assert await states(lead) == ["delivered", "queued"] and await out_tray(lead) == ["delivered", "sending"]


async def test_many_clicks_at_once_are_one(visit, acme):
    _, lead, send = await a_recipient(acme)
    browsers = [await visit(None) for _ in range(5)]
    answers = await asyncio.gather(*(each.post(path_of(send), data=ONE_CLICK) for each in browsers))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await suppressed()) == 1 and await verbs_of(lead) == ["unsubscribed"]


@pytest.mark.parametrize("token", ["x", "1.1.AAAA", "999999.1.x", "%00", "1.1." + "é" * 27])
async def test_a_forged_link_says_so_kindly_and_is_counted(stranger, acme, token):
    await a_recipient(acme)
    answer = await stranger.get(f"/u/{token}")
    assert answer.status_code == 403 and "This link is not complete" in answer.text
    posted = await stranger.post(f"/u/{token}", data=ONE_CLICK)
    assert posted.status_code == 403 and await suppressed() == []


async def test_a_link_for_another_purpose_opens_nothing(stranger, acme):
    _, _, send = await a_recipient(acme)
    assert (await stranger.get(f"/u/{links.token(links.INTAKE, send.id)}")).status_code == 403
    assert (await stranger.get(f"/u/{links.token(links.UNSUBSCRIBE, send.id, 2)}")).status_code == 403


async def test_a_link_with_any_letter_changed_unsubscribes_nobody(stranger, acme):
    _, _, send = await a_recipient(acme)
    token = links.token(links.UNSUBSCRIBE, send.id)
    before = await fingerprint()
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert (await stranger.get(f"/u/{changed}")).status_code == 403, changed
    for method in ("HEAD", "GET", "OPTIONS"):
        for _ in range(5):
            await stranger.request(method, f"/u/{token}", headers={"Range": "bytes=0-10"})
    assert await changed_since(before) == []


async def test_the_link_of_a_test_mail_says_that_it_was_one(stranger):
    path = f"/u/{links.token(links.UNSUBSCRIBE, 0)}"
    assert "This was a test mail" in (await stranger.get(path)).text
    assert (await stranger.post(path, data=ONE_CLICK)).status_code == 200 and await suppressed() == []


async def test_too_many_changes_by_one_link_are_refused_for_a_while(stranger, acme):
    _, _, send = await a_recipient(acme)
    answers = [(await stranger.post(path_of(send), data={"what": "keep"})).status_code for _ in range(32)]
    assert answers[:30] == [303] * 30 and answers[30:] == [429, 429]


async def test_somebody_who_was_forgotten_has_no_link_any_more(stranger, acme):
    _, lead, send = await a_recipient(acme)
    await rows("UPDATE delivery SET recipient = ''")
    await rows("UPDATE lead SET email = '', email_normalized = NULL WHERE id = {}", lead.id)
    assert (await stranger.get(path_of(send))).status_code == 403
