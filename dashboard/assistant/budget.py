"""No call of a model without its place under the organization's cap of the day, taken before the call is made."""

from datetime import date, datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.assistant import prices
from dashboard.assistant.tables import AssistantCall, CallState
from dashboard.database import row, rows, transaction
from dashboard.integrations.openai import Used

USUAL_CAP = 5_000_000  # millionths of a US dollar a day
TAKE = """
    INSERT INTO assistant_day (organization, day, calls, micros, created_at) SELECT {}, {}, 1, {}::bigint, {}
    WHERE {}::bigint <= {}::bigint
    ON CONFLICT (organization, day) DO UPDATE SET calls = assistant_day.calls + 1,
        micros = assistant_day.micros + excluded.micros
    WHERE assistant_day.micros + excluded.micros <= {} RETURNING id"""
REFUSED = """
    INSERT INTO assistant_day (organization, day, refused, created_at) VALUES ({}, {}, 1, {})
    ON CONFLICT (organization, day) DO UPDATE SET refused = assistant_day.refused + 1"""
SETTLE = """
    UPDATE assistant_call SET state = {}, why = {}, cost_micros = {}, tokens_in = {}, tokens_cached = {},
        tokens_out = {}, milliseconds = {}, settled_at = {} WHERE id = {} AND state = 'reserved' RETURNING day"""


def cap_of(organization: Organization) -> int:
    """Millionths of a US dollar a day; 0 switches the assistant off."""
    support: Any = organization.support or {}
    chosen = support.get("daily_cap_micros")
    return chosen if isinstance(chosen, int) and chosen >= 0 else USUAL_CAP


async def reserve(
    organization: Organization, purpose: str, model: str, prompt: int | None, most: int, now: datetime, *,
    conversation: int | None = None,
) -> AssistantCall | None:  # fmt: skip
    """Take the most a call may cost out of the day's cap and write the call down; None when the cap is reached."""
    day, cap = now.date(), cap_of(organization)
    async with transaction():
        if not await rows(TAKE, organization.id, day, most, now, most, cap, cap):
            await rows(REFUSED, organization.id, day, now)
            return None
        call = AssistantCall(
            organization=organization.id, conversation=conversation, purpose=purpose, model=model[:100], prompt=prompt,
            day=day, reserved_micros=most, cost_micros=most, prices=prices.VERSION, created_at=now,
        )  # fmt: skip
        await call.save()
    return call


async def settle(
    call: AssistantCall, state: CallState, now: datetime, milliseconds: int, *, used: Used | None = None,
    free: bool = False, why: str = "",
) -> None:  # fmt: skip
    """Put down what became of a call. Without `used` it keeps its whole reserve, unless it was `free`: refused before
    anything was written. Repeating it changes nothing."""
    spent = call.reserved_micros
    if used is not None:
        spent = min(prices.cost(call.model, used.given, used.cached, used.written), call.reserved_micros)
    elif free:
        spent = 0
    told = used or Used()
    async with transaction():
        settled = await row(
            SETTLE, state.value, why[:300], spent, told.given, told.cached, told.written, milliseconds, now, call.id
        )
        if settled:
            call.cost_micros = spent
            await rows(
                "UPDATE assistant_day SET micros = micros - {} WHERE organization = {} AND day = {}",
                call.reserved_micros - spent, call.organization, settled["day"],
            )  # fmt: skip


async def spent(organization: Organization, day: date) -> int:
    """Millionths of a US dollar that are spent or reserved that day."""
    found = await row(
        "SELECT micros FROM assistant_day WHERE organization = {} AND day = {}", organization.id, day
    )  # fmt: skip
    return found["micros"] if found else 0
