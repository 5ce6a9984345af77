"""Changing the sections and the heading of a draft. Plain functions; each leaves its argument as it was."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from dashboard.errors import Conflict, NotFound
from dashboard.forms.definition import MOST_SECTIONS, Definition, find
from dashboard.forms.keys import free, one_line


def add_section(definition: Definition) -> tuple[Definition, str]:
    draft = deepcopy(definition)
    if len(draft["sections"]) >= MOST_SECTIONS:
        raise Conflict(f"A form holds at most {MOST_SECTIONS} sections. Nothing was changed.")
    key = free("s1", {section["key"] for section in draft["sections"]})
    draft["sections"].append({"key": key, "title": "New section", "optional": False, "fields": []})
    return draft, key


def change_section(definition: Definition, key: str, posted: Mapping[str, str]) -> Definition:
    draft = deepcopy(definition)
    section = get_section(draft, key)
    section["title"] = one_line(posted.get("title", ""), 120)
    section["optional"] = posted.get("optional", "") == "yes"
    return draft


def remove_section(definition: Definition, key: str) -> Definition:
    """Take a section with its fields out; the last one stays."""
    draft = deepcopy(definition)
    section = get_section(draft, key)
    if len(draft["sections"]) == 1:
        raise Conflict("A form has at least one section. Nothing was changed.")
    place = draft["sections"].index(section)
    draft["removed"] = {"place": place, "whole": draft["sections"].pop(place)}
    return draft


def move_section(definition: Definition, key: str, step: int) -> Definition:
    draft = deepcopy(definition)
    place = draft["sections"].index(get_section(draft, key))
    if 0 <= place + step < len(draft["sections"]):
        draft["sections"].insert(place + step, draft["sections"].pop(place))
    return draft


def change_heading(definition: Definition, posted: Mapping[str, str]) -> Definition:
    return deepcopy(definition) | {
        "title": one_line(posted.get("title", ""), 120),
        "intro": one_line(posted.get("intro", ""), 600),
    }


def put_back(definition: Definition) -> Definition:
    """Undo the last removal of a field or section; without one nothing changes."""
    draft = deepcopy(definition)
    aside = draft.pop("removed", None)
    if not aside:
        return draft
    if "field" in aside:
        section = next((s for s in draft["sections"] if s["key"] == aside["section"]), draft["sections"][-1])
        if find(draft, aside["field"]["key"]) is None:
            section["fields"].insert(aside["place"], aside["field"])
    elif all(section["key"] != aside["whole"]["key"] for section in draft["sections"]):
        draft["sections"].insert(aside["place"], aside["whole"])
    return draft


def publishable(definition: Definition) -> Definition:
    """The definition without what only the builder needs."""
    return {name: value for name, value in definition.items() if name != "removed"}


def get_section(definition: Definition, key: str) -> dict[str, Any]:
    found = next((section for section in definition["sections"] if section["key"] == key), None)
    if found is None:
        raise NotFound("This section is gone.")
    return found
