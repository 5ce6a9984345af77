"""The sample company itself: brand, people, forms and plans."""

import secrets
from dataclasses import dataclass

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.accounts.actions import WEEK
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, Organization, Role, User
from dashboard.forms import actions as forms
from dashboard.forms.definition import complete
from dashboard.forms.tables import Form, FormKind, FormVersion
from dashboard.knowledge import loading
from dashboard.orders.tables import Plan

INTAKE = complete({
    "title": "Tell us about your website",
    "intro": "The more you tell us, the more useful the report. Skip what you do not know.",
    "sections": [
        {
            "title": "Your website",
            "fields": [
                {"key": "address", "type": "url", "label": "Main address", "help": "", "required": True},
                {"key": "goal", "type": "long_text", "label": "What should the audit change?",
                 "help": "Two or three sentences are enough", "required": True},
                {"key": "matters", "type": "choice", "label": "What matters most?", "help": "", "required": True, "options": [
                    {"value": "speed", "label": "Speed", "help": "Pages open slowly"},
                    {"value": "search", "label": "Search", "help": "Nobody finds us"},
                    {"value": "access", "label": "Access", "help": "Hard to use for some"},
                    {"value": "unsure", "label": "Not sure", "help": "Please look"},
                ]},
                {"key": "problem", "type": "text", "label": "What bothers you today?", "help": "", "required": False},
                {"key": "visitors", "type": "number", "label": "Visitors in a usual month", "help": "A guess will do",
                 "required": False},
            ],
        },
        {
            "title": "Files",
            "optional": True,
            "fields": [
                {"key": "brand_guide", "type": "file", "label": "Brand guide or logo", "help": "PDF, images, CSV",
                 "required": False},
            ],
        },
        {
            "title": "Agreement",
            "fields": [
                {"key": "screenshots", "type": "consent", "label": "You may use screenshots of our site in the report",
                 "help": "Only in the report, never in public", "required": False},
            ],
        },
    ],
})  # fmt: skip

PLANS = [
    ("Starter audit", "starter", "one_off", 12900, "EUR", 5, "the Professional audit"),
    ("Professional audit", "professional", "one_off", 64900, "EUR", 7, "the Care plan"),
    ("Enterprise audit", "enterprise", "one_off", 246000, "EUR", 14, ""),
    ("Care plan", "any", "subscription", 8900, "EUR", 3, ""),
    ("Starter audit, US", "starter", "one_off", 14900, "USD", 5, "the Professional audit"),
    ("Professional audit, UK", "professional", "one_off", 57900, "GBP", 7, ""),
]
SUBSCRIPTIONS = [("Watch plan", 3900), ("Partner plan", 29000)]  # sold, too, but nobody of the sample has one
PEOPLE = [
    ("Maya Lindqvist", "owner@demo.example", Role.owner),
    ("Ana Reyes", "agent@demo.example", Role.agent),
    ("Viktor Holm", "viewer@demo.example", Role.viewer),
]


@dataclass
class Company:
    organization: Organization
    owner: User
    agent: User
    plans: list[Plan]
    form_version: FormVersion


async def create() -> Company:
    """Harbour & Pine, three people, an intake form, a public form and six plans."""
    organization = Organization(
        slug="demo", name="Harbour & Pine", colour=5, time_zone="Europe/Oslo", currency="EUR",
        from_address="hello@harbourpine.example", postal_address="Strandgaten 4, Bergen", working_hours=WEEK,
        support={"origins": ["https://www.harbourpine.example"]},
        persona={
            "signs_as": "Maya", "tone": "Warm, short, no jargon",
            "never_says": ["guarantee", "a discount over 10%", "dates before the calendar is checked"],
        },
    )  # fmt: skip
    await organization.save()
    people = []
    for name, email, role in PEOPLE:
        user = User(email=email, name=name)
        await user.save()
        await Membership(user=user.id, organization=organization.id, role=role).save()
        people.append(user)
    form = Form(organization=organization.id, slug="website-audit", name="Website audit", draft=INTAKE, published=1)
    await form.save()
    version = FormVersion(
        organization=organization.id, form=form.id, number=1, definition=INTAKE, published_by=people[0].id
    )
    await version.save()
    plans = []
    for name, tier, billing, amount, currency, days, upsell in PLANS:
        plan = Plan(
            organization=organization.id, name=name, tier=tier, billing=billing, amount=amount, currency=currency,
            days_to_deliver=days, form=form.id if billing == "one_off" else None, upsell_to=upsell,
        )  # fmt: skip
        await plan.save()
        plans.append(plan)
    for name, amount in SUBSCRIPTIONS:
        await Plan(
            organization=organization.id, name=name, tier="any", billing="subscription", amount=amount, currency="EUR",
            days_to_deliver=1,
        ).save()  # fmt: skip
    owner = people[0]
    now = clock.now()
    await loading.load(organization, now)
    by = Visitor(owner.id, owner.email, owner.name, False, 0, "", now)
    public = await forms.create(organization, "Free website check", by=by, kind=FormKind.lead, settings={
        "origins": ["https://www.harbourpine.example"], "source": "Website check",
        "thanks": "Thank you. Your check comes by mail within a day.",
    })  # fmt: skip
    await forms.publish(organization, public, by)
    await credentials.set(organization, "stripe_webhook_secret", f"whsec_{secrets.token_urlsafe(24)}", by, now)
    return Company(organization, owner, people[1], plans, version)
