"""What goes out about revenue by itself: a mail about the last week to owners who want it, and a file of the last week
or month. Both are made once for each span of days, however often this is asked."""

from datetime import date, datetime, timedelta
from typing import Any

from dashboard import formats, links
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, snapshot, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import mails
from dashboard.files import actions as files
from dashboard.files.tables import File
from dashboard.lists import spreadsheet
from dashboard.revenue import daily
from dashboard.revenue.periods import months_back
from dashboard.revenue.shown import amount, change
from dashboard.revenue.sums import Sums
from dashboard.revenue.tables import Every, RevenueExport, RevenueFile, RevenueSummary

HOUR = 7  # of the organization's morning, from which on a day's reports go out
KEEP = timedelta(days=90)
HEADER = ["Day", "Currency", "Gross", "Refunds", "Disputes", "Net", "Fees", "Charges", "Orders"]
OWNERS = """
    SELECT u.id, u.email, u.name FROM revenue_summary s JOIN app_user u ON u.id = s.user
    JOIN membership m ON m.user = u.id AND m.organization = s.organization AND m.role = 'owner'
    WHERE s.organization = {} AND u.disabled_at IS NULL ORDER BY u.id"""
MADE = "SELECT id FROM revenue_file WHERE organization = {} AND first = {} AND last = {}"
SENDERS = """
    SELECT u.email, u.name FROM app_user u JOIN membership m ON m.user = u.id AND m.organization = {}
    WHERE u.id = {} AND m.role IN ('admin', 'owner') AND u.disabled_at IS NULL"""


async def wanted(organization: Organization, user: int) -> bool:
    """Whether this person gets the mail about each week."""
    return await RevenueSummary.exists().where(
        RevenueSummary.organization == organization.id, RevenueSummary.user == user
    )


async def want(organization: Organization, user: Visitor, on: bool) -> None:
    """Begin or stop the mail about each week."""
    if not on:
        await RevenueSummary.delete().where(
            RevenueSummary.organization == organization.id, RevenueSummary.user == user.id
        )
        return
    target = RevenueSummary.organization, RevenueSummary.user
    await RevenueSummary.insert(RevenueSummary(organization=organization.id, user=user.id)).on_conflict(
        target=target, action="DO NOTHING"
    )


async def schedule(organization: Organization, every: Every | None, by: Visitor) -> None:
    """A file after each week or month from now on, mailed to whoever set it; None for no more."""
    async with transaction():
        await RevenueExport.delete().where(RevenueExport.organization == organization.id)
        if every is not None:
            await RevenueExport(organization=organization.id, every=every, by=by.id).save()
        title = f"Revenue file after each {every}" if every else "Revenue files stopped"
        await activity.record(organization, "organization", organization.id, "revenue_file_set", title, by=by)


def last_week(today: date) -> tuple[date, date]:
    """Monday and Sunday of the last whole week."""
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + timedelta(days=6)


def last_month(today: date) -> tuple[date, date]:
    """Its first and its last day."""
    first = months_back(today.replace(day=1), 1)
    return first, today.replace(day=1) - timedelta(days=1)


async def summarize(organization: Organization, now: datetime) -> int:
    """Queue the mail about the last week to every owner who wants it; how many. From Monday morning on, in the
    organization's time zone; none when neither that week nor the one before had a payment."""
    people, today = await rows(OWNERS, organization.id), formats.local_day(now, organization.time_zone)
    first, last = last_week(today)
    if not people or not _morning(organization, now, last):
        return 0
    cut = [first - timedelta(days=7), first, last + timedelta(days=1)]
    async with snapshot():
        sheet = await daily.read(organization, organization.time_zone, [cut])
    now_, before = ({code: each for (code, _), each in sheet.sums(0, nr).items()} for nr in (1, 0))
    if not now_ and not before:
        return 0
    currencies = [_said(code, now_.get(code, Sums()), before.get(code, Sums())) for code in sorted({*now_, *before})]
    days = f"{formats.day(first)} to {formats.day(last)}"
    page = links.inside(f"/{organization.slug}/revenue?from={first}&to={last}")
    sent = 0
    for each in people:
        sent += await _mail(
            organization, "revenue_summary", f"revenue_summary:{organization.id}:{each['id']}:{first}", each,
            title=days, sums=currencies, link=page,
        )  # fmt: skip
    return sent


