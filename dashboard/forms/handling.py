"""What happens with the answers of a lead form, and where it may be shown. Counts at once, for all versions."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from dashboard.accounts.forms import line
from dashboard.errors import Invalid
from dashboard.forms.answers import web_address
from dashboard.forms.definition import CHOOSING, Answers, Definition, answers_of, fields, find, meets
from dashboard.forms.tables import Form

MOST_ORIGINS = 50
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


@dataclass(frozen=True)
class Handling:
    """`origins` may embed the form; `mail_when` is "field=value", empty is always."""

    origins: list[str] = field(default_factory=list)
    source: str = ""
    owner: int | None = None
    tags: list[int] = field(default_factory=list)
    thanks: str = ""
    mail_on: bool = False
    mail_subject: str = ""
    mail_text: str = ""
    mail_link: str = ""
    mail_when: str = ""

    @classmethod
    def of(cls, form: Form) -> Self:
        """As stored; what is missing is as usual."""
        stored: Any = form.settings or {}
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__ if name in stored})

    @classmethod
    def parse(
        cls, data: Mapping[str, str], chosen_tags: list[str], *, tags: Collection[int], people: Collection[int],
        definition: Definition,
    ) -> Self:  # fmt: skip
        """Read the form; Invalid names each field. `tags` and `people` are the ids that may be chosen."""
        wrong: dict[str, str] = {}
        origins = []
        for typed in data.get("origins", "").split():
            if found := origin(typed):
                origins.append(found)
            else:
                wrong["origins"] = (
                    f"{typed[:60]} is no web address of a site. Write it like https://www.company.example."
                )
        made = cls(
            origins=list(dict.fromkeys(origins)), source=line(data.get("source", ""), 80),
            owner=_number(data.get("owner", "")),
            tags=[number for tag in dict.fromkeys(chosen_tags) if (number := _number(tag))],
            thanks=lines(data.get("thanks", ""), 600), mail_on=data.get("mail_on") == "yes",
            mail_subject=line(data.get("mail_subject", ""), 150), mail_text=lines(data.get("mail_text", ""), 4000),
            mail_link=data.get("mail_link", "").strip()[:1000], mail_when=data.get("mail_when", ""),
        )  # fmt: skip
        if len(made.origins) > MOST_ORIGINS:
            wrong["origins"] = f"{MOST_ORIGINS} sites are the most."
        if made.owner is not None and made.owner not in people:
            wrong["owner"] = "Choose somebody of your team."
        if not set(made.tags) <= set(tags):
            wrong["tags"] = "Choose from your tags."
        if made.mail_when not in dict(conditions(definition)):
            wrong["mail_when"] = "Choose one of the conditions."
        if made.mail_link and not web_address(made.mail_link):
            wrong["mail_link"] = "Write the whole address, like https://company.example/guide.pdf."
        if made.mail_on and not made.mail_subject:
            wrong["mail_subject"] = "A mail needs a subject."
        if made.mail_on and not made.mail_text:
            wrong["mail_text"] = "Write what the mail says."
        if wrong:
            raise Invalid(wrong)
        return made

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def mails(self, definition: Definition, answers: Answers) -> bool:
        """Whether somebody who answered this gets the mail."""
        if not self.mail_on or not self.mail_when:
            return self.mail_on
        key, _, value = self.mail_when.partition("=")
        source = find(definition, key)
        return source is not None and meets({"field": key, "is": value}, source, answers.get(key))


def conditions(definition: Definition) -> list[tuple[str, str]]:
    """When the mail may be sent: (value, words)."""
    found = [("", "To everybody who sends the form")]
    for source in fields(definition):
        if source["type"] in CHOOSING:
            found += [
                (f"{source['key']}={value}", f"Only if “{source['label']}” is {words}")
                for value, words in answers_of(source).items()
            ]
    return found


def origin(typed: str) -> str:
    """A site as browsers name it, such as https://www.company.example; empty when it is none. Plain http is for tests
    on one's own machine only."""
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        host, port = (parts.hostname or "").encode("idna").decode().lower(), parts.port
    except (ValueError, UnicodeError):
        return ""
    local = host == "localhost" or _loopback(host)
    dotted = "." in host and HOST.fullmatch(host)
    if parts.username is not None or not (local or dotted):
        return ""
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        return ""
    shown = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != usual else "")


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def lines(typed: str, longest: int) -> str:
    """Text of several lines, each without control characters."""
    kept = [line(each, longest) for each in typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(kept).strip()[:longest]
