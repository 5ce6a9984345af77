"""Every door of the building, tried by everybody: generated from the routes themselves, so a new one is tried too."""

import pytest
from litestar import Litestar, get

from dashboard import links
from dashboard.accounts import csrf
from dashboard.accounts.current import POLICIES, viewer
from dashboard.accounts.forms import SLUG
from dashboard.database import rows
from dashboard.navigation import RESERVED_SLUGS
from dashboard.piccolo_app import APP_CONFIG
from tests.world import CANARY, ROLES, World, changed_since, doors, fingerprint

ORGANIZATION_POLICIES = ROLES
FOREIGN = {
    "no token": {"X-CSRF-Token": ""},
    "a made-up token": {"X-CSRF-Token": "x" * 43},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sister site": {"Sec-Fetch-Site": "same-site"},
    "an address typed by hand": {"Sec-Fetch-Site": "none"},
    "nonsense": {"Sec-Fetch-Site": "?!"},
    "another origin": {"Origin": "https://evil.example"},
    "our name on another port": {"Origin": "https://test.local:444"},
    "no origin": {"Origin": "null"},
    "text that claims to be JSON": {"X-CSRF-Token": "", "Content-Type": "text/plain"},
    "htmx without a token": {"X-CSRF-Token": "", "HX-Request": "true"},
}


@pytest.fixture
async def world(app):
    made = World(app)
    await made.build()
    return made


def without_policy(app: Litestar) -> list[str]:
    return [str(door) for door in doors(app) if len(door.policies) != 1]


def test_every_handler_has_exactly_one_policy(app):
    assert without_policy(app) == []


def test_every_address_that_is_a_right_by_itself_is_known_as_one(app):
    """What is known stays out of logs, previews and the Referer; a new private link cannot be forgotten."""
    private = {str(door): door.path("acme") for door in doors(app) if "{token" in door.route.path_format}
    known = tuple(f"/{path}/" for path in links.OPENING)
    assert private and [door for door, path in private.items() if not path.startswith(known)] == []


async def test_an_error_at_such_an_address_tells_nobody_where_it_was(app):
    async with World(app).browser("nobody") as stranger:
        for path in links.OPENING:
            answer = await stranger.get(f"/{path}/nothing-of-ours", follow_redirects=False)
            assert answer.headers["referrer-policy"] in ("no-referrer", "strict-origin"), path
            assert "no-store" in answer.headers["cache-control"], path


def test_a_handler_without_a_policy_would_be_found():
    @get("/{org:str}/forgotten-guard")
    async def forgotten() -> str:
        return ""

    @get("/{org:str}/two-guards", guards=[viewer, POLICIES[0]])
    async def doubled() -> str:
        return ""

    @get("/{org:str}/guarded", guards=[viewer])
    async def guarded() -> str:
        return ""

    found = without_policy(Litestar([forgotten, doubled, guarded], openapi_config=None, logging_config=None))
    assert found == ["GET /{org}/forgotten-guard", "GET /{org}/two-guards"]


def test_policies_fit_their_addresses(app):
    wrong = []
    for door in doors(app):
        inside = "org" in door.route.path_parameters
        if inside != (door.policy in ORGANIZATION_POLICIES):
            wrong.append(f"{door}: {door.policy}")
        if door.outside and door.policy not in ("public", "machine"):
            wrong.append(f"{door}: outside, yet {door.policy}")
        if csrf.guard not in door.guards:
            wrong.append(f"{door}: no CSRF guard")
    assert wrong == []


def test_what_changes_something_for_the_team_needs_at_least_an_agent(app):
    changing = [str(door) for door in doors(app) if not door.safe and door.policy == "viewer" and not door.outside]
    assert changing == ["PATCH /{org}/settings/forms/{id}/preview"]  # shows what is typed, stores nothing


def test_no_organization_can_take_an_address_of_ours(app):
    ours = {route.path.split("/")[1] for route in app.routes if "/{org" not in route.path} - {""}
    assert {word for word in ours if SLUG.fullmatch(word)} - RESERVED_SLUGS == set()


async def test_nobody_gets_in_without_a_session(world):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if door.policy in ("public", "machine"):
            continue
        answer = await world.knock("nobody", door)
        to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/signin")
        if not (to_sign_in if door.safe else answer.status_code == 401):
            wrong.append(f"{door}: {answer.status_code}")
        if CANARY in answer.text:
            wrong.append(f"{door}: shows a row")
    assert wrong == [] and await changed_since(before) == []


@pytest.mark.slow
async def test_another_organizations_owner_finds_nothing_at_all(world):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if door.policy not in ORGANIZATION_POLICIES:
            continue
        answer, never = await world.knock("bob", door, "acme"), await world.knock("bob", door, "never-was")
        if answer.status_code != 404:
            wrong.append(f"{door}: {answer.status_code}")
        if answer.text != never.text:
            wrong.append(f"{door}: differs from an organization that never was")
        if changed := await changed_since(before):
            wrong.append(f"{door}: changed {changed}")
            await world.build()
    assert wrong == []