def _said(code: str, now: Sums, before: Sums) -> dict[str, Any]:
    """One currency's facts for the mail."""
    moved = change(now.net, before.net, "than the week before")
    compared = f"{moved.text} against the week before" if moved.text else "nothing in the week before"
    average = formats.money(now.average, code) if now.average is not None else ""
    facts = [
        ("Net", formats.money(now.net, code)), ("Change", compared), ("Gross", formats.money(now.gross, code)),
        ("Refunds", formats.money(now.refunds, code) if now.refunds else ""),
        ("Disputes", formats.money(now.disputes, code) if now.disputes else ""),
        ("Orders", formats.num(now.orders)), ("Average order", average),
    ]  # fmt: skip
    return {"code": code, "facts": [each for each in facts if each[1]]}


async def export(organization: Organization, now: datetime) -> int:
    """Make the file of the last week or month, when one is wanted and is not there yet, and mail its link; 1 or 0."""
    setting = await RevenueExport.of(organization).first()
    if setting is None:
        return 0
    today = formats.local_day(now, organization.time_zone)
    first, last = last_week(today) if setting.every == Every.week else last_month(today)
    if not _morning(organization, now, last) or await row(MADE, organization.id, first, last):
        return 0
    content = await _file(organization, first, last)
    async with transaction():
        await rows("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))", f"revenue_file:{organization.id}")
        if await row(MADE, organization.id, first, last):
            return 0
        name = f"{organization.slug}-revenue-{first}-{last}.csv"
        file = await files.store(organization, content, name, "machine")
        kept = RevenueFile(organization=organization.id, first=first, last=last, file=file.id)
        await kept.save()
        if person := await row(SENDERS, organization.id, setting.by):
            await _mail(
                organization, "revenue_file", f"revenue_file:{organization.id}:{first}:{last}", person,
                title=f"{formats.day(first)} to {formats.day(last)}", days=KEEP.days,
                link=links.inside(f"/{organization.slug}/revenue/files/{kept.id}"),
            )  # fmt: skip
    return 1


async def _file(organization: Organization, first: date, last: date) -> bytes:
    """A line for each day and currency, and nothing for a day without payments."""
    days = [first + timedelta(days=nr) for nr in range((last - first).days + 2)]
    async with snapshot():
        sheet = await daily.read(organization, organization.time_zone, [days])
    lines = []
    for nr, day in enumerate(days[:-1]):
        for (code, _), each in sorted(sheet.sums(0, nr).items()):
            money = (each.gross, each.refunds, each.disputes, each.net, each.fees)
            lines.append([day, code, *(amount(value, code).raw for value in money), each.charges, each.orders])
    return b"".join([part async for part in spreadsheet.stream(HEADER, spreadsheet.once(lines))])


def _morning(organization: Organization, now: datetime, last: date) -> bool:
    """Whether the morning after the last day has come there."""
    return now >= formats.start_of_day(last + timedelta(days=1), organization.time_zone) + timedelta(hours=HOUR)


async def _mail(organization: Organization, name: str, key: str, person: dict[str, Any], **facts: Any) -> bool:
    mail = mails.render(name, organization, name=person["name"], **facts)
    payload = {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": organization.name,
        "from": organization.from_address,
    }  # fmt: skip
    return await deliveries.queue(
        organization, key=key, kind="mail", name=name, recipient=person["email"], title=mail.subject, payload=payload
    )


async def forget(now: datetime) -> int:
    """Delete files that are older than KEEP; how many."""
    old = await rows("SELECT file FROM revenue_file WHERE created_at < {}", now - KEEP)
    for each in old:
        if file := await File.across_organizations().where(File.id == each["file"]).first():
            await files.remove(file)
    return len(old)
