"""A published lead form, and what a visitor's browser sends."""

import re
from typing import Any

from dashboard.forms import actions as forms
from dashboard.forms.tables import Form

DEFINITION: dict[str, Any] = {
    "title": "Ask for a website check",
    "intro": "Free, within two days.",
    "sections": [{"title": "About you", "fields": [
        {"key": "name", "type": "text", "label": "Your name", "to": "name"},
        {"key": "email", "type": "email", "label": "E-mail address", "required": True, "to": "email"},
        {"key": "phone", "type": "text", "label": "Phone", "to": "phone"},
        {"key": "company", "type": "text", "label": "Company", "to": "company"},
        {"key": "size", "type": "number", "label": "How many people are you?", "to": "attribute:team_size"},
        {"key": "topic", "type": "choice", "label": "What about?", "options": [
            {"value": "speed", "label": "Speed"}, {"value": "guide", "label": "Send me the guide"}]},
        {"key": "message", "type": "long_text", "label": "Anything else?"},
        {"key": "agree", "type": "consent", "label": "You may write to me", "help": "You can stop it any time."},
    ]}],
}  # fmt: skip
RIGHT = {
    "q.name": "Sofia Marchetti", "q.email": "Sofia@WrenAndCo.example", "q.phone": "+44 20 7946 0018",
    "q.company": "Wren & Co", "q.size": "25", "q.topic": "speed", "q.message": "More\nrooms", "q.agree": "yes",
}  # fmt: skip
PATH = "/acme/forms/website-check"


async def a_form(organization, by, name="Website check", definition=DEFINITION, **settings) -> Form:
    made = await forms.create(organization, name, by=by, kind="lead", draft=definition, settings=settings)
    await forms.publish(organization, made, by)
    return await Form.get_of(organization, made.id)


def hidden(page) -> dict[str, str]:
    """The hidden fields of the page, such as the token of this visit."""
    return dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)">', page.text))


async def sends(visitor, path=PATH, page=None, **changes):
    """Open the form (or take one that is open) and send it; the answer."""
    page = page or await visitor.get(path)
    return await visitor.post(path, data=hidden(page) | RIGHT | {f"q.{k}": v for k, v in changes.items()})
