"""An intake with all that belongs to it, as pages and actions need it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.forms import answers as form_answers
from dashboard.forms.definition import Definition, complete, fields, shown, visible, with_dependents
from dashboard.intake.tables import IntakeState
from dashboard.orders.tables import Order, OrderStatus

SELECT = """
    SELECT i.id, i.organization, i."order", i.state, i.answers, i.asked_again, i.link_version, i.saved_at,
           i.submitted_at, i.submissions, i.asks, v.definition, v.number AS version,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size, 'field', x.field)
                                      ORDER BY x.id), '[]'::jsonb)
            FROM intake_file x JOIN file f ON f.id = x.file WHERE x.intake = i.id) AS files
    FROM intake i JOIN form_version v ON v.id = i.form_version """
OPEN = """
    SELECT v.number, count(*) FROM intake i JOIN form_version v ON v.id = i.form_version
        JOIN orders o ON o.id = i."order"
    WHERE i.organization = {} AND v.form = {} AND i.state = 'open' AND o.status <> 'cancelled' GROUP BY v.number"""
BY_ORDER = SELECT + 'WHERE i.organization = {} AND i."order" = {}'
BY_LINK = SELECT + "WHERE i.id = {} AND i.link_version = {}"


@dataclass(frozen=True)
class Answer:
    """One answer as it is read: words, or files with id, name and size in bytes."""

    key: str
    label: str
    text: str
    files: list[dict[str, Any]]
    asked_again: bool


@dataclass(frozen=True)
class IntakeView:
    """One customer's answers for one order."""

    organization: Organization
    order: Order
    id: int
    state: str
    answers: dict[str, Any]
    asked_again: list[str]
    link_version: int
    saved_at: datetime | None
    submitted_at: datetime | None
    submissions: int
    asks: int
    definition: Definition
    version: int
    files: list[dict[str, Any]]

    @property
    def open(self) -> bool:
        """Whether the customer may write: not sent yet or asked again, and the order goes on."""
        return self.state == IntakeState.open and self.order.status != OrderStatus.cancelled

    @property
    def link(self) -> str:
        return links.public(links.INTAKE, self.id, self.link_version)

    @property
    def token(self) -> str:
        return links.token(links.INTAKE, self.id, self.link_version)

    @cached_property
    def editable(self) -> set[str] | None:
        """Keys the customer may change: once asked again, only those and what depends on them. None is all."""
        return with_dependents(self.definition, self.asked_again) if self.asked_again else None

    @cached_property
    def counts(self) -> Counter[str]:
        """How many files each field has."""
        return Counter(file["field"] for file in self.files)

    @property
    def visible(self) -> dict[str, bool]:
        return shown(self.definition, self.answers)

    @property
    def progress(self) -> tuple[int, int]:
        """(answered, asked), of what is to be answered now."""
        return form_answers.progress(self.definition, self.answers, self.counts)

    @property
    def sections(self) -> list[tuple[str, list[Answer]]]:
        return answers_for_display(self)

    @property
    def askable(self) -> list[tuple[str, str]]:
        return askable(self)

    def files_of(self, key: str) -> list[dict[str, Any]]:
        return [file for file in self.files if file["field"] == key]


async def of_order(organization: Organization, order: Order) -> IntakeView | None:
    """The intake of an order, in one query; None where no form was sent."""
    found = await row(BY_ORDER, organization.id, order.id)
    return _view(found, organization, order) if found else None


async def get(organization: Organization, order: Order) -> IntakeView:
    """The intake of an order, or NotFound."""
    found = await of_order(organization, order)
    if found is None:
        raise NotFound("This order has no intake form.")
    return found


async def by_token(token: str) -> IntakeView | None:
    """The intake a private link opens, or None for a link that is wrong, of another kind or replaced."""
    read = links.read(links.INTAKE, token)
    found = await row(BY_LINK, *read) if read else None
    if not found:
        return None
    organization: Any = await Organization.objects().where(Organization.id == found["organization"]).first()
    return _view(found, organization, await Order.get_of(organization, found["order"]))


async def again(view: IntakeView) -> IntakeView:
    """The same intake as it is now."""
    return await get(view.organization, await Order.get_of(view.organization, view.order.id))


async def open_by_version(organization: Organization, form: int) -> dict[int, int]:
    """How many intakes under way began with which version of a form."""
    found = await rows(OPEN, organization.id, form)
    return {line["number"]: line["count"] for line in found}


def _view(found: dict[str, Any], organization: Organization, order: Order) -> IntakeView:
    definition = complete(found["definition"])
    return IntakeView(**(found | {"organization": organization, "order": order, "definition": definition}))


def answers_for_display(view: IntakeView) -> list[tuple[str, list[Answer]]]:
    """What was answered, by section, in the form's order. Hidden questions and empty sections are left out."""
    seen = visible(view.definition, view.answers)
    asked = set(view.asked_again)
    sections = []
    for section in view.definition["sections"]:
        lines = [
            Answer(
                field["key"], field["label"], form_answers.words(field, view.answers.get(field["key"])),
                view.files_of(field["key"]), field["key"] in asked,
            )
            for field in section["fields"] if seen[field["key"]]
        ]  # fmt: skip
        if lines:
            sections.append((section["title"], lines))
    return sections


def askable(view: IntakeView) -> list[tuple[str, str]]:
    """The questions that may be asked again: (key, label)."""
    seen = visible(view.definition, view.answers)
    return [(field["key"], field["label"]) for field in fields(view.definition) if seen[field["key"]]]
