"""Forms change what they name and nothing else, whatever is posted with them (T-M1)."""

import json
from urllib.parse import urlencode

import pytest

from dashboard.accounts import organizations
from dashboard.accounts.tables import Membership, Organization, User
from dashboard.database import rows
from dashboard.orders.tables import Plan
from tests.builders import a_member
from tests.world import every_column

PLAN = {
    "name": "Audit", "tier": "any", "billing": "one_off", "amount": "10", "currency": "EUR", "days_to_deliver": "5",
    "stripe_prices": "", "intake_form": "", "upsell_to": "",
}  # fmt: skip
SETTABLE = {
    "organization": {
        "name", "colour", "from_address", "postal_address", "time_zone", "currency", "working_hours", "persona",
        "retention",
    },
    "app_user": {"name", "keys_off"},
    "plan": {
        "name", "tier", "billing", "stripe_prices", "amount", "currency", "days_to_deliver", "form", "upsell_to",
    },
    "membership": {"role"},
}  # fmt: skip


@pytest.fixture
async def ada(visit, acme):
    return await visit(await a_member(acme, "ada@acme.example", "Ada Admin", "admin"))


@pytest.fixture
async def forms(acme, ada, ana):
    """(address, what a person would type, table and id of the row it is about)."""
    plan = Plan(organization=acme.id, name="Audit", currency="EUR")
    await plan.save()
    place = await Membership.objects().get(Membership.user == ana.user.id)
    return [
        ("/acme/settings", organizations.typed(acme) | {"name": "New name"}, "organization", acme.id),
        ("/account/profile", {"name": "New name"}, "app_user", ada.user.id),
        (f"/acme/settings/plans/{plan.id}", PLAN | {"name": "New name"}, "plan", plan.id),
        (f"/acme/settings/team/{place.id}/role", {"role": "viewer"}, "membership", place.id),
    ]


async def row_of(table: str, id: int) -> dict:
    return (await rows(f'SELECT * FROM "{table}" WHERE id = {{}}', id))[0]


async def counts() -> list[int]:
    return [await table.count() for table in (Organization, User, Membership, Plan)]


async def test_only_named_columns_of_one_row_change(ada, bob, forms):
    for address, typed, table, id in forms:
        others = [await rows(f'SELECT * FROM "{name}" ORDER BY id') for name in SETTABLE]
        before, rows_before = await row_of(table, id), await counts()
        answer = await ada.post(address, data=every_column() | typed)
        assert answer.status_code in (200, 303), (address, answer.text)
        after = await row_of(table, id)
        changed = {name for name in before if before[name] != after[name]}
        assert changed and changed <= SETTABLE[table], (address, changed)
        assert await counts() == rows_before
        for name, old in zip(SETTABLE, others, strict=True):
            now = await rows(f'SELECT * FROM "{name}" ORDER BY id')
            touched = {each["id"] for each, was in zip(now, old, strict=True) if each != was}
            assert touched == ({id} if name == table else set()), (address, name)


@pytest.mark.parametrize("shape", ["json", "nested", "doubled"])
async def test_other_shapes_of_the_same_form_change_nothing_else(ada, forms, shape):
    for address, typed, table, id in forms:
        before = await row_of(table, id)
        evil = {
            "id": "99",
            "organization": "99",
            "slug": "taken",
            "disabled_at": "2020-01-01",
            "archived_at": "2020-01-01",
        }
        if shape == "json":
            content, kind = json.dumps(evil | typed), "application/json"
        elif shape == "nested":
            nested = {f"{table}[{name}]": value for name, value in evil.items()} | {
                f"user.{n}": v for n, v in evil.items()
            }
            content, kind = urlencode(nested | typed), "application/x-www-form-urlencoded"
        else:
            content, kind = (
                urlencode([*typed.items(), *evil.items(), *evil.items()]),
                "application/x-www-form-urlencoded",
            )
        answer = await ada.post(address, content=content, headers={"Content-Type": kind})
        assert answer.status_code < 500, (address, shape)
        after = await row_of(table, id)
        assert {name for name in before if before[name] != after[name]} <= SETTABLE[table]


async def test_a_new_plan_belongs_to_the_organization_in_the_address(ada, acme, borealis):
    answer = await ada.post(
        "/acme/settings/plans", data=every_column() | PLAN | {"organization": str(borealis.id), "id": "77"}
    )
    assert answer.status_code == 200
    plan = await Plan.objects().first()
    assert (plan.organization, plan.archived_at) == (acme.id, None) and plan.id != 77


async def test_an_owner_cannot_hand_an_organization_another_id_or_number(alice, acme):
    answer = await alice.post("/acme/settings", data=every_column() | organizations.typed(acme))
    assert answer.status_code == 200
    after = await row_of("organization", acme.id)
    assert (after["id"], after["last_order_number"], after["slug"]) == (acme.id, 0, "acme")
