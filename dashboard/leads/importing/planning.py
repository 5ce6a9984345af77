"""What happens to one line of a file: create, update, skip or leave out, and why. Pure: the check and the import ask
the same question, so they get the same answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from dashboard.formats import day
from dashboard.leads.bulk import closed, differing
from dashboard.leads.importing.values import Line
from dashboard.leads.many import EMPTY, Facts
from dashboard.leads.stages import FIRST, Step, named

KNOWN = {  # what is done to leads that are known already
    "fill": "Fill in what is empty", "overwrite": "Overwrite with what the file says", "skip": "Leave them as they are",
}  # fmt: skip
WORDS = {
    "name": "name", "company": "company", "phone": "phone", "source": "source", "value": "value", "owner": "owner",
    "expected_close": "expected close", "stage": "stage",
}  # fmt: skip
PLAIN = ("name", "company", "phone", "source", "owner", "expected_close")


@dataclass(frozen=True)
class Choices:
    """What was chosen for the whole file. Owner, stage and source are for new leads whose line says none; the tag is
    for every lead that is written."""

    known: str = "fill"
    owner: int | None = None
    owner_name: str = ""
    stage: str = FIRST
    source: str = ""
    tag: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__ if name in stored})


@dataclass
class Verdict:
    """`facts` are the columns that change, but for the tags: `tags` are the names of those to add."""

    outcome: str
    reason: str
    facts: Facts = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def written(self) -> bool:
        return self.outcome in ("created", "updated")


@dataclass(frozen=True)
class Surroundings:
    """What there is already: stages, tags (lower case → id), the questions' words, and when this is."""

    steps: list[Step]
    tags: Mapping[str, int]
    labels: Mapping[str, str]
    names: Mapping[int, str]  # of the team
    now: datetime


def plan(
    line: Line, lead: Facts | None, choices: Choices, around: Surroundings, *, barred: str = "", noted: bool = False
) -> Verdict:
    """`lead` is who the line speaks of, None for somebody new; `barred` why this address is not added; `noted` whether
    the lead has that very note."""
    if line.problem:
        return Verdict("failed", line.problem)
    if lead is None:
        return Verdict("skipped", barred) if barred else _create(line, choices, around)
    if choices.known == "skip":
        return Verdict("skipped", f"Deleted on {_on(lead)}" if lead["deleted_at"] else "Known already")
    return _update(line, lead, choices, around, noted)


def _create(line: Line, choices: Choices, around: Surroundings) -> Verdict:
    facts = dict(line.facts)
    if choices.owner and "owner" not in facts:
        facts["owner"] = choices.owner
    if choices.source and "source" not in facts:
        facts["source"] = choices.source
    step = named(around.steps, facts.pop("stage", choices.stage))
    facts |= differing(EMPTY, closed(EMPTY | facts, step, around.now))
    owner = facts.get("owner")
    whose = f"owner {around.names.get(owner, 'of the team')}" if owner else "no owner"
    return Verdict("created", f"New lead, {whose}", facts, _tags(line.tags, choices, [], around), line.note)


def _update(line: Line, lead: Facts, choices: Choices, around: Surroundings, noted: bool) -> Verdict:
    overwrite, given = choices.known == "overwrite", line.facts
    facts: Facts = {}
    words: list[str] = []
    for name in PLAIN:
        if name in given and given[name] != lead[name] and (overwrite or not lead[name]):
            facts[name] = given[name]
            words.append(WORDS[name])
    if "phone" in facts:
        facts["phone_normalized"] = given["phone_normalized"]
    if "value" in given and (overwrite or not lead["value"]):
        money = {name: given[name] for name in ("value", "currency") if given[name] != lead[name]}
        facts |= money
        words += [WORDS["value"]] * bool(money)
    answers = {
        key: value for key, value in given.get("attributes", {}).items()
        if (overwrite or key not in lead["attributes"]) and lead["attributes"].get(key) != value
    }  # fmt: skip
    if answers:
        facts["attributes"] = lead["attributes"] | answers
        words += [around.labels.get(key, key) for key in answers]
    stays = ""
    if "stage" in given and given["stage"] != lead["stage"]:
        if overwrite:
            facts |= differing(lead, closed(lead | facts, named(around.steps, given["stage"]), around.now))
            words.append(WORDS["stage"])
        else:
            stays = f". Stage stays {named(around.steps, lead['stage']).name}"
    own = [tag for tag in line.tags if around.tags.get(tag.lower()) not in lead["tags"]]
    words += [f"tag “{tag}”" for tag in own]
    note = "" if noted else line.note
    words += ["note"] * bool(note)
    back = f"Was deleted on {_on(lead)}, comes back" if lead["deleted_at"] else ""
    if back:
        facts["deleted_at"] = None
    if not (facts or own or note):
        return Verdict("skipped", "Nothing new" + stays)
    said = f"{'Changes' if overwrite else 'Adds'} {', '.join(words)}" if words else ""
    tags = _tags(own, choices, lead["tags"], around)
    return Verdict("updated", ". ".join(part for part in (back, said) if part) + stays, facts, tags, note)


def _tags(names: list[str], choices: Choices, has: Collection[int], around: Surroundings) -> list[str]:
    """The tags to put on, with the one for the whole file."""
    more = [choices.tag] if choices.tag and choices.tag.lower() not in {name.lower() for name in names} else []
    return [*names, *(tag for tag in more if around.tags.get(tag.lower(), 0) not in has)]


def _on(lead: Facts) -> str:
    return day(datetime.fromisoformat(lead["deleted_at"]).date())
