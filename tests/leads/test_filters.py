"""Each column with each of its operators, over real rows."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.campaigns import audience
from dashboard.database import rows
from dashboard.leads import attributes, queries
from dashboard.leads.tables import Lead
from tests.leads.cast import a_lead, a_tag
from tests.orders.cast import an_order


async def found(organization, query, me=0):
    """The names of the leads behind a query string, in the order of the alphabet."""
    filters = await audience.read(organization, query, me, clock.now())
    assert filters.misunderstood == (), query
    page, _ = await queries.find_leads(organization, filters)
    assert [len(page.rows)] == await queries.count_leads(organization, [filters]), query
    return " ".join(sorted(row["name"].partition(" ")[0] for row in page.rows))


@pytest.fixture
async def people(acme, ana):
    """Four leads that differ in everything. Anna is in Björn's company, and Clara is new."""
    now = clock.now()
    tags = {name: await a_tag(acme, name) for name in ("hot", "retail")}
    await attributes.add(acme, "City", "text", "", ana.user)
    await attributes.add(acme, "Employees", "number", "", ana.user)
    await attributes.add(acme, "Renewal", "date", "", ana.user)
    await attributes.add(acme, "Size", "choice", "Small\nLarge", ana.user)
    await attributes.add(acme, "Vegan", "yes_no", "", ana.user)
    await a_lead(
        acme, "Anna Alm", company="Café Pine", stage="qualified", score=80, value=120_000, currency="EUR",
        owner=ana.user.id, tags=[tags["hot"], tags["retail"]], source="Website", last_contact_at=now - timedelta(days=40),
        created_at=now - timedelta(days=400), expected_close=(now + timedelta(days=5)).date(), email="anna@pine.example",
        attributes={"city": "Łódź", "employees": 12, "renewal": "2026-12-01", "size": "Small", "vegan": True},
    )  # fmt: skip
    await a_lead(
        acme, "Björn Berg", company="Café Pine", stage="new", score=20, value=120_000, currency="USD", tags=[tags["hot"]],
        source="Chat, widget", last_contact_at=now - timedelta(days=3), created_at=now - timedelta(days=10),
        email="bjorn@pine.example", phone="+47 912 34 567", phone_normalized="4791234567",
        attributes={"city": "Oslo", "employees": 2.5, "size": "Large", "vegan": False},
    )  # fmt: skip
    await a_lead(acme, "Clara Celik", stage="new", score=0, source="", email="", attributes={})
    await a_lead(acme, "Dan 100%_sure", company="pine", stage="lost", score=55, source="website", email="dan@x.example")
    return tags


FOUND = [
    ("name.contains=BJORN", "Björn"), ("name.contains=100%25_", "Dan"), ("name.contains=1_0", ""), ("name.starts=a", "Anna"),
    ("company=cafe pine", "Anna Björn"), ("company=cafe pine,PINE", "Anna Björn Dan"), ("company.not=pine", "Anna Björn Clara"),
    ("company.lacks=cafe", "Clara Dan"), ("company.empty=yes", "Clara"), ("company.filled=yes", "Anna Björn Dan"),
    ("email.contains=@pine", "Anna Björn"), ("email.empty=yes", "Clara"), ("phone.contains=9123", "Björn"),
    ("stage=new,lost", "Björn Clara Dan"), ("stage.not=new", "Anna Dan"),
    ("value.over=1,000", "Anna"), ("value.over=1,000 USD", "Björn"), ("value=1200 EUR", "Anna"), ("value.empty=yes", "Clara Dan"),
    ("value.between=1,000..1,200", "Anna"), ("value.under=1,199.99", ""),
    ("score.over=55", "Anna Dan"), ("score.under=20", "Björn Clara"), ("score=55", "Dan"), ("score.between=20..55", "Björn Dan"),
    ("owner=me", "Anna"), ("owner=none", "Björn Clara Dan"), ("owner.not=me", "Björn Clara Dan"), ("owner.empty=yes", "Björn Clara Dan"),
    ("source=website", "Anna Dan"), ("source=chat\\, widget", "Björn"), ("source.empty=yes", "Clara"),
    ("contact.last=7d", "Björn"), ("contact.older=30d", "Anna"), ("contact.empty=yes", "Clara Dan"),
    ("created.last=30d", "Björn Clara Dan"), ("created.before=2020-01-01", ""), ("created.after=2020-01-01", "Anna Björn Clara Dan"),
    ("close.next=7d", "Anna"), ("close.next=3d", ""), ("close.last=30d", ""), ("close.filled=yes", "Anna"),
    ("attr.city=lodz", "Anna"), ("attr.city.contains=OS", "Björn"), ("attr.city.empty=yes", "Clara Dan"), ("attr.city.not=oslo", "Anna Clara Dan"),
    ("attr.employees.over=3", "Anna"), ("attr.employees=2.5", "Björn"), ("attr.employees.between=1..20", "Anna Björn"),
    ("attr.employees.empty=yes", "Clara Dan"), ("attr.renewal.before=2027-01-01", "Anna"), ("attr.renewal=2026-12-01", "Anna"),
    ("attr.renewal.empty=yes", "Björn Clara Dan"), ("attr.size=Small,Large", "Anna Björn"), ("attr.size.not=Small", "Björn Clara Dan"),
    ("attr.vegan=yes", "Anna"), ("attr.vegan=no", "Björn Clara Dan"),
    ("stage=new&score.over=1", "Björn"), ("stage=new&score.over=70&match=any", "Anna Björn Clara"),
    ("stage=new&2.score=0&2.source=website&2.match=any", "Clara"), ("stage=new&score=0&2.source=website&groups=any", "Anna Clara Dan"),
    ("stage=new&q=pine", "Björn"),
]  # fmt: skip


