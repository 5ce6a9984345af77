from dashboard.intake.routes import form, public, staff, uploads

ROUTES = [*form.ROUTES, *public.ROUTES, *uploads.ROUTES, *staff.ROUTES]
