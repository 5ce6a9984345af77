"""The import itself: what the check found out about each line is done, a transaction full of lines at a time."""

from collections.abc import Sequence
from typing import Any

from dashboard.activity import actions as activity
from dashboard.database import rows
from dashboard.leads import attributes, many, tags
from dashboard.leads.engine import Counts, Item, Running
from dashboard.leads.importing import known
from dashboard.leads.importing.checking import Barred, surroundings
from dashboard.leads.importing.planning import Choices, Surroundings, Verdict, plan
from dashboard.leads.importing.values import Line
from dashboard.leads.many import Facts
from dashboard.leads.tables import Import

CHUNK = 1000
STAGED = """
    SELECT id, number, key, lead, outcome, reason, after FROM lead_batch_line
    WHERE batch = {} AND id > {} ORDER BY id LIMIT {}"""


class Carrying:
    """A batch of kind import. Its lines come from the check; what has changed since then is seen again."""

    def __init__(self, running: Running, name: str, around: Surroundings, barred: Barred) -> None:
        self.running, self.organization, self.name = running, running.organization, name
        self.around, self.barred = around, barred
        self.choices = Choices.of(running.params["choices"])

    async def following(self, position: int) -> Sequence[Item]:
        return [(each["id"], each) for each in await rows(STAGED, self.running.params["check"], position, CHUNK)]

    async def write(self, items: Sequence[Item]) -> Counts:
        staged = [each for _, each in items]
        open_ = {
            each["id"]: _line(each) for each in staged if each["outcome"] != "failed" and "same" not in each["after"]
        }
        meant = await self._meant(staged, open_)
        leads = await many.lock(self.organization, sorted(set(meant.values())))
        barred = await self.barred(
            self.organization, [n.facts["email_normalized"] for n in open_.values() if "email_normalized" in n.facts]
        )
        noted = await known.noted(self.organization, [(meant[id], line) for id, line in open_.items() if id in meant])
        done: list[tuple[dict[str, Any], Verdict, Facts | None]] = []
        taken: dict[int, int] = {}
        for each in staged:
            line, lead = open_.get(each["id"]), leads.get(meant.get(each["id"], 0))
            if line is None:
                done.append((each, Verdict(each["outcome"], each["reason"]), None))
            elif each["id"] in meant and lead is None:
                done.append((each, Verdict("skipped", "The lead was removed in the meantime"), None))
            elif lead and lead["id"] in taken:
                done.append((each, Verdict("skipped", f"Same as line {taken[lead['id']]}"), None))
            else:
                why = barred.get(line.facts.get("email_normalized", ""), "")
                verdict = plan(line, lead, self.choices, self.around, barred=why, noted=line.number in noted)
                done.append((each, verdict, lead))
                if lead:
                    taken[lead["id"]] = line.number
        return await self._write(done)

    async def _meant(self, staged: list[dict[str, Any]], open_: dict[int, Line]) -> dict[int, int]:
        """Which lead each line is about, by the line's id: whoever has the address now, else who the check found."""
        by_address = await known.addresses(self.organization, open_.values())
        found = {}
        for each in staged:
            if (line := open_.get(each["id"])) is None:
                continue
            address = line.facts.get("email_normalized")
            lead = by_address.get(address) if address else each["lead"]
            if lead:
                found[each["id"]] = lead
        return found

    async def _write(self, done: list[tuple[dict[str, Any], Verdict, Facts | None]]) -> Counts:
        await self._make_tags([name for _, verdict, _ in done if verdict.written for name in verdict.tags])
        new = iter(await many.new_ids(sum(verdict.outcome == "created" for _, verdict, _ in done)))
        created: dict[int, Facts] = {}
        updated: dict[int, Facts] = {}
        ids: list[int | None] = []
        for _, verdict, lead in done:
            id = next(new) if verdict.outcome == "created" else lead["id"] if lead else None
            ids.append(id)
            if verdict.written and id:
                self._put_tags(verdict, lead)
                (created if verdict.outcome == "created" else updated)[id] = verdict.facts
        await many.create(self.organization, created)
        await many.update(self.organization, {id: facts for id, facts in updated.items() if facts})
        notes = await self._write_notes(done, ids)
        lines = many.Lines(self.organization, self.running.id)
        for (each, verdict, lead), id in zip(done, ids, strict=True):
            after = verdict.facts | ({"note": notes[id]} if id in notes else {}) if verdict.written else each["after"]
            before = many.before(lead, verdict.facts) if lead and verdict.written else None
            lines.add(
                verdict.outcome, lead=id, number=each["number"], reason=verdict.reason, before=before, after=after
            )
        await lines.write()
        for which, title in ((created, "imported the lead from {}"), (updated, "updated the lead from {}")):
            await activity.record_everywhere(
                self.organization, "lead", list(which), "imported", title.format(self.name), by=self.running.by,
                data={"lead_batch": self.running.id},
            )  # fmt: skip
        return lines.counts()

    async def _make_tags(self, names: list[str]) -> None:
        made = self.running.params.setdefault("made_tags", {})
        for name in names:
            if name.lower() not in self.around.tags and name.lower() not in made:
                made[name.lower()] = (await tags.make(self.organization, name))["id"]

    def _put_tags(self, verdict: Verdict, lead: Facts | None) -> None:
        has, there = lead["tags"] if lead else [], {**self.around.tags, **self.running.params["made_tags"]}
        more = list(dict.fromkeys(there[name.lower()] for name in verdict.tags))
        if more:
            verdict.facts["tags"] = has + [id for id in more if id not in has]

    async def _write_notes(
        self, done: list[tuple[dict[str, Any], Verdict, Facts | None]], ids: list[int | None]
    ) -> dict[int | None, int]:
        pairs = [(id, verdict.note) for (_, verdict, _), id in zip(done, ids, strict=True) if verdict.note and id]
        author = self.running.by.id if self.running.by else None
        made = await many.write_notes(self.organization, pairs, author)
        return dict(zip((id for id, _ in pairs), made, strict=True))

    async def spoilt(self, item: Item) -> Counts:
        lines, each = many.Lines(self.organization, self.running.id), item[1]
        lines.add(
            "failed", number=each["number"], after=each["after"],
            reason="Could not be written. The reason is in the log of the application",
        )  # fmt: skip
        await lines.write()
        return lines.counts()

    async def finish(self) -> None:
        """The file was read into the check's lines; it is forgotten by a job."""


def _line(staged: dict[str, Any]) -> Line:
    stored = staged["after"]
    return Line(staged["number"], stored.get("facts", {}), stored.get("tags", []), stored.get("note", ""))


async def open_import(running: Running, barred: Barred) -> Carrying:
    file = await Import.get_of(running.organization, running.params["import"])
    around = await surroundings(running, await attributes.every(running.organization))
    return Carrying(running, file.name, around, barred)
