"""Styles, scripts and fonts: what browsers get, and that each page links the style sheets of what it shows."""

import gzip
import re
from pathlib import Path

import pytest

from benchmarks.pages import spanned
from dashboard import assets, templating

TEMPLATES = Path(templating.ROOT, "templates")
SOURCES = {
    path.relative_to(TEMPLATES).as_posix(): path.read_text()
    for path in TEMPLATES.rglob("*.html")
    if path.parent.name != "mails"  # these carry their own styles
}
MACROS = dict(re.findall(r"{% macro (\w+)\(.*?%}(.*?){% endmacro %}", SOURCES["ui.html"], re.DOTALL))
PAGES = [name for name, text in SOURCES.items() if "{% extends" in text and not Path(name).name.startswith("_")]
STYLES = re.compile(r"{% block styles %}(.*?){% endblock %}")


def test_a_style_sheet_is_joined_and_keeps_what_is_in_quotes():
    text = assets.find("css/desk.css").body.decode()
    assert "/*" not in text and "\n" not in text and "@layer reset,tokens,base" in text
    for path in ("vendor/inter.css", "css/app.css", "css/screens.css"):
        source = re.sub(r"/\*.*?\*/", "", Path(assets.ROOT, path).read_text(), flags=re.DOTALL)
        wanted = [each for each in re.findall(r'"[^"]*"', source) if "/" not in each]
        assert wanted and all(each in text for each in wanted)
        assert text.count("{") == sum(
            Path(assets.ROOT, each).read_text().count("{") for each in assets.JOINED["css/desk.css"]
        )


def test_shortening_changes_no_selector_and_no_value():
    before = '.a .b > c:is(d, e) {\n  margin: calc(1px + 2px)  0;\n  content: "; }  ";\n  & :hover { top: 0; }\n}\n'
    after = '.a .b > c:is(d,e){margin: calc(1px + 2px) 0;content: "; }  ";& :hover{top: 0}}'
    assert assets.STYLE.sub(assets._shorter, before) == after


def test_scripts_are_joined_in_order_and_no_text_of_theirs_goes_over_lines():
    sources = [Path(assets.ROOT, name).read_text() for name in assets.JOINED["js/desk.js"]]
    assert all(line.count("`") % 2 == 0 for text in sources for line in text.splitlines())
    wanted = [line.strip() for text in sources for line in text.splitlines()]
    kept = assets.find("js/desk.js").body.decode().splitlines()
    dropped = set(wanted) - set(kept)
    assert kept == [line for line in wanted if line in set(kept)]
    assert all(not line or line.startswith(("//", "/**", "*")) for line in dropped)


