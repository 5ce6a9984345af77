"""Public lead forms: which question tells what about the person, and what makes such a form complete.

In a definition, `to` of a field names what its answer fills in: email, name, phone, company or attribute:KEY."""

from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.forms.definition import FIELD, TYPES, Definition, Field, empty, fields

KNOWN = {"email": "E-mail address", "name": "Name", "phone": "Phone", "company": "Company"}
ATTRIBUTE = "attribute:"
# Which types of question can say what; of attributes by their kind.
FITS = {"email": ("email",), "name": ("text",), "phone": ("text", "number"), "company": ("text",)}
FITS_KIND = {
    "text": ("text", "long_text", "email", "url", "number", "choice", "choices", "date"), "number": ("number",),
    "date": ("date",), "choice": ("choice",), "yes_no": ("consent",),
}  # fmt: skip
LEAD_TYPES = {key: label for key, label in TYPES.items() if key != "file"}  # strangers give us no files


def start(title: str) -> Definition:
    """A lead form to begin with."""
    draft = empty(title)
    draft["sections"][0]["fields"] = [
        FIELD | {"key": "name", "type": "text", "label": "Your name", "to": "name", "max": 200, "options": []},
        FIELD
        | {"key": "email", "type": "email", "label": "E-mail address", "required": True, "to": "email", "options": []},
        FIELD | {"key": "message", "type": "long_text", "label": "What can we do for you?", "options": []},
        FIELD | {"key": "agree", "type": "consent", "label": "You may write to me about this", "options": []},
    ]  # fmt: skip
    return draft


def targets(field: Field, attributes: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What a question can fill in: (value, words). `attributes` have key, label and kind."""
    found = [(key, label) for key, label in KNOWN.items() if field["type"] in FITS[key]]
    found += [
        (ATTRIBUTE + each["key"], each["label"]) for each in attributes if field["type"] in FITS_KIND[each["kind"]]
    ]
    return [("", "Nothing, it is only kept"), *found] if found else []


def by_target(definition: Definition) -> dict[str, Field]:
    """The questions that fill something in, by what they fill in."""
    return {field["to"]: field for field in fields(definition) if field.get("to")}


def faults(definition: Definition) -> Iterator[str]:
    """What a lead form lacks, in sentences for the person who builds it."""
    seen: set[str] = set()
    for field in fields(definition):
        name, to = f"“{field['label'] or field['key']}”", field.get("to") or ""
        if field["type"] not in LEAD_TYPES:
            yield f"{name} asks for files, which strangers cannot give. Remove it."
        if to in KNOWN and field["type"] not in FITS[to]:
            yield f"{name} cannot fill in “{KNOWN[to]}”. Choose something else."
        if to and to in seen:
            yield f"{name} fills in what another question fills in already. Choose something else."
        seen.add(to)
    address = by_target(definition).get("email")
    if address is None or not address["required"] or address.get("when"):
        yield "Nobody could be written to. Ask for the e-mail address, always, and so that it must be answered."
