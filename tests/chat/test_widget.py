"""What a company's site gets: a small script, and a panel that opens on its own sites only."""

import gzip
import json
import re
from pathlib import Path

import pytest

from dashboard import assets
from dashboard.accounts.tables import Organization

SHOP = "https://shop.example"
LOADER, PANEL = 5_000, 40_000  # bytes, compressed


@pytest.fixture
async def listing(acme):
    await Organization.update({Organization.support: {"origins": [SHOP, "http://localhost:8080"]}}).where(
        Organization.id == acme.id
    )
    return acme


async def test_the_script_is_small_and_knows_where_it_may_appear(stranger, listing):
    answer = await stranger.get("/embed/acme.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(gzip.compress(answer.content)) <= LOADER
    facts = json.loads(re.search(r"openChat\((\{.*\})\);\}$", answer.text)[1])
    assert facts["sites"] == [SHOP, "http://localhost:8080"] and facts["panel"] == "https://test.local/chat/acme/panel"
    again = await stranger.get("/embed/acme.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content
    for nothing in ("/embed/acme", "/embed/.js", "/embed/nobody.js", "/embed/acme.css"):
        assert (await stranger.get(nothing)).status_code == 404, nothing


async def test_a_name_in_the_script_stays_a_name(stranger, listing):
    name = 'Acme"});alert(1)//\u2028</script>'
    await Organization.update({Organization.name: name}).where(Organization.id == listing.id)
    text = (await stranger.get("/embed/acme.js")).text
    assert json.loads(re.search(r"openChat\((\{.*\})\);\}$", text)[1])["name"] == name and text.isascii()


async def test_the_panel_weighs_little_with_all_it_loads(stranger, listing):
    page = await stranger.get("/chat/acme/panel")
    linked = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
    loaded = {each: await stranger.get(each) for each in linked}
    styles = next(each for path, each in loaded.items() if ".css" in path)
    fonts = [each for each in re.findall(r'url\("([^"]+)"\)', styles.text) if "/inter.woff2" in each]
    parts = [page.content, *(each.content for each in loaded.values())]
    weight = sum(len(gzip.compress(each)) for each in parts)
    weight += len((await stranger.get(fonts[0])).content)
    print(f"the panel with all it loads: {weight} bytes")
    assert len(linked) >= 3 and len(fonts) == 1 and weight <= PANEL, weight


async def test_the_panel_opens_on_listed_sites_only(stranger, listing, borealis):
    policy = (await stranger.get("/chat/acme/panel")).headers["content-security-policy"]
    assert f"frame-ancestors {SHOP} http://localhost:8080" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy and policy.count("frame-ancestors") == 1
    nobody = (await stranger.get("/chat/borealis/panel")).headers["content-security-policy"]
    assert "frame-ancestors 'none'" in nobody
    for path in ("/chat/acme", "/signin", "/embed/acme.js"):
        assert "frame-ancestors 'none'" in (await stranger.get(path)).headers["content-security-policy"], path


async def test_the_settings_show_what_to_paste(alice, acme):
    page = (await alice.get("/acme/settings/support")).text
    assert "No site is listed yet" in page
    assert "&lt;script async src=&#34;https://test.local/embed/acme.js&#34;&gt;&lt;/script&gt;" in page
    saved = await alice.post("/acme/settings/support", data={"origins": SHOP, "cap": "1"})
    assert "No site is listed yet" not in saved.text and SHOP in saved.text


def test_the_scripts_keep_to_the_strict_policy():
    for path in ("embed/loader.js", "js/chat.js"):
        text = Path(assets.ROOT, path).read_text()
        assert not re.search(r"\beval\(|new Function|\.style\b|setAttribute\(\"style|javascript:|\.on\w+ =", text), path
