"""Which event of which sender is handled by what."""

from dashboard.webhooks import resend, stripe, subscriptions, telegram

HANDLERS = {**stripe.HANDLERS, **subscriptions.HANDLERS, **resend.HANDLERS, **telegram.HANDLERS}
