"""Which event of which sender is handled by what."""

from dashboard.webhooks import stripe

HANDLERS = {**stripe.HANDLERS}
