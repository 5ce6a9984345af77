from dashboard.leads.routes.listing import ROUTES as LISTING

ROUTES = [*LISTING]
