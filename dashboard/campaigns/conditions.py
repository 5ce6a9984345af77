"""What has to be true of a person when a step is due, or the step is skipped. Openings are not offered: programs open
mails, too. Stored in Step.condition: {} or {"kind": one of KINDS}, with "tag": id for the kinds in OF_TAG."""

from collections.abc import Iterable, Mapping
from typing import Any

# `clicked` and `replied`: an earlier mail of this campaign. `bought`: any order that was not cancelled, also one from
# before the campaign; an order placed since then stops the whole sequence anyway. So does a reply, unless a step is for
# those who replied (see `stops_at_reply`).
KINDS = {
    "clicked": "Only if they clicked a link in an earlier mail",
    "not_clicked": "Only if they clicked nothing so far",
    "replied": "Only if they replied to an earlier mail",
    "not_replied": "Only if they have not replied",
    "bought": "Only if they have ordered before",
    "not_bought": "Only if they have never ordered",
    "tag": "Only if they have the tag",
    "no_tag": "Only if they do not have the tag",
}
OF_TAG = frozenset(["tag", "no_tag"])
OF_EARLIER = frozenset(["clicked", "not_clicked", "replied", "not_replied"])  # of no use in the first step


def stops_at_reply(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a reply ends the sequence for whoever wrote it: not where one of its mails is for those who replied."""
    return not any((step["condition"] or {}).get("kind") == "replied" for step in steps)


def words(condition: Mapping[str, Any], tags: Mapping[int, str]) -> str:
    """The condition for staff; "" when there is none. `tags`: names by id."""
    kind = condition.get("kind", "")
    if kind in OF_TAG:
        return f"{KINDS[kind]} “{tags.get(condition.get('tag') or 0, 'one that is gone')}”"
    return KINDS.get(kind, "")
