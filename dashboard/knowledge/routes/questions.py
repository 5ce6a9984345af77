"""Questions nobody could answer: putting them aside. Writing an article about one is in articles."""

from datetime import datetime

from litestar import Request, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.approvals import unanswered
from dashboard.pages import fragment


@post("/{org:str}/knowledge/questions/{id:int}/dismissal", name="knowledge.dismiss", guards=[agent], status_code=200)
async def dismiss(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """No article is needed about it."""
    asked = await unanswered.find(organization, id, now)
    await unanswered.settle(organization, asked, user, now)
    undo = f"/{organization.slug}/knowledge/questions/{asked.id}/restoration"
    return await _questions(request, organization, now, "Put aside.", undo)


@post(
    "/{org:str}/knowledge/questions/{id:int}/restoration", name="knowledge.bring_back", guards=[agent], status_code=200
)
async def bring_back(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """It is there again."""
    await unanswered.bring_back(organization, id)
    return await _questions(request, organization, now, "It is there again.")


async def _questions(
    request: Request, organization: Organization, now: datetime, notice: str, undo: str | None = None
) -> Template:
    left = await unanswered.questions(organization, now)
    return fragment(
        request, "knowledge/_questions.html", questions=left, now=now, zone=organization.time_zone, notice=notice,
        undo=undo, undo_target="#unanswered",
    )  # fmt: skip


ROUTES = [dismiss, bring_back]