@pytest.mark.usefixtures("people")
async def test_every_operator_finds_whom_it_says_and_nobody_else(acme, ana):
    for query, names in FOUND:
        assert await found(acme, query.replace(" ", "+"), ana.user.id) == names, query


async def test_tags_are_any_all_none_or_missing(acme, people):
    hot, retail = people["hot"], people["retail"]
    assert await found(acme, f"tag={retail}") == "Anna"
    assert await found(acme, f"tag={hot},{retail}") == "Anna Björn"
    assert await found(acme, f"tag.all={hot},{retail}") == "Anna"
    assert await found(acme, f"tag.not={retail}") == "Björn Clara Dan"
    assert await found(acme, "tag.empty=yes") == "Clara Dan"
    assert await found(acme, "tag.filled=yes") == "Anna Björn"


async def test_an_order_that_was_cancelled_is_no_order(acme):
    buyer, gone, never = [await a_lead(acme, name) for name in ("Buyer", "Gone", "Never")]
    await an_order(acme, customer_email=buyer.email)
    await an_order(acme, customer_email=gone.email, status="cancelled")
    assert await found(acme, "ordered=yes") == "Buyer" and await found(acme, "ordered=no") == "Gone Never"
    assert never.id


async def test_no_reply_ends_with_an_order_or_anything_they_did(acme):
    now = clock.now()
    for name in ("Silent", "Ordered", "Wrote", "Asked"):
        await a_lead(acme, name, email=f"{name}@x.example", last_contact_at=now - timedelta(days=20))
    await a_lead(acme, "Lately", last_contact_at=now - timedelta(days=2))
    await a_lead(acme, "Never")
    ids = {row["name"]: row["id"] for row in await rows("SELECT id, name FROM lead")}
    await an_order(acme, customer_email="ordered@x.example", placed_at=now - timedelta(days=1))
    for name, days in (("Wrote", 1), ("Asked", 30)):
        await Activity(
            organization=acme.id, subject_kind="lead", subject_id=ids[name], verb="form", actor="customer", title="Form",
            created_at=now - timedelta(days=days),
        ).save()  # fmt: skip
    assert await found(acme, "noreply=14") == "Asked Silent", "what came before we wrote is no reply"


async def test_stages_are_the_organizations_own(acme, ana):
    from dashboard.leads.tables import Stage

    await Stage(organization=acme.id, key="tasting", name="Tasting", position=1).save()
    await a_lead(acme, "Taster", stage="tasting")
    assert await found(acme, "stage=tasting") == "Taster"
    filters = await audience.read(acme, "stage=quoted", ana.user.id, clock.now())
    assert filters.misunderstood == ("Stage",), "there is no such stage here"


async def test_an_archived_question_is_named_not_ignored(acme, ana):
    await attributes.add(acme, "City", "text", "", ana.user)
    await rows("UPDATE lead_attribute SET archived_at = now()")
    filters = await audience.read(acme, "attr.city=oslo&stage=new", ana.user.id, clock.now())
    assert filters.misunderstood == ("city",)


async def test_deleted_leads_and_those_of_others_are_nowhere(acme, borealis):
    await a_lead(acme, "Here")
    await a_lead(acme, "Gone", deleted_at=clock.now())
    await a_lead(borealis, "Elsewhere")
    for query in ("", "stage=new", "q=he", "stage=lost&2.stage=new&groups=any", "attr.x=1&stage.not=won"):
        filters = await audience.read(acme, query, 0, clock.now())
        page, _ = await queries.find_leads(acme, filters)
        assert [row["name"] for row in page.rows] == ["Here"], query


async def test_hostile_values_are_only_values(acme):
    lead = await a_lead(acme, "Robert'); DROP TABLE lead;--")
    for evil in ("'); DROP TABLE lead;--", "%", "_", "\\", "{}", "$1", "💥", "а́"):
        for key in ("name.contains", "company", "source.not", "email.starts", "q", "2.name.lacks"):
            await queries.find_leads(acme, await audience.read(acme, f"{key}={quote(evil)}", 0, clock.now()))
    assert await Lead.exists().where(Lead.id == lead.id)
    assert await found(acme, "name.contains=" + quote("'); DROP")) == "Robert');"


async def test_who_is_in_a_campaign_and_in_which(acme, borealis):
    ids = {name: (await a_lead(acme, name)).id for name in ("Both", "Spring", "Never")}
    spring, autumn = [
        (await rows("INSERT INTO campaign (organization, name) VALUES ({}, {}) RETURNING id", acme.id, name))[0]["id"]
        for name in ("Spring", "Autumn")
    ]
    for campaign, name in ((spring, "Both"), (autumn, "Both"), (spring, "Spring")):
        await rows(
            "INSERT INTO enrollment (organization, campaign, lead, entered_at) VALUES ({}, {}, {}, now())",
            acme.id, campaign, ids[name],
        )  # fmt: skip
    assert (
        await found(acme, f"campaign={spring}") == "Both Spring" and await found(acme, f"campaign={autumn}") == "Both"
    )
    assert await found(acme, f"campaign.not={spring},{autumn}") == "Never"
    filters = await audience.read(acme, f"campaign={spring}", 0, clock.now())
    assert [chip.text for chip in filters.chips(await audience.names(acme, filters))] == ["Spring"]
    assert [chip.text for chip in filters.chips(await audience.names(borealis, filters))] == [
        "Somebody who is not here"
    ]
