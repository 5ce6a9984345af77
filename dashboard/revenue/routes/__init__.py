from dashboard.revenue.routes import page, reports, rows

ROUTES = [*page.ROUTES, *rows.ROUTES, *reports.ROUTES]
