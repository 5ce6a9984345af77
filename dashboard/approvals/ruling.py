"""Making, arming and stopping rules. A change disarms; the kill switch takes back what has not gone out."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.approvals import rules, sending, simulation
from dashboard.approvals.forms import RuleForm
from dashboard.approvals.tables import ApprovalRule, ApprovalSettings
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, Invalid

By = Visitor | User
MOST_RULES = 30
# What is being sent at this moment holds its row and waits for the rule: it finds the switch by itself.
QUEUED = """
    SELECT id, rule, decided_at FROM suggestion WHERE organization = {} AND state = 'queued' AND rule IS NOT NULL
    ORDER BY id FOR UPDATE SKIP LOCKED"""
HOLD = "SELECT id FROM approval_rule WHERE organization = {} ORDER BY id FOR UPDATE"
SETTINGS = """
    INSERT INTO approval_settings (organization, stopped_at, stopped_by, telegram, created_at)
    VALUES ({}, {}, {}, false, now())
    ON CONFLICT (organization) DO UPDATE SET stopped_at = excluded.stopped_at, stopped_by = excluded.stopped_by"""
USED = "SELECT rule, sent FROM approval_rule_day WHERE organization = {} AND day = {}"


async def save(organization: Organization, form: RuleForm, rule: ApprovalRule | None, by: By) -> ApprovalRule:
    """Make a rule, off, or change one, which turns it off. Invalid when the name is taken."""
    facts: dict[str, Any] = {
        "name": form.name, "topics": form.topics, "confidence": form.confidence, "min_sources": form.min_sources,
        "channels": form.channels, "hours": form.hours, "daily_cap": form.daily_cap,
    }  # fmt: skip
    async with transaction():
        same = await ApprovalRule.of(organization).where(ApprovalRule.name == form.name).first()
        if same is not None and (rule is None or same.id != rule.id):
            raise Invalid({"name": "There is a rule of that name."})
        if rule is None:
            if await ApprovalRule.count().where(ApprovalRule.organization == organization.id) >= MOST_RULES:
                raise Invalid({"name": f"There are {MOST_RULES} rules. Remove one first."})
            rule = ApprovalRule(organization=organization.id, **facts)
            await rule.save()
            title = f"Approval rule “{form.name}” made, off"
        else:
            changed = {getattr(ApprovalRule, name): value for name, value in facts.items()}
            await ApprovalRule.update(
                {**changed, ApprovalRule.version: ApprovalRule.version + 1, ApprovalRule.armed: False}
            ).where(ApprovalRule.id == rule.id)
            await _back(organization, rule.id)
            title = f"Approval rule “{form.name}” changed, and off"
        await _record(organization, "approval_rule_saved", title, by)
    return await ApprovalRule.get_of(organization, rule.id)


async def arm(organization: Organization, rule: ApprovalRule, version: int, seen: str, by: By, now: datetime) -> None:
    """Switch a rule on. `version` and `seen`: the rule and the simulation somebody looked at; Conflict when either is
    another by now, or when nobody has decided anything yet that it could be tried on."""
    found = simulation.simulate(rule, await simulation.decisions(organization))
    if not found.total:
        raise Conflict("Nobody has decided a suggestion yet, so there is nothing to try the rule on. It stays off.")
    if version != rule.version or seen != found.said:
        raise Conflict("The simulation says something else by now. Read it again, then switch the rule on.")
    async with transaction():
        armed = await ApprovalRule.update(
            {
                ApprovalRule.armed: True, ApprovalRule.armed_at: now, ApprovalRule.armed_by: by.id,
                ApprovalRule.simulated: found.figures,
            }
        ).where(ApprovalRule.id == rule.id, ApprovalRule.version == version).returning(ApprovalRule.id)  # fmt: skip
        if not armed:
            raise Conflict("Somebody changed the rule meanwhile. It stays off: read it again, then switch it on.")
        detail = f"{found.would} of the last {found.total} would have been sent"
        await _record(organization, "approval_rule_armed", f"Approval rule “{rule.name}” is on", by, detail)


async def disarm(organization: Organization, rule: ApprovalRule, by: By) -> int:
    """Switch a rule off; how many queued replies went back to a person. Repeating it changes nothing."""
    async with transaction():
        done = await rows(
            "UPDATE approval_rule SET armed = false WHERE organization = {} AND id = {} AND armed RETURNING id",
            organization.id, rule.id,
        )  # fmt: skip
        back = await _back(organization, rule.id)
        if done:
            await _record(organization, "approval_rule_off", f"Approval rule “{rule.name}” is off", by)
    return back


async def remove(organization: Organization, rule: ApprovalRule, by: By) -> None:
    """Forget a rule; what it sent keeps its mark."""
    async with transaction():
        await _back(organization, rule.id)
        await ApprovalRule.delete().where(ApprovalRule.organization == organization.id, ApprovalRule.id == rule.id)
        await _record(organization, "approval_rule_removed", f"Approval rule “{rule.name}” removed", by)


async def stop_all(organization: Organization, by: By, now: datetime) -> int:
    """The kill switch: from this commit on no rule sends anything; how many queued replies went back to a person."""
    async with transaction():
        await rows(HOLD, organization.id)
        await rows(SETTINGS, organization.id, now, by.id)
        back = await _back(organization)
        await _record(organization, "approval_rules_stopped", "All approval rules stopped", by)
    return back


async def let_run(organization: Organization, by: By) -> None:
    """Take the kill switch back: rules that are on work again."""
    async with transaction():
        await rows(SETTINGS, organization.id, None, None)
        await _record(organization, "approval_rules_running", "Approval rules may run again", by)


async def settings(organization: Organization) -> ApprovalSettings | None:
    return await ApprovalSettings.of(organization).first()


async def used(organization: Organization, now: datetime) -> dict[int, int]:
    """How much of each rule's daily cap is used today."""
    return {each["rule"]: each["sent"] for each in await rows(USED, organization.id, rules.day_of(organization, now))}


async def _back(organization: Organization, rule: int | None = None) -> int:
    """Queued replies of a rule, or of all, wait for a person again."""
    back = 0
    for each in await rows(QUEUED, organization.id):
        if rule is not None and each["rule"] != rule:
            continue
        if await row(sending.BACK, each["id"], ["queued"]):
            await rules.give_back(organization, each["rule"], each["decided_at"])
            back += 1
    if back:
        await activity.changed(organization, "approvals")
    return back


async def _record(organization: Organization, verb: str, title: str, by: By, detail: str = "") -> None:
    await activity.record(organization, "organization", organization.id, verb, title, by=by, detail=detail)
