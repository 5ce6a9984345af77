"""An order whose customer has a form to fill in."""

from datetime import timedelta

from dashboard import clock
from dashboard.forms import actions as forms
from dashboard.forms.tables import FormVersion
from dashboard.intake import actions as intake
from dashboard.intake import queries
from dashboard.leads import actions as leads
from dashboard.orders.tables import Order, Plan

DEFINITION = {
    "title": "Tell us about your website",
    "intro": "",
    "sections": [
        {
            "key": "s1", "title": "Your website", "optional": False,
            "fields": [
                {"key": "website", "type": "url", "label": "Main address", "help": "", "required": True, "when": None},
                {"key": "goal", "type": "long_text", "label": "What should the audit change?",
                 "help": "Two or three sentences are enough", "required": True, "when": None},
                {"key": "matter", "type": "choice", "label": "What matters most?", "help": "", "required": False,
                 "when": None, "options": [
                     {"value": "speed", "label": "Speed", "help": "Pages open slowly"},
                     {"value": "search", "label": "Search", "help": "Nobody finds us"},
                     {"value": "access", "label": "Access", "help": "Hard to use for some"},
                     {"value": "unsure", "label": "Not sure", "help": "Please look"}]},
                {"key": "words", "type": "text", "label": "Which words should find you?", "help": "", "required": True,
                 "when": {"field": "matter", "is": "search"}},
                {"key": "shops", "type": "choices", "label": "What do you sell?", "help": "", "required": False,
                 "when": None, "max": 2, "options": [
                     {"value": "goods", "label": "Goods", "help": ""}, {"value": "time", "label": "Time", "help": ""},
                     {"value": "advice", "label": "Advice", "help": ""}]},
            ],
        },
        {
            "key": "s2", "title": "Files", "optional": True,
            "fields": [
                {"key": "brand", "type": "file", "label": "Brand guide", "help": "PDF or images", "required": False,
                 "when": None},
                {"key": "extra", "type": "file", "label": "Page list", "help": "", "required": False, "max": 1,
                 "when": {"field": "matter", "is": "search"}},
            ],
        },
        {
            "key": "s3", "title": "Agreement", "optional": False,
            "fields": [
                {"key": "visits", "type": "number", "label": "Visitors a month", "help": "", "required": False,
                 "when": None, "min": 0, "max": 1000000},
                {"key": "start", "type": "date", "label": "When shall we begin?", "help": "", "required": False,
                 "when": None},
                {"key": "contact", "type": "email", "label": "Who answers questions?", "help": "", "required": False,
                 "when": None},
                {"key": "screens", "type": "consent", "label": "You may use screenshots of our site in the report",
                 "help": "Only in the report, never in public", "required": True, "when": None},
            ],
        },
    ],
}  # fmt: skip
RIGHT = {
    "q.website": "https://meyerwerk.example", "q.goal": "More repair requests.\nFrom the region.", "q.matter": "speed",
    "q.screens": "yes",
}  # fmt: skip


def posted(**answers):
    """Answers as a form posts them."""
    return [(f"q.{key}", value) for key, value in answers.items()]


async def a_plan(organization, by, *, definition=DEFINITION, name="Starter audit"):
    form = await forms.create(organization, "Website audit", by=by, draft=definition)
    await forms.publish(organization, form, by)
    plan = Plan(organization=organization.id, name=name, amount=12900, form=form.id)
    await plan.save()
    return plan


async def an_order(organization, plan, *, email="lucas@meyerwerk.example", name="Lucas Meyer", now=None, **facts):
    """A paid order before anything was asked."""
    now = now or clock.now()
    lead = await leads.find_or_create(organization, email, name)
    number = 1 + (await Order.count().where(Order.organization == organization.id))
    order = Order(
        organization=organization.id, lead=lead.id, number=number, plan=plan.id, plan_name=plan.name, placed_at=now,
        customer_name=name, customer_email=email, amount=12900, currency="EUR", confirmed_at=now,
        due_at=now + timedelta(days=5), **facts,
    )  # fmt: skip
    await order.save()
    return order


async def an_intake(organization, by, *, now=None, plan=None, definition=DEFINITION, **facts):
    """A form sent for a new order; the view a page would load."""
    plan = plan or await a_plan(organization, by, definition=definition)
    order = await an_order(organization, plan, now=now, **facts)
    assert await intake.request(organization, order, now or clock.now(), by=None)
    return await queries.of_order(organization, order)


async def again(view):
    return await queries.again(view)


def path(view, rest=""):
    return f"/f/{view.token}{rest}"


async def versions(form_id):
    return await FormVersion.objects().where(FormVersion.form == form_id).order_by(FormVersion.number)
