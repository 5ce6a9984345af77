"""What goes out by itself: who gets the mail of the week, which file is made, and the last ones."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, owner, viewer
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import Invalid
from dashboard.pages import fragment, page
from dashboard.revenue import reports
from dashboard.revenue.tables import Every, RevenueExport, RevenueFile

SHOWN = 12
CHOICES = {
    "": "No file",
    "week": "Each Monday, of the week before",
    "month": "On the first of each month, of the month before",
}
FILES = """
    SELECT r.id, r.first, r.last, r.created_at, f.size FROM revenue_file r JOIN file f ON f.id = r.file
    WHERE r.organization = {} ORDER BY r.last DESC, r.id DESC LIMIT {}"""


async def _context(organization: Organization, user: CurrentUser) -> dict[str, Any]:
    setting = await RevenueExport.of(organization).first()
    return {
        "wanted": await reports.wanted(organization, user.id), "every": setting.every if setting else "",
        "choices": CHOICES, "files": await rows(FILES, organization.id, SHOWN), "zone": organization.time_zone,
        "keep": reports.KEEP.days, "hour": reports.HOUR,
    }  # fmt: skip


@get("/{org:str}/revenue/reports", name="revenue.reports", guards=[viewer])
async def show_reports(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template:
    """Both settings and the last files."""
    return page(request, "revenue/reports.html", "revenue/_reports.html", **await _context(organization, user))


@post("/{org:str}/revenue/reports/summary", name="revenue.summary", guards=[owner], status_code=200)
async def set_summary(
    request: Request, organization: CurrentOrganization, user: CurrentUser, data: URLEncodedBody[dict[str, str]]
) -> Template:
    """An owner's own mail about each week, on or off."""
    on = data.get("wanted") == "1"
    await reports.want(organization, user, on)
    notice = "You get a mail each Monday." if on else "You get no more mails about the week."
    return fragment(request, "revenue/_reports.html", notice=notice, **await _context(organization, user))


@post("/{org:str}/revenue/reports/file", name="revenue.schedule", guards=[admin], status_code=200)
async def set_file(
    request: Request, organization: CurrentOrganization, user: CurrentUser, data: URLEncodedBody[dict[str, str]]
) -> Template:
    """How often a file is made."""
    every = data.get("every", "")
    if every not in CHOICES:
        raise Invalid({"every": "Choose one of the list."})
    await reports.schedule(organization, Every(every) if every else None, user)
    notice = "The next file is made by itself." if every else "No more files are made."
    return fragment(request, "revenue/_reports.html", notice=notice, **await _context(organization, user))


@get("/{org:str}/revenue/files/{id:int}", name="revenue.file", guards=[viewer])
async def download_file(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """One of the files, after the password when that was long ago."""
    found = await RevenueFile.get_of(organization, id)
    if question := confirmation.before_file(request, user, now):
        return question
    return Redirect(f"/{organization.slug}/files/{found.file}", status_code=303)


ROUTES = [show_reports, set_summary, set_file, download_file]
