"""Keeping the filters of a list under a name: for oneself, or for the whole team."""

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import row, serialize, transaction
from dashboard.errors import Conflict, NotAllowed
from dashboard.views.tables import SavedView

MOST_EACH = 30


async def save(organization: Organization, page: str, name: str, query: str, shared: bool, by: Visitor) -> SavedView:
    """Keep a view; the same name for the same person and page changes the one there is. `query` is canonical."""
    async with transaction():
        await serialize(f"views:{organization.id}:{by.id}")
        mine = SavedView.of(organization).where(SavedView.owner == by.id, SavedView.page == page)
        view = await mine.where(SavedView.name == name).first()
        if view is None:
            have = await row(
                "SELECT count(*) AS n FROM saved_view WHERE organization = {} AND owner = {} AND page = {}",
                organization.id, by.id, page,
            )  # fmt: skip
            if have and have["n"] >= MOST_EACH:
                raise Conflict(f"You have {MOST_EACH} views here. Delete one first. Nothing was saved.")
            view = SavedView(organization=organization.id, page=page, name=name, owner=by.id)
        view.query, view.shared = query, shared
        await view.save()
    return view


async def rename(view: SavedView, name: str, shared: bool, by: Visitor, *, admin: bool) -> SavedView:
    """Another name, or for others too. One's own views; an admin also the shared ones."""
    _refuse_strangers(view, by, admin)
    view.name, view.shared = name, shared
    await view.save([SavedView.name, SavedView.shared])
    return view


async def delete(view: SavedView, by: Visitor, *, admin: bool) -> None:
    """Forget a view; the rows it showed stay. Repeating it changes nothing."""
    _refuse_strangers(view, by, admin)
    await SavedView.delete().where(SavedView.id == view.id)


def _refuse_strangers(view: SavedView, by: Visitor, admin: bool) -> None:
    if view.owner != by.id and not (admin and view.shared):
        raise NotAllowed("This view belongs to somebody else. Save one of your own. Nothing was changed.")
