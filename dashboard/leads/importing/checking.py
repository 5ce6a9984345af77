"""The dry run: every line of the file with what would happen to it. Nothing but the lines themselves is written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from dashboard.accounts import team
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import DashboardError
from dashboard.leads import attributes, many, stages, tags
from dashboard.leads.engine import Counts, Item, Running
from dashboard.leads.importing import known, reading, values
from dashboard.leads.importing.planning import Choices, Surroundings, Verdict, plan
from dashboard.leads.importing.reading import Record
from dashboard.leads.importing.values import Line, Meaning
from dashboard.leads.tables import Import

CHUNK = 1000
MOST_TAGS = f"There are {tags.MOST} tags already, so “{{}}” cannot be made"
# Key by key, because for many at once a database that has not counted the lines yet would read all of them.
EARLIER_KEYS = """
    SELECT w.key, n.number FROM unnest({}::text[]) AS w (key)
    CROSS JOIN LATERAL (SELECT min(number) AS number FROM lead_batch_line WHERE batch = {} AND key = w.key
                        AND key <> '' AND outcome <> 'failed') n WHERE n.number IS NOT NULL"""
EARLIER_LEADS = """
    SELECT lead, min(number) AS number FROM lead_batch_line
    WHERE batch = {} AND lead = ANY({}) AND outcome <> 'failed' GROUP BY lead"""
CHECKED = """
    UPDATE lead_import SET plan = {}, lines = {}, checked_at = now()
    WHERE organization = {} AND checking = {}"""

Barred = Callable[[Organization, Sequence[str]], Awaitable[dict[str, str]]]  # address → why it is not added


class Check:
    """A batch of kind check."""

    def __init__(
        self, running: Running, file: Import, place: Path, meaning: Meaning, around: Surroundings, barred: Barred
    ) -> None:
        self.running, self.organization, self.file, self.place = running, running.organization, file, place
        self.meaning, self.around, self.barred = meaning, around, barred
        self.choices = Choices.of(file.choices)
        self.lines: Iterator[Line] | None = None

    async def following(self, position: int) -> Sequence[Item]:
        def some() -> list[Item]:
            if self.lines is None:
                self.lines = self._read(position)
            return [(line.number, line) for line in islice(self.lines, CHUNK)]

        try:
            return await asyncio.to_thread(some)
        except FileNotFoundError:
            raise DashboardError("The file is not here any more. Upload it again.") from None

    def _read(self, position: int) -> Iterator[Line]:
        """The lines of the file behind a position; nobody else reads from here."""
        with reading.open_text(self.place, self.file.encoding) as text:
            found = reading.records(text, self.file.delimiter, len(self.file.columns))
            for record in islice(found, 1 if self.file.has_header else 0, None):
                if record.number > position:
                    yield self._line(record)

    def _line(self, record: Record) -> Line:
        if record.problem:
            return Line(record.number, problem=record.problem, cells=values.storable(record.cells))
        return values.read(record.number, record.cells, self.meaning)

    async def write(self, items: Sequence[Item]) -> Counts:
        lines: list[Line] = [line for _, line in items]
        good = [line for line in lines if not line.problem]
        found = await known.find(self.organization, good)
        same = await self._same(good, found.lead_of)
        leads = await known.load(self.organization, found.lead_of.values())
        noted = await known.noted(
            self.organization, [(found.lead_of[n.number], n) for n in good if n.number in found.lead_of]
        )
        barred = await self.barred(
            self.organization, [n.facts["email_normalized"] for n in good if "email_normalized" in n.facts]
        )
        written, alike = many.Lines(self.organization, self.running.id), 0
        for line in lines:
            lead = leads.get(found.lead_of.get(line.number, 0))
            earlier = same.get(line.number)
            why = found.unsure.get(line.number, "")
            line.problem = line.problem or why
            if earlier and not line.problem:
                verdict = Verdict("skipped", f"Same as line {earlier}")
            else:
                address = line.facts.get("email_normalized", "")
                verdict = plan(
                    line, lead, self.choices, self.around, barred=barred.get(address, ""), noted=line.number in noted
                )
                self._make_tags(verdict)
            if verdict.outcome == "created" and line.number in found.alike:
                alike += 1
                verdict.reason += f", {found.alike[line.number]}"
            stored = line.stored() | ({"same": earlier} if earlier else {})
            written.add(
                verdict.outcome, lead=lead["id"] if lead else None, number=line.number, key=line.key,
                reason=verdict.reason, after=stored,
            )  # fmt: skip
        await written.write()
        return written.counts() | ({"alike": alike} if alike else {})

    async def _same(self, lines: Sequence[Line], lead_of: dict[int, int]) -> dict[int, int]:
        """By number, the earlier line that speaks of the same person."""
        keys = {line.key: 0 for line in lines}
        for each in await rows(EARLIER_KEYS, list(keys), self.running.id):
            keys[each["key"]] = each["number"]
        leads: dict[int, int] = {}
        for each in await rows(EARLIER_LEADS, self.running.id, list(set(lead_of.values()))):
            leads[each["lead"]] = each["number"]
        found = {}
        for line in lines:
            lead = lead_of.get(line.number, 0)
            if earlier := keys[line.key] or leads.get(lead, 0):
                found[line.number] = earlier
            keys[line.key] = keys[line.key] or line.number
            if lead:
                leads.setdefault(lead, line.number)
        return found

    def _make_tags(self, verdict: Verdict) -> None:
        """Tags that would be new, up to as many as there may be."""
        new = self.running.params.setdefault("new_tags", [])
        for name in verdict.tags:
            if name.lower() in self.around.tags or name.lower() in new:
                continue
            if len(self.around.tags) + len(new) >= tags.MOST:
                verdict.outcome, verdict.reason = "failed", MOST_TAGS.format(name)
                return
            new.append(name.lower())

    async def spoilt(self, item: Item) -> Counts:
        line: Line = item[1]
        written = many.Lines(self.organization, self.running.id)
        written.add("failed", number=line.number, reason="Cannot be read. The reason is in the log of the application")
        await written.write()
        return written.counts()

    async def finish(self) -> None:
        counts = self.running.counts
        await rows(CHECKED, counts, self.running.handled, self.organization.id, self.running.id)


async def meaning(organization: Organization, file: Import, asked: Sequence[dict[str, Any]]) -> Meaning:
    """What the words of this file mean here."""
    names: dict[str, int] = {}
    people = [person for person in await team.members(organization) if person["disabled_at"] is None]
    several = [person["name"].casefold() for person in people]
    for person in people:
        names[person["email"].casefold()] = person["user"]
        if several.count(person["name"].casefold()) == 1:
            names[person["name"].casefold()] = person["user"]
    return Meaning(
        file.mapping, await stages.steps(organization), names, {each["key"]: each for each in asked},
        organization.currency,
    )  # fmt: skip


async def surroundings(running: Running, asked: Sequence[dict[str, Any]]) -> Surroundings:
    organization = running.organization
    return Surroundings(
        await stages.steps(organization), {tag["name"].lower(): tag["id"] for tag in await tags.every(organization)},
        {each["key"]: each["label"] for each in asked},
        {person["user"]: person["name"] for person in await team.members(organization)}, running.created_at,
    )  # fmt: skip


async def open_check(running: Running, place: Callable[[str], Path], barred: Barred) -> Check:
    """The check of the file this batch is about; DashboardError when it is gone."""
    file = await Import.of(running.organization).where(Import.checking == running.id).first()
    if file is None or not file.path:
        raise DashboardError("The file is not here any more. Upload it again.")
    asked = await attributes.every(running.organization)
    return Check(
        running, file, place(file.path), await meaning(running.organization, file, asked),
        await surroundings(running, asked), barred,
    )  # fmt: skip
