"""Settings → Leads → Score: the signals, what a change of them would do, and saving them."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, viewer
from dashboard.accounts.tables import Organization
from dashboard.charts import columns
from dashboard.errors import Invalid
from dashboard.files.uploads import read_values
from dashboard.forms.tables import Form, FormKind
from dashboard.leads.tables import Attribute
from dashboard.pages import fragment, page
from dashboard.scoring import editing, signals
from dashboard.scoring.editing import Line, Offered
from dashboard.scoring.effect import compare
from dashboard.scoring.signals import Rule

PATH = "/{org:str}/settings/leads/score"
FORM = "scoring/_form.html"


async def offered(organization: Organization) -> Offered:
    """The attributes and forms a signal may ask about; archived ones too, so that a stored signal can be shown."""
    attributes = await Attribute.select_of(organization, Attribute.key, Attribute.label).order_by(Attribute.position)
    forms = await Form.select_of(organization, Form.id, Form.name).where(Form.kind == FormKind.lead).order_by(Form.name)
    return Offered(
        [(each["key"], each["label"]) for each in attributes], [(str(each["id"]), each["name"]) for each in forms]
    )


async def facts(organization: Organization, typed: list[Line], version: str, **also: Any) -> dict[str, Any]:
    """What the form shows."""
    return {
        "lines": typed, "version": version, "kinds": signals.KINDS, "tests": signals.TESTS, "focus": -1, "errors": {},
        "unsaved": False, "offered": await offered(organization),
    } | also  # fmt: skip


@get(PATH, name="scoring.signals", guards=[viewer])
async def show_signals(request: Request, organization: CurrentOrganization, usual: FromQuery[bool] = False) -> Template:
    """The signals as they are; with `usual` the form is filled with the usual ones, to look at and save."""
    known = await signals.rules_of(organization)
    rules = list(signals.USUAL) if usual else known.rules
    shown = await facts(organization, editing.shown(rules), known.version, unsaved=usual)
    return page(request, "scoring/signals.html", FORM, **shown)


@post(PATH, name="scoring.save", guards=[admin], status_code=200)
async def save_signals(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template:
    """Save all signals, or say at each control what is wrong."""
    data = dict(await read_values(request))
    typed = editing.lines(data)
    try:
        rules = editing.read(typed, await offered(organization))
    except Invalid as problem:
        shown = await facts(organization, typed, data.get("version", ""), errors=problem.fields, unsaved=True)
        return fragment(request, FORM, status_code=422, **shown)
    changed = await editing.save(organization, rules, data.get("version", ""), user)
    known = await signals.rules_of(organization)
    shown = await facts(organization, editing.shown(known.rules), known.version)
    notice = "Saved. The scores follow within minutes." if changed else "Nothing has changed."
    return fragment(request, FORM, notice=notice, **shown)


@post(PATH + "/arrangement", name="scoring.arrange", guards=[admin], status_code=200)
async def arrange(request: Request, organization: CurrentOrganization) -> Template:
    """The form with one signal more or less. Nothing is stored."""
    data = dict(await read_values(request))
    typed, gone = editing.lines(data), data.get("remove", "")
    if gone.isascii() and gone.isdecimal() and len(gone) < 4:
        focus = int(gone)
        typed = [each for n, each in enumerate(typed) if n != focus]
    else:
        typed = editing.added(typed, data.get("add", ""), await offered(organization))
        focus = len(typed) - 1
    shown = await facts(organization, typed, data.get("version", ""), focus=min(focus, len(typed) - 1), unsaved=True)
    return fragment(request, FORM, **shown)


@get(PATH + "/distribution", name="scoring.distribution", guards=[viewer])
async def show_distribution(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """How the scores are spread."""
    known = (await signals.rules_of(organization)).rules
    return await effect(request, organization, known, now)


@post(PATH + "/distribution", name="scoring.try", guards=[admin], status_code=200)
async def try_signals(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """How the scores would be spread with what is typed. Nothing is stored."""
    typed = editing.lines(dict(await read_values(request)))
    try:
        return await effect(request, organization, editing.read(typed, await offered(organization)), now)
    except Invalid:
        return await effect(request, organization, None, now)


async def effect(request: Request, organization: Organization, rules: list[Rule] | None, now: datetime) -> Template:
    """The scores as they are beside those of other signals; None: what is typed cannot be asked."""
    known = (await signals.rules_of(organization)).rules
    found = await compare(organization, known, known if rules is None else rules, now)
    same = rules in (None, known)
    bars = columns(found.before) if same else columns(found.before, found.after)
    return fragment(
        request, "scoring/_effect.html", effect=found, bars=bars, wrong=rules is None, same=same,
        waiting=await signals.waiting(organization),
    )  # fmt: skip


ROUTES = [show_signals, save_signals, arrange, show_distribution, try_signals]
