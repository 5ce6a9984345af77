from dashboard.intake.routes import form, staff, uploads

ROUTES = [*form.ROUTES, *uploads.ROUTES, *staff.ROUTES]
