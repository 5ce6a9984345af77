"""The templates every organization begins with. They are its own from then on."""

from dashboard.accounts.tables import Organization
from dashboard.campaigns import templates
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import Template, TemplateCategory
from dashboard.database import rows, serialize, transaction

WITHOUT = "SELECT o.id FROM organization o WHERE NOT EXISTS (SELECT FROM mail_template t WHERE t.organization = o.id)"

END = """
<p>{{ sender }}<br>{{ organization }}</p>
<p><small>You get this because you left us your address. <a href="{{ unsubscribe_link }}">Unsubscribe</a></small></p>"""
STARTERS = (
    (
        "Welcome",
        TemplateCategory.welcome,
        Texts(
            "Welcome, {{ first_name | and good to meet you }}",
            """<p>Hi {{ first_name | there }},</p>
<p>thank you for your interest in {{ organization }}. This is what happens next: we read what you sent us, and a person
answers within one working day.</p>
<p>If something is urgent, reply to this mail. It reaches us directly.</p>"""
            + END,
        ),
    ),
    (
        "Follow-up",
        TemplateCategory.follow_up,
        Texts(
            "Is this still of use, {{ first_name | or should we wait }}?",
            """<p>Hi {{ first_name | there }},</p>
<p>a few days ago we wrote to you about {{ company | your project }}. Is now a good time to talk about it?</p>
<p>One word is enough: “yes”, “later” or “no”. After a “no” we will not ask again.</p>"""
            + END,
        ),
    ),
    (
        "Lead magnet",
        TemplateCategory.lead_magnet,
        Texts(
            "{{ first_name | Here }}: the checklist you asked for",
            """<p>Hi {{ first_name | there }},</p>
<p>here is the checklist you asked for: <a href="https://www.example.com/checklist">open the checklist</a>.</p>
<p>Put the address of your own file there before you send this. If a point in it raises a question, reply to this
mail.</p>"""
            + END,
        ),
    ),
)


async def plant_everywhere() -> None:
    """For organizations that were just founded, whoever founded them."""
    found = [each["id"] for each in await rows(WITHOUT)]
    for organization in await Organization.objects().where(Organization.id.is_in(found)) if found else []:
        await plant(organization)


async def plant(organization: Organization) -> bool:
    """The starters, where an organization has no template yet. Repeating it changes nothing."""
    async with transaction():
        await serialize(f"templates:{organization.id}")
        if await Template.exists().where(Template.organization == organization.id):
            return False
        for name, category, texts in STARTERS:
            await templates.create(organization, name, category, by=None, texts=texts)
    return True
