"""The addresses of leads."""

from dashboard.leads.routes import deal, detail, notes, person, work
from dashboard.leads.routes.listing import ROUTES as LISTING

ROUTES = [*LISTING, *detail.ROUTES, *work.ROUTES, *deal.ROUTES, *notes.ROUTES, *person.ROUTES]
