"""What is chosen for a whole file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dashboard.accounts.forms import line
from dashboard.errors import NotFound
from dashboard.leads.importing.planning import KNOWN, Choices
from dashboard.leads.stages import FIRST, Step
from dashboard.leads.tags import LONGEST
from dashboard.typed import number, refuse, text


@dataclass(frozen=True)
class Settings:
    """What happens to known leads, and what new ones get."""

    known: str
    owner: int | None
    owner_name: str
    stage: str
    source: str
    tag: str

    @classmethod
    def parse(cls, data: Mapping[str, str], team: Mapping[str, str], steps: Sequence[Step]) -> Self:
        """Read it. A person who is not of the team and a stage that is not ours do not exist: NotFound."""
        owner, stage = text(data, "owner"), text(data, "stage") or FIRST
        if owner and owner not in team:
            raise NotFound("Nobody of your team is meant. Nothing was changed.")
        if stage not in {step.key for step in steps}:
            raise NotFound("There is no such stage. Nothing was changed.")
        tag = line(text(data, "tag"), 200)
        refuse({
            "known": "" if text(data, "known") in KNOWN else "Choose one.",
            "tag": "" if len(tag) <= LONGEST else f"A tag has at most {LONGEST} characters.",
        })  # fmt: skip
        id = number(data, "owner") or None
        return cls(text(data, "known"), id, team.get(owner, ""), stage, line(text(data, "source"), 80), tag)

    def choices(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @staticmethod
    def shown(mapping: Sequence[str], stored: Mapping[str, Any]) -> dict[str, Any]:
        """The form as it opens: as it was chosen for the last file with these titles."""
        chosen = Choices.of(stored)
        return {
            "mapping": list(mapping), "known": chosen.known, "owner": str(chosen.owner or ""), "stage": chosen.stage,
            "source": chosen.source, "tag": chosen.tag, "remembered": bool(stored.get("remembered")),
        }  # fmt: skip
