"""Taking back what has not left of all that is about one thing, and letting it go on. Inside the caller's transaction:
what a worker has claimed by then is on its way, everything else stays."""

from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows
from dashboard.deliveries.tables import DeliveryState

ABOUT = "organization = {} AND subject_kind = {} AND subject_id = {}"
# What may have arrived on an earlier try ends as unknown where it is given up for good.
TAKE_BACK = (
    """UPDATE delivery SET state = CASE WHEN {} AND unclear_via <> '' THEN 'unknown' ELSE 'cancelled' END, why = {},
    settled_at = {} WHERE """  # noqa: S608
    + ABOUT
    + " AND state IN ('queued', 'held') RETURNING id"
)
TAKE_BACK_SOME = """
    UPDATE delivery SET state = CASE WHEN unclear_via <> '' THEN 'unknown' ELSE 'cancelled' END, why = {},
        settled_at = {} WHERE id = ANY({}) AND state IN ('queued', 'held') RETURNING id"""
NAMED = "SELECT id FROM delivery WHERE " + ABOUT + " AND name = ANY({}) AND state IN ('queued', 'held') FOR UPDATE"  # noqa: S608
PAUSE_BATCHES = (
    """UPDATE mail_batch SET state = CASE state WHEN 'waiting' THEN 'paused' ELSE state END, why = {} WHERE """  # noqa: S608
    + ABOUT
    + " AND state IN ('sending', 'waiting')"
)
GIVE_UP_BATCHES = (
    """UPDATE mail_batch SET state = 'done', body = '', why = {} WHERE """  # noqa: S608
    + ABOUT
    + " AND state IN ('waiting', 'paused') RETURNING id, members, unclear_via"
)
RESUME_BATCHES = (
    """UPDATE mail_batch SET state = CASE state WHEN 'paused' THEN 'waiting' ELSE state END, due_at = {}, why = ''
    WHERE """  # noqa: S608
    + ABOUT
    + " AND state IN ('sending', 'paused')"
)
END_MEMBERS = """
    UPDATE delivery SET state = {}, why = {}, settled_at = {}, unclear_via = {}, lease_token = ''
    WHERE id = ANY({}) AND batch = {} AND state = 'sending'"""
MAYBE = "The provider may have taken an earlier try."


async def hold_back(organization: Organization | int, subject: tuple[str, int], why: str, now: datetime) -> int:
    """Nothing more of it leaves until `let_go`: queued deliveries are cancelled, batches that may have arrived wait.
    How many deliveries."""
    return await _take_back(organization, subject, why, now, for_good=False)


async def give_up(organization: Organization | int, subject: tuple[str, int], why: str, now: datetime) -> int:
    """Nothing more of it leaves, ever. How many deliveries."""
    about = (organization if isinstance(organization, int) else organization.id, *subject)
    taken = 0
    for batch in await rows(GIVE_UP_BATCHES, why, *about):
        maybe = batch["unclear_via"] != ""
        state, words = (DeliveryState.unknown, MAYBE) if maybe else (DeliveryState.cancelled, why)
        await rows(END_MEMBERS, state.value, words, now, batch["unclear_via"], batch["members"], batch["id"])
        taken += len(batch["members"])
    return taken + await _take_back(organization, subject, why, now, for_good=True)


async def take_back(organization: int, ids: list[int], why: str, now: datetime) -> list[int]:
    """Those of these deliveries that have not left, for good; which."""
    taken = await rows(TAKE_BACK_SOME, why, now, ids) if ids else []
    if taken:
        await activity.changed(organization, "outbox")
    return [each["id"] for each in taken]


async def take_back_named(
    organization: int, subject: tuple[str, int], names: tuple[str, ...], why: str, now: datetime
) -> list[int]:  # fmt: skip
    """Those of these names that have not left, for good: what happened since makes them pointless; which."""
    found = await rows(NAMED, organization, *subject, list(names))
    return await take_back(organization, [each["id"] for each in found], why, now)


async def let_go(organization: Organization | int, subject: tuple[str, int], now: datetime) -> None:
    """Batches that were held back go on. Cancelled deliveries are queued again by whoever queued them."""
    about = (organization if isinstance(organization, int) else organization.id, *subject)
    await rows(RESUME_BATCHES, now, *about)


async def _take_back(
    organization: Organization | int, subject: tuple[str, int], why: str, now: datetime, *, for_good: bool
) -> int:  # fmt: skip
    about = (organization if isinstance(organization, int) else organization.id, *subject)
    # Batches before deliveries, as whoever settles one: a row that was looked at stays locked even if it is left alone.
    await rows(PAUSE_BATCHES, why, *about)
    taken = await rows(TAKE_BACK, for_good, why, now, *about)
    if taken:
        await activity.changed(about[0], "outbox")
    return len(taken)


async def left(organization: int, subject: tuple[str, int]) -> int:
    """How many deliveries about it have not come to an end."""
    found = await row(
        "SELECT count(*) AS n FROM delivery WHERE " + ABOUT + " AND state IN ('queued', 'held', 'sending')",  # noqa: S608
        organization, *subject,
    )  # fmt: skip
    return found["n"] if found else 0
