"""What stands between a campaign and its launch: one finding for each thing there is to say."""

from typing import NamedTuple

from dashboard.campaigns.reaching import Reach

BLOCKED, ASK, WARNING, FINE = "blocked", "ask", "warning", "fine"


class Finding(NamedTuple):
    """`blocked`: no launch. `ask`: a person has to say yes to it. `warning` and `fine` are in nobody's way. `key` says
    what it is about; a fix with `post` changes something, without it leads to a page."""

    level: str
    text: str
    detail: str = ""
    fix_label: str = ""
    fix_href: str = ""
    key: str = ""
    post: bool = False


class Checked(NamedTuple):
    findings: list[Finding]
    reach: Reach

    @property
    def blocked(self) -> list[Finding]:
        return [each for each in self.findings if each.level == BLOCKED]

    @property
    def asks(self) -> list[Finding]:
        return [each for each in self.findings if each.level == ASK]
