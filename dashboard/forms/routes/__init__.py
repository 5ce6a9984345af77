from dashboard.forms.routes import builder, handling, listing, preview

ROUTES = [*listing.ROUTES, *builder.ROUTES, *handling.ROUTES, *preview.ROUTES]
