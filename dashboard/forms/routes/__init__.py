from dashboard.forms.routes import builder, listing, preview

ROUTES = [*listing.ROUTES, *builder.ROUTES, *preview.ROUTES]
