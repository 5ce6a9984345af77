from dashboard.payments.routes import reconciliation

ROUTES = [*reconciliation.ROUTES]
