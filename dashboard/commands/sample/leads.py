"""The leads of the sample company that have not bought yet, in every stage, with what is known of them."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard import clock
from dashboard.accounts.sessions import Visitor
from dashboard.activity.tables import Activity, Note
from dashboard.commands.sample.company import Company
from dashboard.database import rows
from dashboard.leads import actions, attributes, changes, closing, tags
from dashboard.leads.stages import USUAL, Step
from dashboard.leads.tables import Consent, Lead


class Person(NamedTuple):
    """`days`: since when we know them; `value` in hundreds of the currency."""

    name: str
    company: str
    email: str
    stage: str
    value: int
    currency: str
    tags: str
    source: str
    days: float
    owner: str = ""  # owner, agent or nobody
    note: str = ""


PEOPLE = [
    Person("Hannah Kowalski", "Pierogi House", "hannah@pierogi-house.example", "new", 82, "EUR", "restaurant hot", "Form", 0.1),
    Person("Daniel Osei", "Coastal FM", "daniel@coastal-fm.example", "new", 29, "EUR", "radio", "newsletter", 0.2, "agent"),
    Person("Yusuf Demir", "Paper Lantern", "yusuf@paper-lantern.example", "new", 31, "EUR", "retail hot", "Form", 1.1),
    Person("Signe Holt", "Holt Keramikk", "signe@holt-keramikk.example", "new", 0, "", "studio", "google", 2.4),
    Person("Marek Zielinski", "Zielinski & Syn", "marek@zielinski.example", "new", 12, "EUR", "retail", "partner", 4, "agent"),
    Person("Beatriz Nunes", "Casa Nunes", "beatriz@casa-nunes.example", "new", 24, "EUR", "restaurant", "google", 6),
    Person("", "Havnegata Vinbar", "post@havnegata-vinbar.example", "new", 0, "", "restaurant", "Form", 7),
    Person(
        "Sofia Marchetti", "Wren & Co Interiors", "sofia@wrenandco.example", "qualified", 185, "GBP", "interiors phase-2",
        "Campaign", 3, "owner", "Phase 2 showroom, decision in December. Wants a call with Ana.",
    ),
    Person("Pierre Lemaire", "Café Marguerite", "pierre@cafe-marguerite.example", "qualified", 14, "EUR", "restaurant", "recommendation", 5, "agent", "Opens a second place in March."),
    Person("Ingeborg Vik", "Vik Regnskap", "ingeborg@vik-regnskap.example", "qualified", 38, "EUR", "phase-2", "newsletter", 9, "owner"),
    Person("Tom Abbott", "Abbott Cycles", "tom@abbott-cycles.example", "qualified", 21, "GBP", "retail", "google", 12, "agent"),
    Person("Aiko Tanaka", "Kumo Studio", "aiko@kumo-studio.example", "quoted", 63, "USD", "studio", "recommendation", 8, "agent", "Asked for the quote in Japanese, too."),
    Person("Emeka Okafor", "Okafor Logistics", "emeka@okafor-logistics.example", "quoted", 129, "USD", "3-sites repeat", "partner", 14, "owner"),
    Person("Lea Brandt", "Brandt Optik", "lea@brandt-optik.example", "quoted", 46, "EUR", "retail", "Form", 20, "agent"),
    Person("Marta Nowak", "Brightwater Dental", "marta@brightwater-dental.example", "won", 46, "EUR", "dental repeat", "recommendation", 25, "owner"),
    Person("Olav Dahl", "Dahl Båt", "olav@dahl-bat.example", "won", 25, "EUR", "3-sites", "newsletter", 33, "agent"),
    Person("Rachel Byrne", "Lark & Row", "rachel@larkandrow.example", "lost", 9, "EUR", "retail", "google", 40, "agent"),
    Person("Femi Balogun", "Balogun Legal", "femi@balogun-legal.example", "lost", 33, "GBP", "phase-2", "partner", 28, "owner"),
]  # fmt: skip
TAGS = {"hot": 4, "repeat": 2, "phase-2": 1, "restaurant": 3, "retail": 0, "interiors": 0, "studio": 5}
SAME = ("S. Marchetti", "Wren & Co", "s.marchetti@mail.example", "+44 20 7946 0018")  # Sofia's other address
LOST = {"Rachel Byrne": "No reply", "Femi Balogun": "Bought elsewhere"}
# Who has bought was a lead before, and is won.
CUSTOMERS = """
    UPDATE lead SET created_at = first.placed_at - interval '2 days', stage = 'won', stage_at = first.placed_at,
           won_at = first.placed_at, won_amount = first.amount, won_currency = first.currency
    FROM (SELECT DISTINCT ON (lead) lead, placed_at, amount, currency FROM orders WHERE organization = {}
          AND confirmed_at IS NOT NULL ORDER BY lead, placed_at) first
    WHERE lead.id = first.lead"""
STEPS = {step.key: step for step in USUAL}


async def fill(company: Company) -> None:
    """Make the people, and let the team work on them as they would have."""
    now = clock.now()
    await rows(CUSTOMERS, company.organization.id)
    known = {name: (await tags.make(company.organization, name, colour))["id"] for name, colour in TAGS.items()}
    by = _visitor(company, "owner", now)
    await attributes.add(company.organization, "People in the company", "choice", "1\n2 to 20\n20 to 50\nmore", by)
    await attributes.add(company.organization, "Wants to begin", "date", "", by)
    for person in PEOPLE:
        await _person(company, person, known, now)
    name, firm, email, phone = SAME
    twin = await actions.find_or_create(company.organization, email, name, phone=phone, source="Form")
    await Lead.update({Lead.company: firm, Lead.created_at: now - timedelta(days=1)}).where(Lead.id == twin.id)
    await _reminders(company, now)


async def _person(company: Company, person: Person, known: dict[str, int], now: datetime) -> None:
    organization, at = company.organization, now - timedelta(days=person.days)
    wanted: list[int] = []
    for word in person.tags.split():
        if word not in known:
            known[word] = (await tags.make(organization, word.replace("-", " ")))["id"]
        wanted.append(known[word])
    data = (
        {"utm_source": person.source, "utm_medium": "web", "utm_campaign": "autumn"}
        if person.source == "newsletter"
        else {}
    )
    lead = await actions.find_or_create(organization, person.email, person.name, source=person.source, source_data=data)
    owner = {"owner": company.owner.id, "agent": company.agent.id}.get(person.owner)
    facts: dict[Any, Any] = {
        Lead.company: person.company, Lead.created_at: at, Lead.tags: wanted, Lead.owner: owner,
        Lead.value: person.value * 10_000, Lead.currency: person.currency if person.value else "",
    }  # fmt: skip
    if person.name == "Sofia Marchetti":
        facts |= {Lead.phone: SAME[3], Lead.phone_normalized: actions.digits(SAME[3])}
        facts |= {
            Lead.expected_close: (now + timedelta(days=27)).date(),
            Lead.attributes: {"people_in_the_company": "20 to 50"},
        }
    await Lead.update(facts).where(Lead.id == lead.id)
    if person.source == "Form":
        text = "You may write to me about this and similar offers."
        await Consent(organization=organization.id, lead=lead.id, text=text, source="Form", given_at=at).save()
    await _worked_on(company, person, lead, at, now)


async def _worked_on(company: Company, person: Person, lead: Lead, at: datetime, now: datetime) -> None:
    """What happened since: notes, contacts, stages."""
    organization, by = company.organization, _visitor(company, person.owner or "owner", now)
    then = min(at + timedelta(days=person.days / 2), now - timedelta(hours=1))
    if person.note:
        await Note(
            organization=organization.id, subject_kind="lead", subject_id=lead.id, text=person.note, author=by.id,
            created_at=then,
        ).save()  # fmt: skip
    step = STEPS[person.stage]
    if person.stage != "new":
        await changes.contacted(
            organization, lead.id, "called", then, "Budget confirmed by phone", f"demo-{lead.id}", by
        )
    await _moved(company, person, lead, step, then, by)
    moved = Activity.update({Activity.created_at: then}).where(
        Activity.organization == organization.id, Activity.subject_kind == "lead", Activity.subject_id == lead.id
    )
    await moved


async def _moved(company: Company, person: Person, lead: Lead, step: Step, then: datetime, by: Visitor) -> None:
    organization = company.organization
    if step.kind == "won":
        amount = person.value * 10_000
        await closing.win(
            organization, lead.id, step, amount=amount, currency=person.currency, at=then, now=then, by=by
        )
    elif step.kind == "lost":
        await closing.lose(organization, lead.id, step, LOST[person.name], then, by)
    elif step.key != "new":
        await closing.move(organization, lead.id, step, then, by)


async def _reminders(company: Company, now: datetime) -> None:
    """One that is due, for the owner of the company."""
    sofia = await Lead.of(company.organization).where(Lead.name == "Sofia Marchetti").first()
    assert sofia is not None
    by = _visitor(company, "owner", now)
    await changes.remind(company.organization, sofia.id, now - timedelta(hours=2), by.id, "Call about phase 2", by)


def _visitor(company: Company, who: str, now: datetime) -> Visitor:
    user = company.agent if who == "agent" else company.owner
    return Visitor(user.id, user.email, user.name, False, 0, "", now)