@pytest.mark.slow
async def test_another_organizations_ids_do_not_exist_at_ones_own_address(world):
    wrong = []
    for door in doors(world.app):
        if door.policy not in ORGANIZATION_POLICIES or door.endless:
            continue
        before = await rows_of_acme()
        answer = await world.knock("bob", door, "borealis")
        if answer.status_code in (403, 401) or answer.status_code >= 500:
            wrong.append(f"{door}: {answer.status_code}")
        if CANARY in answer.text or CANARY in str(answer.headers):
            wrong.append(f"{door}: shows Acme's row")
        if await rows_of_acme() != before:
            wrong.append(f"{door}: changed Acme's rows")
            await world.build()
        if door.safe and door.counted and answer.status_code != 404:
            wrong.append(f"{door}: {answer.status_code} for another organization's id")
    assert wrong == []


async def rows_of_acme() -> list[dict]:
    """One hash over what belongs to organization 1, by table."""
    owned = [
        table._meta.tablename
        for table in APP_CONFIG.table_classes
        if any(column._meta.name == "organization" for column in table._meta.columns)
    ]
    parts = [
        f"SELECT '{name}' AS name, md5(string_agg(t::text, '' ORDER BY id)) AS hash FROM {name} t "
        "WHERE organization = 1"
        for name in owned
    ]
    return await rows(" UNION ALL ".join(parts))


@pytest.mark.slow
@pytest.mark.parametrize("role", ["viewer", "agent", "admin"])
async def test_who_has_too_small_a_role_is_refused_and_nothing_changes(world, role):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if door.policy not in ORGANIZATION_POLICIES or ROLES.index(door.policy) <= ROLES.index(role):
            continue
        answer = await world.knock(role, door)
        if answer.status_code != 403 or CANARY in answer.text:
            wrong.append(f"{door}: {answer.status_code}")
        if changed := await changed_since(before):
            wrong.append(f"{door}: changed {changed}")
            await world.build()
    assert wrong == []


@pytest.mark.slow
async def test_who_has_the_role_is_let_in(world):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if door.endless or door.policy == "machine":
            continue
        person = {"public": "nobody", "signed_in": "viewer"}.get(door.policy, door.policy)
        answer = await world.knock(person, door)
        refused = answer.status_code in (401, 405) or answer.status_code >= 500 or "above may do this" in answer.text
        if refused or (door.safe and door.policy in ORGANIZATION_POLICIES and answer.status_code == 403):
            wrong.append(f"{door} as {person}: {answer.status_code}")
        if await changed_since(before):
            await world.build()
            before = await fingerprint()
    assert wrong == []


@pytest.mark.slow
async def test_looking_changes_nothing(world):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if not door.safe or door.endless:
            continue
        for person in ("nobody", "owner"):
            await world.knock(person, door)
            if changed := await changed_since(before):
                wrong.append(f"{door} as {person}: changed {changed}")
                await world.build()
                before = await fingerprint()
    assert wrong == []


@pytest.mark.parametrize("how", FOREIGN)
async def test_a_request_from_elsewhere_is_refused(world, how):
    headers, before, wrong = FOREIGN[how], await fingerprint(), []
    for door in doors(world.app):
        if door.safe or door.any_site or (door.outside and "X-CSRF-Token" in headers):
            continue
        person = "nobody" if door.policy in ("public", "machine") else "owner"
        answer = await world.knock(person, door, **headers)
        if answer.status_code != 403:
            wrong.append(f"{door}: {answer.status_code}")
        if changed := await changed_since(before):
            wrong.append(f"{door}: changed {changed}")
            await world.build()
            before = await fingerprint()
    assert wrong == []


async def test_another_sessions_token_is_refused(world):
    before, wrong = await fingerprint(), []
    tokens = [world.browser("admin").token, world.browser("nobody").token]
    for door in doors(world.app):
        if door.safe or door.outside or door.policy == "public":
            continue
        for token in tokens:
            if (await world.knock("owner", door, **{"X-CSRF-Token": token})).status_code != 403:
                wrong.append(str(door))
    assert wrong == [] and await changed_since(before) == []


async def test_machines_without_a_proof_are_refused(world):
    before, wrong = await fingerprint(), []
    for door in doors(world.app):
        if door.policy != "machine":
            continue
        for headers in ({}, {"Authorization": "Bearer x"}, {"X-Internal-Secret": ""}, {"Stripe-Signature": "t=1,v1=x"}):
            answer = await world.knock("nobody", door, **headers)
            if answer.status_code not in (400, 401, 403, 404):
                wrong.append(f"{door}: {answer.status_code}")
    assert wrong == [] and await changed_since(before) == []
