from dashboard.payments.routes import costs, received, reconciliation

ROUTES = [*costs.ROUTES, *received.ROUTES, *reconciliation.ROUTES]
