"""What was learned from decisions, and making an article of a good reply."""

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.approvals import learning
from dashboard.approvals.tables import Suggestion
from dashboard.conversations.tables import Message
from dashboard.errors import Conflict, Invalid
from dashboard.knowledge import actions as knowledge
from dashboard.pages import page, toast


@get("/{org:str}/approvals/learning", name="approvals.learning", guards=[viewer])
async def show_learning(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Rates by topic, model and prompt, why people rejected, and what they changed."""
    return page(
        request, "approvals/learning.html", rates=await learning.rates(organization, now),
        reasons=await learning.reasons(organization, now), decisions=await learning.changed(organization, now),
        now=now, zone=organization.time_zone,
    )  # fmt: skip


@post("/{org:str}/approvals/{id:int}/article", name="approvals.save_article", guards=[agent], status_code=200)
async def save_article(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    data: URLEncodedBody[dict[str, str]],
) -> Response:  # fmt: skip
    """A reply that was sent becomes an article, whose heading is the question."""
    found = await Suggestion.get_of(organization, id)
    if found.state not in ("sent", "queued"):
        raise Conflict("Only a reply that was approved can become an article. Nothing was changed.")
    asked = await Message.get_of(organization, found.message)
    question = " ".join(asked.text.split()).lstrip("# ")[:150] or "A question"
    body = "\n\n".join(line for line in found.sent.split("\n\n") if line.strip())
    plain = "\n".join(line.lstrip("#") for line in body.split("\n"))
    try:
        article = await knowledge.create_article(
            organization, question, "faq", f"# {question}\n\n## {question}\n\n{plain}\n", now, by=user
        )
    except Invalid as problem:
        return toast(" ".join(problem.fields.values()) or problem.message)
    return toast(f"Saved as article “{article.title}”. Read it in Knowledge before customers do.")


ROUTES = [show_learning, save_article]
