"""What people call the things in the out-tray."""

WHAT = {
    "payment_confirmation": "Payment confirmation",
    "intake_request": "Intake request",
    "intake_reminder": "Intake reminder",
    "intake_again": "Answers asked again",
    "handover": "Handover",
    "report_ready": "Report ready",
    "report_failed": "Report delayed",
    "upsell": "Upsell",
    "follow_up": "Follow-up",
    "recovery": "Checkout reminder",
    "form_reply": "Reply to a form",
    "reply": "Reply",
    "satisfaction": "Did it help",
    "campaign": "Campaign mail",
    "refund": "Refund",
    "new_order": "New order alert",
    "intake_submitted": "Intake submitted alert",
    "delivered": "Delivered alert",
    "lead_captured": "New lead alert",
    "payment_failed": "Payment failed alert",
    "event_failed": "Event failed alert",
    "campaign_paused": "Campaign paused alert",
    "campaign_not_begun": "Campaign not started alert",
    "ticket_escalated": "Escalated ticket alert",
    "suggestion": "Suggested reply",
    "telegram_answer": "Answer to a button",
    "telegram_listen": "Address for buttons",
}
KIND = {
    "mail": ("E-mail", "mail"),
    "telegram": ("Telegram", "send"),
    "whatsapp": ("WhatsApp", "phone"),
    "refund": ("Stripe", "undo-2"),
}


def what(name: str) -> str:
    """The name of a message in words."""
    return WHAT.get(name) or name.replace("_", " ").capitalize() or "Message"
