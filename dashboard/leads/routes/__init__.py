"""The addresses of leads."""

from dashboard.leads.routes import board, deal, detail, notes, person, work
from dashboard.leads.routes.listing import ROUTES as LISTING

ROUTES = [*LISTING, *board.ROUTES, *detail.ROUTES, *work.ROUTES, *deal.ROUTES, *notes.ROUTES, *person.ROUTES]
