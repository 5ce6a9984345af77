"""Plans: adding, changing, putting away and taking out again."""

import pytest

from dashboard.activity.tables import Activity
from dashboard.forms.tables import Form
from dashboard.orders.tables import Plan

PAGE = "/acme/settings/plans"
FORM = {
    "name": "Growth audit", "tier": "professional", "billing": "one_off", "amount": "1,284.00", "currency": "EUR",
    "stripe_prices": "price_1Nx\nplink_9Yz price_1Nx", "days_to_deliver": "7", "intake_form": "",
    "upsell_to": "Care plan",
}  # fmt: skip


async def a_form(organization, name="Intake", **changes) -> Form:
    form = Form(organization=organization.id, slug=name.lower(), name=name, **changes)
    await form.save()
    return form


async def test_a_plan_is_added_and_then_has_its_own_page(alice, acme):
    form = await a_form(acme)
    response = await alice.post(PAGE, data=FORM | {"intake_form": str(form.id)})
    plan = await Plan.objects().first()
    assert response.status_code == 200 and response.headers["HX-Push-Url"] == f"{PAGE}/{plan.id}"
    assert (plan.amount, plan.currency, plan.days_to_deliver, plan.form) == (128400, "EUR", 7, form.id)
    assert plan.stripe_prices == ["price_1Nx", "plink_9Yz"]
    page = (await alice.get(f"{PAGE}/{plan.id}")).text
    assert 'value="1284.00"' in page and "price_1Nx\nplink_9Yz" in page
    listed = (await alice.get(PAGE)).text
    assert "Growth audit" in listed and "€1,284.00" in listed and "intake form Intake" in listed
    assert await Activity.exists().where(Activity.subject_kind == "plan", Activity.verb == "added")


async def test_it_is_changed_and_keeps_its_other_columns(alice):
    await alice.post(PAGE, data=FORM)
    plan = await Plan.objects().first()
    response = await alice.post(f"{PAGE}/{plan.id}", data=FORM | {"name": "Audit", "amount": "999", "currency": "JPY"})
    assert response.status_code == 200 and '"text": "Saved"' in response.headers["HX-Trigger"]
    changed = await Plan.objects().first()
    assert (changed.name, changed.amount, changed.currency) == ("Audit", 999, "JPY")
    assert changed.created_at == plan.created_at and changed.archived_at is None


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"name": " "}, "name", "Give the plan a name."),
        ({"tier": "gold"}, "tier", "Choose a tier"),
        ({"billing": "weekly"}, "billing", "Choose how it is paid."),
        ({"amount": ""}, "amount", "Write an amount, like 1284.00."),
        ({"amount": "-1"}, "amount", "Write an amount"),
        ({"amount": "1e9"}, "amount", "Write an amount"),
        ({"amount": "99999999999999999999"}, "amount", "Write an amount"),
        ({"amount": "10.50", "currency": "JPY"}, "amount", "Write an amount, like 128400."),
        ({"currency": "XXQ"}, "currency", "Choose a currency"),
        ({"currency": ""}, "currency", "Choose a currency"),
        ({"stripe_prices": "price one!"}, "stripe_prices", "Write ids like price_1NxYz"),
        ({"stripe_prices": " ".join(f"price_{n}" for n in range(21))}, "stripe_prices", "at most 20"),
        ({"days_to_deliver": "366"}, "days_to_deliver", "from 0 to 365"),
        ({"days_to_deliver": "x"}, "days_to_deliver", "from 0 to 365"),
        ({"intake_form": "999"}, "intake_form", "Choose a form"),
        ({"intake_form": "1; DROP"}, "intake_form", "Choose a form"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field_and_typed_values_stay(alice, changes, field, says):
    response = await alice.post(PAGE, data=FORM | {"upsell_to": "Typed by hand"} | changes)
    assert response.status_code == 422
    assert says in response.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert 'value="Typed by hand"' in response.text
    assert await Plan.count() == 0


async def test_two_plans_cannot_share_a_name_or_a_price(alice):
    await alice.post(PAGE, data=FORM)
    for changes, says in (
        ({"name": "growth AUDIT", "stripe_prices": ""}, "There is another plan of this name."),
        ({"name": "Other"}, "belongs to the plan Growth audit."),
    ):
        response = await alice.post(PAGE, data=FORM | changes)
        assert response.status_code == 422 and says in response.text
    assert await Plan.count() == 1


async def test_archiving_and_restoring_can_be_repeated_and_undone(alice):
    await alice.post(PAGE, data=FORM)
    plan = await Plan.objects().first()
    for _ in range(2):
        response = await alice.post(f"{PAGE}/{plan.id}/archive")
        assert "Archived" in response.text and f"{PAGE}/{plan.id}/restore" in response.headers["HX-Trigger"]
    for _ in range(2):
        assert "Archived" not in (await alice.post(f"{PAGE}/{plan.id}/restore")).text
    assert await Activity.count().where(Activity.verb.is_in(["archived", "restored"])) == 2


async def test_a_name_given_away_meanwhile_stops_a_restore(alice):
    await alice.post(PAGE, data=FORM)
    plan = await Plan.objects().first()
    await alice.post(f"{PAGE}/{plan.id}/archive")
    await alice.post(PAGE, data=FORM)
    response = await alice.post(f"{PAGE}/{plan.id}/restore")
    assert response.status_code == 409 and "There is another plan of this name." in response.text
    assert (await Plan.objects().get(Plan.id == plan.id)).archived_at is not None


async def test_only_this_organizations_intake_forms_can_be_chosen(alice, acme, borealis):
    theirs = await a_form(borealis)
    lead = await a_form(acme, "Contact", kind="lead")
    for form in (theirs, lead):
        response = await alice.post(PAGE, data=FORM | {"intake_form": str(form.id)})
        assert response.status_code == 422 and "Choose a form from the list." in response.text
    assert "Contact" not in (await alice.get(f"{PAGE}/new")).text


async def test_another_organizations_plan_does_not_exist(alice, bob):
    await alice.post(PAGE, data=FORM)
    plan = await Plan.objects().first()
    assert (await bob.get(f"/borealis/settings/plans/{plan.id}")).status_code == 404
    for verb in ("", "/archive", "/restore"):
        assert (
            await bob.post(f"/borealis/settings/plans/{plan.id}{verb}", data=FORM | {"name": "Taken"})
        ).status_code == 404
    assert (await Plan.objects().first()).name == "Growth audit"
    assert "Growth audit" not in (await bob.get("/borealis/settings/plans")).text


async def test_viewers_and_agents_read_plans_and_change_none(alice, ana, vera):
    await alice.post(PAGE, data=FORM)
    plan = await Plan.objects().first()
    for browser in (ana, vera):
        page = (await browser.get(PAGE)).text
        assert "Growth audit" in page and "Archive" not in page and "New plan" not in page
        assert (await browser.get(f"{PAGE}/new")).status_code == 403
        for path in ("", f"/{plan.id}", f"/{plan.id}/archive"):
            assert (await browser.post(PAGE + path, data=FORM)).status_code == 403
    assert (await Plan.objects().first()).archived_at is None


async def test_with_no_plan_the_page_explains_what_one_is(alice, vera):
    assert "No plans yet" in (await alice.get(PAGE)).text
    assert "New plan" not in (await vera.get(PAGE)).text


async def test_the_list_asks_the_database_little(alice, queries):
    for n in range(5):
        await alice.post(PAGE, data=FORM | {"name": f"Plan {n}", "stripe_prices": ""})
    with queries() as seen:
        assert (await alice.get(PAGE)).status_code == 200
    assert len(seen) <= 3
