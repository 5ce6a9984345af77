"""One engine for every list page: filters in the query string, keyset pages, capped counts, CSV.

A slice declares a `List`: its fields, its sorts, where its address is. Every piece of SQL stands in that declaration;
what a person types is only ever a value beside it. `read` turns a query string into `Filters`, which know the chips,
the WHERE, the page and the links that lead elsewhere. Only `reading` touches the database, by the slice's statement."""

from dashboard.lists.fields import Asked, Choice, Choices, Condition, Dates, Numbers, Person, Reference, Search
from dashboard.lists.filters import Chip, Filters, List
from dashboard.lists.keyset import CAP, Cursor, Page, Sort, counted

__all__ = [
    "CAP", "Asked", "Chip", "Choice", "Choices", "Condition", "Cursor", "Dates", "Filters", "List", "Numbers",
    "Page", "Person",
    "Reference", "Search", "Sort", "counted",
]  # fmt: skip
