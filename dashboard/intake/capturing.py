"""What a visitor does with a public lead form: save while typing, send once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from dashboard.accounts import attempts
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict
from dashboard.forms import lead_forms
from dashboard.forms.answers import problems, submitted, take, web_address, words
from dashboard.forms.definition import Answers, fields
from dashboard.intake.captures import Visit, begin
from dashboard.leads import actions as leads
from dashboard.leads import attributes
from dashboard.leads.tables import Consent, Lead

Values = Iterable[tuple[str, str]]
SENT = "This was sent already. Reload the page to begin anew."
BEGUN = attempts.Limit(40, attempts.MAILS.pause)  # new answers from one place, in 15 minutes
SAVE = "UPDATE capture SET answers = answers || {}::jsonb, saved_at = {} WHERE id = {} AND submitted_at IS NULL"
SUBMIT = """
    UPDATE capture SET answers = {}::jsonb, saved_at = {}, submitted_at = {}, lead = {}
    WHERE id = {} AND submitted_at IS NULL"""


class Outcome(StrEnum):
    sent = "sent"
    again = "again"  # the same answers, a second time: nothing happened
    other = "other"  # they were sent before, and these are different ones: nothing happened
    wrong = "wrong"


class Sent(NamedTuple):
    """What came of sending. `wrong` says by field what needs another look; nothing was sent then."""

    outcome: Outcome
    visit: Visit
    wrong: Mapping[str, str]


async def save(visit: Visit, posted: Values, now: datetime, place: str) -> Visit:
    """Keep what was typed so far. Conflict after it was sent, TooMany when one place begins too many."""
    async with transaction():
        held = await _held(visit, now, place)
        if held.submitted_at:
            raise Conflict(SENT)
        taken = take(held.definition, posted)
        await row(SAVE, taken.answers, now, held.id)
        return (await begin(held, now))[0]


async def send(visit: Visit, posted: Values, now: datetime, place: str) -> Sent:
    """Send the answers, exactly once for this visit: the lead is there with its consent, the mail and the team's alert
    are queued. What was typed is kept also when something is wrong with it."""
    async with transaction():
        held = await _held(visit, now, place)
        taken = take(held.definition, posted)
        if held.submitted_at:
            same = submitted(held.definition, taken.answers) == held.answers
            return Sent(Outcome.again if same else Outcome.other, held, {})
        answers = held.answers | taken.answers
        wrong = problems(held.definition, answers, {}, complete=True) | taken.refused
        if wrong:
            await row(SAVE, taken.answers, now, held.id)
            return Sent(Outcome.wrong, (await begin(held, now))[0], wrong)
        kept = submitted(held.definition, answers)
        lead, is_new = await _lead(held, kept)
        await row(SUBMIT, kept, now, now, lead.id, held.id)
        await _consents(held, lead, kept, now)
        await _tell(held, lead, is_new, kept)
        await _mail(held, lead, kept, now)
        return Sent(Outcome.sent, held, {})


async def _held(visit: Visit, now: datetime, place: str) -> Visit:
    held, fresh = await begin(visit, now)
    if fresh:
        await attempts.take([f"form:{attempts.place(place)}"], BEGUN, now)
    return held


async def _lead(visit: Visit, kept: Answers) -> tuple[Lead, bool]:
    """The person, and whether they are new: known facts stay, missing ones are filled in."""
    asked = {to: str(kept.get(field["key"]) or "") for to, field in lead_forms.by_target(visit.definition).items()}
    handling = visit.handling
    lead = await leads.find_or_create(
        visit.organization, asked.get("email", ""), " ".join(asked.get("name", "").split()),
        phone=asked.get("phone", ""), source=handling.source or visit.form.name,
        source_data=visit.source_data | {"form": visit.form.slug},
    )  # fmt: skip
    is_new = await leads.fill_in(
        visit.organization, lead.id, company=asked.get("company", ""), owner=handling.owner, tags=handling.tags,
        attributes=await _attributes(visit, kept),
    )  # fmt: skip
    return await Lead.get_of(visit.organization, lead.id), is_new


async def _attributes(visit: Visit, kept: Answers) -> dict[str, Any]:
    """Custom attributes as they are stored; an answer that does not fit is only kept with the form."""
    asked = lead_forms.by_target(visit.definition)
    found = {}
    for attribute in await attributes.every(visit.organization):
        field = asked.get(lead_forms.ATTRIBUTE + attribute["key"])
        if field is None or field["key"] not in kept:
            continue
        said = kept[field["key"]]
        text = ("yes" if said else "no") if field["type"] == "consent" else words(field, said)
        try:
            value = attributes.read(attribute, text)
        except ValueError:
            continue
        if value is not None:
            found[attribute["key"]] = value
    return found


async def _consents(visit: Visit, lead: Lead, kept: Answers, now: datetime) -> None:
    """What was agreed to, word for word."""
    for field in fields(visit.definition):
        if field["type"] == "consent" and kept.get(field["key"]):
            text = "\n".join(filter(None, (field["label"], field["help"])))
            source = f"Form {visit.form.name}"[:100] + f", version {visit.number}"
            await Consent.insert(
                Consent(organization=visit.organization.id, lead=lead.id, text=text, source=source, given_at=now)
            )


async def _tell(visit: Visit, lead: Lead, is_new: bool, kept: Answers) -> None:
    """The timeline and the team."""
    organization, name = visit.organization, visit.form.name
    said = [
        f"{field['label']}{'' if field['label'].endswith('?') else ':'} {text}" for field in fields(visit.definition)
        if (text := words(field, kept.get(field["key"]))) and field["key"] in kept
    ]  # fmt: skip
    await activity.record(
        organization, "lead", lead.id, "form_submitted", f"Filled in “{name}”", actor="customer",
        detail="\n".join(said)[:8000], data={"capture": visit.id, "form": visit.form.id} | visit.source_data,
    )  # fmt: skip
    who = " · ".join(filter(None, (lead.name or lead.email, lead.company)))
    await deliveries.queue_alert(
        organization, "lead_captured", key=f"alert:lead_captured:{visit.id}",
        title=f"New lead: {who}" if is_new else f"{who} filled in a form", lines=[f"Form: {name}"],
        href=f"/{organization.slug}/leads/{lead.id}", subject=("lead", lead.id),
    )  # fmt: skip


async def _mail(visit: Visit, lead: Lead, kept: Answers, now: datetime) -> None:
    """What was promised for filling in the form; once a day, so that nobody can fill a stranger's letter box."""
    handling = visit.handling
    if handling.mails(visit.definition, kept):
        await deliveries.queue_mail(
            visit.organization, lead, "form_reply", key=f"form_reply:{visit.form.id}:{lead.id}:{now:%Y-%m-%d}",
            subject=("lead", lead.id), title=handling.mail_subject, message=handling.mail_text,
            link=web_address(handling.mail_link) if handling.mail_link else None,
        )  # fmt: skip
