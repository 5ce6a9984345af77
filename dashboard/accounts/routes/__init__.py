from dashboard.accounts.routes import sign_in

ROUTES = [*sign_in.ROUTES]
