"""A walk through every page and every fragment, as anybody, that notices what should not be there.

The addresses come from the routing table, so a new one is walked too."""

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace

from playwright.async_api import Page

from dashboard import clock, links
from dashboard.accounts import one_time, sessions
from tests.browser.conftest import Watched
from tests.hostile import CORPUS
from tests.hostile_rows import SAID
from tests.world import ROLES, Door, World, doors

EVERYBODY = (*ROLES, "nobody")
MAILS = {
    "outbox.preview",
    "templates.preview",
    "campaigns.preview",
}  # HTML as it was sent, looked at in its frame, whose policy takes every right away
QUERIES = {"views.new": "?page=orders"}
LOOK = (Path(__file__).parent / "look.js").read_text()


def script(name: str) -> str:
    """One of the functions of look.js, to be evaluated in a page."""
    return f"argument => {{ {LOOK}\nreturn {name}(argument ?? document) }}"


class Wary(Watched):
    """A page in which nothing may run, ask or leave."""

    def __init__(self, page: Page, its) -> None:
        super().__init__(page, its)
        page.on("requestfailed", self.ended)

    def _console(self, message) -> None:
        odd_date = "does not conform to the required format" in message.text
        framed = "/preview" in message.location.get("url", "")  # a frame without rights says that it has none
        if not odd_date and not framed:
            super()._console(message)

    def _request(self, url: str) -> None:
        if url.startswith(f"{self.its.url}/evil"):
            self.complaints.append(f"asked for {url}")

    def ended(self, request) -> None:
        """What our policy stops is a request to Playwright too; one that failed in another way had left."""
        if not request.url.startswith((self.its.url, "blob:", "about:", "data:")) and "csp" not in (
            request.failure or ""
        ):
            self.elsewhere.append(f"left for {request.url}")


@contextlib.asynccontextmanager
async def visitor(chromium, url: str, name: str, protected: bool):
    context = await chromium.new_context(bypass_csp=not protected, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    if name != "nobody":
        cookie = {"name": sessions.COOKIE, "value": f"{name:_<43}", "domain": "127.0.0.1", "path": "/", "secure": True}
        await context.add_cookies([cookie])
    try:
        yield Wary(await context.new_page(), SimpleNamespace(url=url))
    finally:
        await context.close()


async def keys_of_strangers(world: World) -> dict[str, str]:
    """What the addresses of private links end with, by how they begin."""
    found = {f"/{path}/": links.token(purpose, 1) for purpose, path in links.PATHS.items()}
    for purpose, path in one_time.PATHS.items():
        facts = {} if purpose == "setup" else {"user": world.users["viewer"].id, "email": CORPUS[0]}
        facts |= {"organization": 1, "role": "agent"} if purpose == "invitation" else {}
        token = await one_time.prepare(purpose, clock.now(), **facts)
        found[f"/{path}/"] = await one_time.secret_for(token)
    return found


def addresses(door: Door, keys: dict[str, str], most: int) -> list[str]:
    """One for each row the door may be about, but not more than so many."""
    start = door.route.path_format.partition("{")[0]
    said = dict.fromkeys(("token", "secret"), keys.get(start, "x" * 43)) | SAID
    numbers = range(1, most + 1) if door.counted else [1]
    return [door.path("acme", number, **said) + QUERIES.get(door.handler.name, "") for number in numbers]


def open_to(name: str, door: Door) -> bool:
    if door.policy in ROLES:
        return name in ROLES and ROLES.index(name) >= ROLES.index(door.policy)
    return door.policy == "public" or (door.policy == "signed_in" and name != "nobody")


class Walk:
    """One person's walk. `paths`: handler's name → addresses."""

    def __init__(self, its: Wary, paths: dict[str, list[str]]) -> None:
        self.its, self.page, self.paths = its, its.page, paths
        self.answered: set[str] = set()
        self.wrong: list[str] = []

    async def through_pages(self, whole: dict[str, bool]) -> None:
        """`whole` remembers which answers are whole pages, for those who walk beside."""
        for name, (path, *_) in self.paths.items():
            if name not in whole:
                answer = await self.page.context.request.get(self.its.its.url + path)
                self.note(name, answer.status)
                whole[name] = name not in MAILS and (await answer.body())[:15].lower() == b"<!doctype html>"
            if whole[name]:
                shown = await self.page.goto(self.its.its.url + path)
                self.note(name, shown.status)
                self.wrong += [f"{name}: {each}" for each in await self.page.evaluate(script("look"))]

    async def through_fragments(self) -> None:
        await self.its.open("/signin")
        asked = [(name, path) for name, paths in self.paths.items() for path in paths if name not in MAILS]
        statuses, found = await self.page.evaluate(script("fragments"), [path for _, path in asked])
        for (name, _), status in zip(asked, statuses, strict=True):
            self.note(name, status)
        self.wrong += found

    def note(self, name: str, status: int) -> None:
        if status == 200:
            self.answered.add(name)
        if status >= 500:
            self.wrong.append(f"{name}: {status}")


async def walked(
    chromium, world: World, url: str, protected: bool, pages: tuple[str, ...], rows: dict[str, int]
) -> tuple[set[str], list[str]]:
    """All walk at once: these through pages, and those through the fragments of so many rows. The names of the handlers
    that had something to show, and what was wrong."""
    keys, walks, whole = await keys_of_strangers(world), {}, {}
    safe = [door for door in doors(world.app) if door.safe and not door.endless]

    async def walk(name: str) -> None:
        most = rows.get(name, 1)
        paths = {door.handler.name: addresses(door, keys, most) for door in safe if open_to(name, door)}
        async with visitor(chromium, url, name, protected) as its:
            walks[name] = Walk(its, paths)
            if name in pages:
                await walks[name].through_pages(whole)
            if name in rows:
                await walks[name].through_fragments()

    await asyncio.gather(*(walk(name) for name in {*pages, *rows}))
    wrong = [
        f"{name}: {each}" for name, one in walks.items() for each in one.wrong + one.its.complaints + one.its.elsewhere
    ]
    return set().union(*(one.answered for one in walks.values())), wrong
