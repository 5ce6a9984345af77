"""Files leave us as attachments, whatever they contain, and only to those who may have them."""

import pytest

from dashboard import links
from dashboard.files import actions, storage
from dashboard.files.tables import File

ACTIVE = {
    "a.html": b"<script>alert(1)</script>", "a.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "a.xml": b"<?xml version='1.0'?><x/>", "a.pdf": b"%PDF-1.7 /JS (app.alert(1))", "a.gif": b"GIF89a/*<script>*/=1;",
    "report": b"<!doctype html><script>alert(1)</script>", "a.jpg\u202egpj.html": b"<script>alert(1)</script>",
}  # fmt: skip


def is_never_active(answer):
    headers = answer.headers
    assert headers["content-disposition"].startswith("attachment; filename=")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"] == "private, no-store" and headers["referrer-policy"] == "no-referrer"
    kind = headers["content-type"].split(";")[0]
    assert kind not in ("text/html", "image/svg+xml", "text/xml", "application/xml", "application/javascript")


@pytest.mark.parametrize("name", ACTIVE)
async def test_active_content_is_only_ever_saved(alice, stranger, acme, name):
    file = await actions.store(acme, ACTIVE[name], name, "customer")
    for answer in (
        await alice.get(f"/acme/files/{file.id}"), await stranger.get(f"/d/{links.token(links.DOWNLOAD, file.id)}"),
    ):  # fmt: skip
        assert answer.status_code == 200 and answer.content == ACTIVE[name]
        is_never_active(answer)


async def test_head_says_the_same_without_the_bytes(alice, stranger, acme):
    file = await actions.store(acme, b"x" * 5000, "a.txt", "staff")
    for who, address in ((alice, f"/acme/files/{file.id}"), (stranger, f"/d/{links.token(links.DOWNLOAD, file.id)}")):
        answer = await who.head(address)
        assert answer.status_code == 200 and answer.content == b"" and answer.headers["content-length"] == "5000"
        is_never_active(answer)


async def test_bytes_are_not_compressed_or_changed_on_the_way(alice, acme):
    body = b"a" * 2_000_000
    file = await actions.store(acme, body, "a.txt", "staff")
    answer = await alice.get(f"/acme/files/{file.id}", headers={"Range": "bytes=0-10", "Accept-Encoding": "gzip"})
    assert answer.content == body and answer.headers["content-length"] == str(len(body))
    assert "content-encoding" not in answer.headers


async def test_only_the_team_and_whoever_has_the_link_get_a_file(alice, vera, bob, stranger, acme):
    file = await actions.store(acme, b"x", "a.txt", "customer")
    assert (await vera.get(f"/acme/files/{file.id}")).status_code == 200
    assert (await bob.get(f"/acme/files/{file.id}")).status_code == 404
    assert (await bob.get(f"/borealis/files/{file.id}")).status_code == 404
    assert (await alice.get("/acme/files/999")).status_code == 404
    assert (await stranger.get(f"/acme/files/{file.id}", follow_redirects=False)).status_code in (303, 401)


async def test_a_link_that_was_changed_revoked_or_made_for_something_else_opens_nothing(stranger, acme):
    file = await actions.store(acme, b"secret", "a.txt", "customer")
    token = links.token(links.DOWNLOAD, file.id)
    wrong = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    wrong += [links.token(links.INTAKE, file.id), links.token(links.DOWNLOAD, file.id, 2), token + "." + token, "x"]
    for forged in wrong:
        for method in ("GET", "HEAD"):
            answer = await stranger.request(method, f"/d/{forged}")
            assert answer.status_code == 403 and b"secret" not in answer.content, forged
    assert (await stranger.get(f"/d/{token}")).content == b"secret"
    await actions.revoke_links(file)
    refused = await stranger.get(f"/d/{token}")
    assert refused.status_code == 403 and "This link is not valid any more" in refused.text
    assert refused.headers["referrer-policy"] == "no-referrer"
    newer = await File.get_of(acme, file.id)
    assert (await stranger.get(f"/d/{links.token(links.DOWNLOAD, file.id, newer.link_version)}")).status_code == 200


async def test_lost_bytes_are_said_to_be_lost(alice, acme):
    file = await actions.store(acme, b"x", "a.txt", "customer")
    await storage.delete(file.storage_key)
    answer = await alice.get(f"/acme/files/{file.id}")
    assert answer.status_code == 404 and "lost on our side" in answer.text
