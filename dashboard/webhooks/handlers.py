"""Which event of which sender is handled by what."""

from dashboard.webhooks import resend, stripe

HANDLERS = {**stripe.HANDLERS, **resend.HANDLERS}
