"""How the journal compares with Stripe's books, and mending what differs."""

from datetime import datetime

from litestar import Request, get, post
from litestar.response import Template

from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.formats import local_day
from dashboard.integrations.outcomes import ProviderError
from dashboard.pages import fragment, page
from dashboard.revenue import periods, reconciled
from dashboard.revenue.periods import Period
from dashboard.webhooks import stripe_repair

ALL = 500
WHOLE, PART = "payments/reconciliation.html", "revenue/_reconciliation.html"


@get("/{org:str}/revenue/reconciliation", name="revenue.reconciliation", guards=[viewer])
async def show_reconciliation(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """All that differs in a period; htmx gets the card of the revenue page."""
    period = _period(request, organization, now)
    stripe = (await integrations_for(organization.id)).stripe
    part = request.headers.get("HX-Request") == "true"
    card = await reconciled.card(organization, period, stripe.missing, reconciled.SHOWN if part else ALL)
    return page(request, WHOLE, PART, card=card, period=period, now=now, zone=organization.time_zone)


@post("/{org:str}/revenue/reconciliation/repair", name="revenue.repair", guards=[agent], status_code=200)
async def repair(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Fetch the events of Stripe's that are missing, handle them, and compare again."""
    period = _period(request, organization, now)
    stripe = (await integrations_for(organization.id)).stripe
    try:
        done = await stripe_repair.repair(organization, stripe, period.first, period.last, user, now)
        notice = _notice(done)
    except ProviderError as problem:
        notice = f"Stripe could not be asked: {problem.message}"
    card = await reconciled.card(organization, period, stripe.missing)
    return fragment(request, PART, notice=notice, card=card, period=period, now=now, zone=organization.time_zone)


def _period(request: Request, organization: Organization, now: datetime) -> Period:
    today = local_day(now, organization.time_zone)
    period, _ = periods.read(dict(request.query_params), today, organization.time_zone)
    return period


def _notice(done: stripe_repair.Repaired) -> str:
    events = done.found + done.replayed
    fetched = f"{events} event{'' if events == 1 else 's'} fetched and handled. " if events else ""
    if not done.left:
        return f"{fetched}Everything matches Stripe."
    return f"{fetched}{done.left} line{' differs' if done.left == 1 else 's differ'} from Stripe."


ROUTES = [show_reconciliation, repair]
