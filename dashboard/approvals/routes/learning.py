"""What was learned from decisions."""

from litestar import Request, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, Now, viewer
from dashboard.approvals import learning
from dashboard.pages import page


@get("/{org:str}/approvals/learning", name="approvals.learning", guards=[viewer])
async def show_learning(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Rates by topic, model and prompt, why people rejected, and what they changed."""
    return page(
        request, "approvals/learning.html", rates=await learning.rates(organization, now),
        reasons=await learning.reasons(organization, now), decisions=await learning.changed(organization, now),
        now=now, zone=organization.time_zone,
    )  # fmt: skip


ROUTES = [show_learning]