async def test_a_file_comes_compressed_and_only_once(stranger):
    first = await stranger.get(assets.address("css/desk.css"))
    assert first.headers["content-encoding"] == "gzip" and "immutable" in first.headers["cache-control"]
    assert first.headers["content-type"] == "text/css; charset=utf-8" and first.headers["vary"] == "Accept-Encoding"
    assert first.content == assets.find("css/desk.css").body == gzip.decompress(assets.find("css/desk.css").packed)
    etag = {"If-None-Match": first.headers["etag"]}
    again = await stranger.get(assets.address("css/desk.css"), headers=etag)
    assert again.status_code == 304 and again.content == b""
    plain = await stranger.get(assets.address("css/desk.css"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == first.content


@pytest.mark.parametrize(
    "path",
    ["css/nothing.css", "../pyproject.toml", "%2e%2e/pyproject.toml", "css/../../app.py", "css", "", "/etc/passwd"],
)
async def test_what_is_not_there_is_not_found(stranger, path):
    assert (await stranger.get(f"/static/{path}")).status_code == 404


async def test_the_font_that_is_announced_is_the_one_the_style_sheet_names(stranger):
    page = (await stranger.get("/signin")).text
    announced = re.search(r'rel="preload" href="([^"]+)"', page)[1]
    assert f'url("{announced}")' in assets.find("css/desk.css").body.decode()
    font = await stranger.get(announced)
    assert font.content[:4] == b"wOF2" and font.headers["content-type"] == "font/woff2"
    assert len(font.content) < 18_000


def test_our_own_words_need_the_first_font_alone():
    files = re.findall(r"unicode-range: ([^;]+)", Path(assets.ROOT, "vendor/inter.css").read_text())
    first, *others = [spanned(codes) for codes in files]
    ours = "".join(text for name, text in SOURCES.items() if name != "kit.html")
    written = set(map(ord, re.sub(r"{#.*?#}", "", ours, flags=re.DOTALL)))
    assert set(range(0x20, 0x7F)) <= first and len(others) == 2
    assert not {chr(code) for other in others for code in written & other}


def anchors(css: str) -> set[str]:
    """The classes its outermost selectors begin with."""
    found, depth, start = set(), [], 0
    for match in re.finditer(r"[{};]", css):
        head, start = css[start : match.start()].strip(), match.end()
        if match[0] == "{":
            if all(each.startswith("@") for each in depth) and not head.startswith("@"):
                for part in re.split(r",(?![^(]*\))", head):
                    found.update(re.findall(r"\.([a-zA-Z][\w-]*)", part)[:1])
            depth.append(head)
        elif match[0] == "}":
            depth.pop()
    return found


def parents(name: str) -> list[str]:
    """The template and those it extends."""
    above = re.search(r'{% extends "([^"]+)"', SOURCES[name])
    return [name, *(parents(above[1]) if above else [])]


def shown(name: str) -> set[str]:
    """The template, what it extends and includes."""
    found = set(parents(name))
    for each in list(found):
        for named in re.findall(r'{% (?:include|from) "([^"]+)"', SOURCES[each]):  # a whole name, or how several begin
            for included in [named] if named in SOURCES else [other for other in SOURCES if other.startswith(named)]:
                found |= shown(included)
    return found


def classes(text: str) -> set[str]:
    """The class names in its markup, those of the macros it uses too."""
    words = " ".join(" ".join(pair) for pair in re.findall(r'class="([^"]*)"|cls="([^"]*)"', text))
    used = set(re.findall(r"[a-zA-Z][\w-]*", words))
    for macro in set(re.findall(r"ui\.(\w+)\(", text)) & MACROS.keys():
        inner = MACROS[macro]
        used |= classes(re.sub(r"{{ (\w+)\(", r"{{ ui.\1(", inner))
    return used


OWNERS = {area: anchors(assets.find(f"css/{area}.css").body.decode()) for area in assets.areas()}
EVERYWHERE = anchors(assets.find("css/desk.css").body.decode())


def linked(name: str) -> set[str]:
    """The areas a page links: its own block, else that of what it extends; on public pages always `public`."""
    chain = parents(name)
    block = next((found[1] for each in chain if (found := STYLES.search(SOURCES[each]))), "")
    areas = set(assets.areas()) if "style_areas" in block else set(re.findall(r'"(\w+)"', block))
    return areas | ({"public"} if chain[-1] == "public.html" else set())


def lacking(name: str, page: str) -> set[str]:
    """The classes of a template, and of what it includes, that no style sheet of this page knows and another does."""
    styled = EVERYWHERE.union(*(OWNERS[area] for area in linked(page)))
    return set().union(*(classes(SOURCES[each]) for each in shown(name))) & set().union(*OWNERS.values()) - styled


def test_each_page_links_the_style_sheets_of_everything_it_shows():
    missing = {name: sorted(found) for name in PAGES if (found := lacking(name, name))}
    assert len(PAGES) > 30 and not missing


def test_what_is_fetched_later_has_its_styles_on_some_page_beside_it():
    included = set().union(*(shown(each) for each in PAGES))
    missing = {}
    for name in SOURCES.keys() - included:
        beside = [page for page in PAGES if Path(page).parent == Path(name).parent]
        found = [lacking(name, page) for page in beside]
        if found and all(found):
            missing[name] = sorted(min(found, key=len))
    assert len(included) < len(SOURCES) and not missing
