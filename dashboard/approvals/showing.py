"""Telling the team of a new suggestion: on open pages, and in its Telegram chat where it wants that."""

from dashboard.accounts.tables import Organization
from dashboard.approvals.tables import Suggestion
from dashboard.conversations.tables import Conversation


async def announce(organization: Organization, conversation: Conversation, suggestion: Suggestion) -> None:
    """Inside the transaction that keeps the suggestion."""
