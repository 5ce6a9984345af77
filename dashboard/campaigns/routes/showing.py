"""The figures of a campaign's page, each with the rows it was made of."""

from typing import Any, NamedTuple

from dashboard.campaigns.numbers import ARRIVED, COMING, LEFT, TROUBLE, Figures
from dashboard.formats import money as in_words
from dashboard.formats import num, percent
from dashboard.revenue.campaigns import Earned

LEFT_OUT = ("suppressed", "skipped", "stopped")
BOUNCE_LIMIT = "5%"
# Of the table of steps.
COLUMNS = (
    "Recipients", "To come", "Sent", "Not sent", "Left out", "Delivered", "Bounced", "Clicked", "Replied",
    "Unsubscribed", "Bought",
)  # fmt: skip


class Shown(NamedTuple):
    """One key number: what it is, the number, what it is measured against, and where its rows are."""

    label: str
    value: str
    note: str
    href: str


def figures_of(figures: Figures, money: Earned, base: str, bought: str, leads: str) -> list[Shown]:
    """The strip at the top."""
    f = figures
    replied, clicked, left = f.had("replied"), f.had("clicked"), f.had("unsubscribed")
    complained = f"{num(f.mails['complained'])} complained" if f.mails["complained"] else ""
    arrived = percent(f.rate(f.delivered, f.sent)) or "None yet"
    brought = ", ".join(in_words(net, currency) for currency, net in money.sums)
    bounced = f"{percent(f.rate(f.bounced, f.sent))}, limit {BOUNCE_LIMIT}" if f.sent else f"Limit {BOUNCE_LIMIT}"
    return [
        Shown("Recipients", num(f.recipients), f"{num(f.mailed)} mailed", leads),
        Shown("Sent", num(f.sent), f"{num(f.coming)} to come", rows_in(base, LEFT)),
        Shown("Delivered", num(f.delivered), arrived, rows_in(base, ARRIVED)),
        Shown("Clicked", num(clicked), _of_delivered(f, clicked), did(base, "clicked")),
        Shown("Replied", num(replied), _of_delivered(f, replied), did(base, "replied")),
        Shown("Bought", num(money.orders), brought, bought),
        Shown("Unsubscribed", num(left), _of_delivered(f, left), did(base, "unsubscribed")),
        Shown("Bounced", num(f.bounced), "; ".join(filter(None, (bounced, complained))), rows_in(base, ("bounced",))),
    ]  # fmt: skip


def steps_table(
    steps: list[dict[str, Any]], figures: dict[int, Figures], money: dict[int, Earned], base: str
) -> list[dict[str, Any]]:  # fmt: skip
    """One line for each step: recipients are the sum of what is to come, was sent, was not sent, and was left out."""
    lines = []
    for step in steps:
        f, brought = figures.get(step["id"], Figures()), money.get(step["id"], Earned())
        of = f"&step={step['id']}"
        lines.append({
            "step": step, "orders": brought.orders, "money": brought.sums,
            "cells": [
                (num(f.rows), f"{base}/ledger?step={step['id']}"), (num(f.of(COMING)), rows_in(base, COMING) + of),
                (num(f.sent), rows_in(base, LEFT) + of), (num(f.of(TROUBLE)), rows_in(base, TROUBLE) + of),
                (num(f.of(LEFT_OUT)), rows_in(base, LEFT_OUT) + of), (num(f.delivered), rows_in(base, ARRIVED) + of),
                (num(f.bounced), rows_in(base, ("bounced",)) + of), (num(f.had("clicked")), did(base, "clicked") + of),
                (num(f.had("replied")), did(base, "replied") + of),
                (num(f.had("unsubscribed")), did(base, "unsubscribed") + of),
            ],
        })  # fmt: skip
    return lines


def rows_in(base: str, states: tuple[str, ...]) -> str:
    """Where the rows in these states stand."""
    return f"{base}/ledger?{'&'.join(f'state={state}' for state in states)}"


def did(base: str, what: str) -> str:
    """Where the rows stand whose recipient did this."""
    return f"{base}/ledger?did={what}"


def _of_delivered(figures: Figures, number: int) -> str:
    share = percent(figures.rate(number))
    return f"{share} of delivered" if share else "None yet"
