"""The deal: what it may be worth, and how it ended."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.formats import exponent, money, money_input, start_of_day
from dashboard.leads import changes, closing, detail, forms
from dashboard.leads.routes.dialogs import dialog
from dashboard.leads.routes.showing import show, today
from dashboard.leads.routes.work import NOON
from dashboard.leads.stages import Step
from dashboard.orders import assignments
from dashboard.orders import queries as orders

Form = URLEncodedBody[dict[str, str]]
REASONS = ("Too expensive", "Bought elsewhere", "No reply", "Not now", "Not a fit")


def typed_amount(minor: int, currency: str) -> str:
    """An amount as the value of its field; empty where there is none."""
    return money_input(minor, currency) if minor and exponent(currency) is not None else ""


@get("/{org:str}/leads/{id:int}/deal", name="leads.deal_form", guards=[agent])
async def ask_deal(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    close = lead["expected_close"]
    values = {
        "value": typed_amount(lead["value"], lead["currency"]), "currency": lead["currency"] or organization.currency,
        "expected_close": close.isoformat() if close else "", "owner": str(lead["owner"] or ""),
    }  # fmt: skip
    return dialog(request, "leads/_deal_form.html", lead, values, team=await orders.team(organization))


@post("/{org:str}/leads/{id:int}/deal", name="leads.deal", guards=[agent], status_code=200)
async def set_deal(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Value, expected close and owner."""
    lead = await detail.shown(organization, id)
    try:
        form = forms.DealForm.parse(data)
        owner = await assignments.person(organization, form.owner) if form.owner != str(lead["owner"] or "") else None
    except Invalid as problem:
        fields = {("owner" if name == "assignee" else name): said for name, said in problem.fields.items()}
        team = await orders.team(organization)
        return dialog(request, "leads/_deal_form.html", lead, data, fields, team=team)
    kept = lead["owner"] if form.owner == str(lead["owner"] or "") else owner.id if owner else None
    worth = money(form.value, form.currency) if form.value else "No value"
    facts = form.facts(kept)
    done = await changes.change(organization, id, facts, "deal", "changed the deal", by=user, detail=worth)
    return await show(request, organization, id, now, "Deal saved." if done.done else "Nothing has changed.", done)


@get("/{org:str}/leads/{id:int}/sale", name="leads.win_form", guards=[agent])
async def ask_won(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    amount, currency = (
        (lead["won_amount"], lead["won_currency"]) if lead["won_at"] else (lead["value"], lead["currency"])
    )
    values = {
        "amount": typed_amount(amount, currency), "currency": currency or organization.currency,
        "day": today(organization, lead["won_at"] or now).isoformat(), "stage": request.query_params.get("stage", ""),
    }  # fmt: skip
    return dialog(request, "leads/_won.html", lead, values, choices=_ends(lead, "won"))


@post("/{org:str}/leads/{id:int}/sale", name="leads.win", guards=[agent], status_code=200)
async def won(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """They bought."""
    lead, current = await detail.shown(organization, id), today(organization, now)
    try:
        form = forms.WonForm.parse(data, current)
    except Invalid as problem:
        return dialog(request, "leads/_won.html", lead, data, problem.fields, choices=_ends(lead, "won"))
    at = _moment(organization, lead["won_at"], form.day, now)
    step = _chosen(_ends(lead, "won"), form.stage)
    done = await closing.win(
        organization, id, step, amount=form.amount, currency=form.currency, at=at, now=now, by=user
    )
    notice = f"{lead['who']} won, {money(form.amount, form.currency)}." if done.done else "That is known already."
    return await show(request, organization, id, now, notice, done)


@get("/{org:str}/leads/{id:int}/loss", name="leads.lose_form", guards=[agent])
async def ask_lost(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    values = {"reason": lead["lost_reason"], "stage": request.query_params.get("stage", "")}
    return dialog(request, "leads/_lost.html", lead, values, choices=_ends(lead, "lost"), reasons=REASONS)


@post("/{org:str}/leads/{id:int}/loss", name="leads.lose", guards=[agent], status_code=200)
async def lost(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """They will not buy."""
    lead = await detail.shown(organization, id)
    ends = _ends(lead, "lost")
    try:
        reason = forms.lost_reason(data)
    except Invalid as problem:
        return dialog(request, "leads/_lost.html", lead, data, problem.fields, choices=ends, reasons=REASONS)
    done = await closing.lose(organization, id, _chosen(ends, data.get("stage", "")), reason, now, user)
    notice = f"{lead['who']} lost: {reason}." if done.done else "That is known already."
    return await show(request, organization, id, now, notice, done)


def _moment(organization: Organization, before: datetime | None, day, now: datetime) -> datetime:
    """When it was won: the moment known before if the day is the same, now for today, else noon of that day."""
    for known in (before, now):
        if known and today(organization, known) == day:
            return known
    return start_of_day(day, organization.time_zone) + NOON


def _ends(lead: dict, kind: str) -> list[Step]:
    """The stages of a kind; the usual one while the organization has none."""
    return [step for step in lead["steps"] if step.kind == kind] or [Step(kind, kind.capitalize(), kind)]


def _chosen(ends: list[Step], key: str) -> Step:
    return next((step for step in ends if step.key == key), ends[0])


ROUTES = [ask_deal, set_deal, ask_won, won, ask_lost, lost]
