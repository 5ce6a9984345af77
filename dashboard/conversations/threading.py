"""Which thread a mail belongs to. Neither From nor References prove anything: a mail joins a thread only when both the
thread is named and the sender is the one it is with. A chat has a thread by mail only with an address our copies went
to: its name stands in them alone, so who answers with it has read them. What they write is for the team to read; the
chat's page does not show it, for its visitor only said that the address is theirs (queries.BY_MAIL)."""

import re
from collections.abc import Sequence

from dashboard.accounts.tables import Organization
from dashboard.conversations.replying import MAIL, OWN
from dashboard.conversations.tables import Channel, Conversation
from dashboard.database import row

ADDRESSED = re.compile(r"\+([0-9a-f]{24})@")
NAMED = """
    SELECT c.id FROM conversation c WHERE c.organization = {} AND c.channel = {} AND lower(c.email) = {}
      AND (c.public_id = ANY({}) OR c.id IN (
          SELECT m.conversation FROM message m WHERE m.organization = {} AND m.mail_id = ANY({}) AND m.mail_id <> ''))
    ORDER BY c.id DESC LIMIT 1"""
COPIED = """
    SELECT c.id FROM conversation c WHERE c.organization = {} AND c.channel = {} AND c.public_id = ANY({})
      AND EXISTS (SELECT FROM delivery d WHERE d.organization = c.organization AND d.subject_kind = 'conversation'
                  AND d.subject_id = c.id AND d.name = {} AND lower(d.recipient) = {})
    ORDER BY c.id DESC LIMIT 1"""


async def find(
    organization: Organization, sender: str, recipients: Sequence[str], references: Sequence[str]
) -> Conversation | None:
    """The thread a mail answers: by our reply address, or by the mails it refers to; None for a new one."""
    named = [match[1] for each in recipients[:50] if (match := ADDRESSED.search(each.lower()))]
    named += [each.removesuffix(OWN) for each in references if each.endswith(OWN) and each != OWN]
    if not sender or not (named or references):
        return None
    found = await row(
        NAMED, organization.id, Channel.mail.value, sender.lower(), named, organization.id, list(references)
    ) or await row(COPIED, organization.id, Channel.web.value, named, MAIL, sender.lower())  # fmt: skip
    return await Conversation.get_of(organization, found["id"]) if found else None
