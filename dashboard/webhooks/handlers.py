"""Which event of which sender is handled by what."""

from dashboard.webhooks import resend, stripe, subscriptions

HANDLERS = {**stripe.HANDLERS, **subscriptions.HANDLERS, **resend.HANDLERS}
