"""Settings → Auto-approval: rules with their simulation, and the kill switch."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.approvals import ruling, simulation
from dashboard.approvals.forms import CHANNELS, HOURS, TOPIC_WORDS, RuleForm
from dashboard.approvals.tables import ApprovalRule
from dashboard.errors import Conflict, Invalid
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]
AT = "/{org:str}/settings/rules"
LIST = "approvals/_rules.html"
NEW: dict[str, Any] = {
    "name": "", "topics": [], "confidence": 95, "min_sources": 1, "channels": [], "hours": "any", "daily_cap": 20,
}  # fmt: skip


@get(AT, name="settings.rules", guards=[viewer])
async def show_rules(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Every rule, and what it would have done."""
    return page(request, "approvals/rules.html", LIST, **await _context(organization, now))


@get(f"{AT}/new", name="settings.new_rule", guards=[admin])
async def new_rule(request: Request, organization: CurrentOrganization) -> Template:
    """The form of a new rule, in the dialog."""
    return _form(request, organization, None, NEW, {})


@get(f"{AT}/{{id:int}}", name="settings.rule", guards=[admin])
async def edit_rule(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """The form of a rule, in the dialog."""
    rule = await ApprovalRule.get_of(organization, id)
    return _form(request, organization, id, {name: getattr(rule, name) for name in NEW}, {})


@get(f"{AT}/{{id:int}}/changed", name="settings.rule_changed", guards=[viewer])
async def show_changed(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """Decisions a rule would have got wrong, with what people made of them."""
    rule = await ApprovalRule.get_of(organization, id)
    found = simulation.simulate(rule, await simulation.decisions(organization))
    zone = organization.time_zone
    return page(request, "approvals/changed.html", rule=rule, decisions=found.changed, now=now, zone=zone)


@post(AT, name="settings.make_rule", guards=[admin], status_code=200)
async def make_rule(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """A new rule, off."""
    return await _save(request, organization, None, user, now)


@post(f"{AT}/{{id:int}}", name="settings.change_rule", guards=[admin], status_code=200)
async def change_rule(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Other conditions; the rule is off afterwards."""
    return await _save(request, organization, await ApprovalRule.get_of(organization, id), user, now)


@post(f"{AT}/{{id:int}}/arming", name="settings.arm_rule", guards=[admin], status_code=200)
async def arm_rule(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Switch a rule on, once its simulation was seen."""
    rule = await ApprovalRule.get_of(organization, id)
    version = data.get("version", "")
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
    try:
        await ruling.arm(organization, rule, number, data.get("seen", ""), user, now)
    except Conflict as problem:
        return await _answer(request, organization, now, problem.message, 409)
    return await _answer(request, organization, now, f"{rule.name} is on.")


@post(f"{AT}/{{id:int}}/disarming", name="settings.disarm_rule", guards=[agent], status_code=200)
async def disarm_rule(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Switch a rule off at once."""
    rule = await ApprovalRule.get_of(organization, id)
    back = await ruling.disarm(organization, rule, user)
    return await _answer(request, organization, now, f"{rule.name} is off.{_went_back(back)}")


@post(f"{AT}/{{id:int}}/removal", name="settings.remove_rule", guards=[admin], status_code=200)
async def remove_rule(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Forget a rule."""
    rule = await ApprovalRule.get_of(organization, id)
    await ruling.remove(organization, rule, user)
    return await _answer(request, organization, now, f"{rule.name} removed.")


@post(f"{AT}/stop", name="settings.stop_rules", guards=[agent], status_code=200)
async def stop_rules(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The kill switch, for everybody who works here."""
    back = await ruling.stop_all(organization, user, now)
    return await _answer(request, organization, now, f"All rules are stopped.{_went_back(back)}")


@post(f"{AT}/running", name="settings.run_rules", guards=[admin], status_code=200)
async def run_rules(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Let the rules that are on run again."""
    await ruling.let_run(organization, user)
    return await _answer(request, organization, now, "Rules that are on run again.")


async def _save(
    request: Request, organization: Organization, rule: ApprovalRule | None, user: Any, now: datetime
) -> Template:
    said = await request.form()
    values: dict[str, Any] = {name: str(said.get(name, "")) for name in NEW}
    values |= {name: [str(each) for each in said.getall(name, [])] for name in ("topics", "channels")}
    try:
        saved = await ruling.save(organization, RuleForm.parse(values), rule, user)
    except Invalid as problem:
        return _form(request, organization, rule.id if rule else None, values, problem.fields, 422)
    return await _answer(request, organization, now, f"{saved.name} saved. It is off.")


def _form(
    request: Request, organization: Organization, id: int | None, values: dict[str, Any], errors: dict[str, str],
    status_code: int = 200,
) -> Template:  # fmt: skip
    base = f"/{organization.slug}/settings/rules"
    return fragment(
        request, "approvals/_rule_form.html", status_code=status_code, id=id, values=values, errors=errors,
        post_to=f"{base}/{id}" if id else base, topic_words=TOPIC_WORDS, channel_words=CHANNELS, hour_words=HOURS,
        open_dialog="" if errors else "#dialog",
    )  # fmt: skip


async def _answer(
    request: Request, organization: Organization, now: datetime, notice: str, status_code: int = 200
) -> Template:
    context = await _context(organization, now)
    return fragment(request, LIST, status_code=status_code, notice=notice, close_dialog=True, **context)


async def _context(organization: Organization, now: datetime) -> dict[str, Any]:
    found = await ruling.settings(organization)
    decided = await simulation.decisions(organization)
    used = await ruling.used(organization, now)
    rules = await ApprovalRule.of(organization).order_by(ApprovalRule.id)
    return {
        "rules": [
            {
                "rule": rule, "found": simulation.simulate(rule, decided), "used": used.get(rule.id, 0),
                "topics": ", ".join(TOPIC_WORDS.get(key, key) for key in rule.topics),
                "channels": ", ".join(CHANNELS.get(key, key) for key in rule.channels),
                "hours": HOURS.get(rule.hours, ""),
            }
            for rule in rules
        ],
        "stopped": found.stopped_at if found else None, "now": now,
        "zone": organization.time_zone,
    }  # fmt: skip


def _went_back(count: int) -> str:
    return "" if not count else f" {count} queued {'reply' if count == 1 else 'replies'} went back to Approvals."


ROUTES = [
    show_rules, new_rule, edit_rule, show_changed, make_rule, change_rule, arm_rule, disarm_rule, remove_rule,
    stop_rules, run_rules,
]  # fmt: skip
