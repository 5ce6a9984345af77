"""What webhooks said of a person: the bodies are reduced to what the books need."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from dashboard.database import rows
from dashboard.erasure.belongings import GONE, Person

CHUNK = 1000
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
# Names of a sender's fields whose texts are references and states, never a person's.
KEPT = {
    "id", "object", "type", "created", "livemode", "api_version", "mode", "status", "payment_status", "currency",
    "payment_intent", "invoice", "subscription", "charge", "customer", "payment_link", "price", "refund", "dispute",
    "balance_transaction", "reason", "number", "payment", "refunds", "email_id", "created_at", "delivery", "kind",
}  # fmt: skip
DROPPED = {"metadata", "address", "card", "payment_method_details", "custom_fields", "billing_details", "shipping"}
TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
# The ids by which a sender names what is this person's. They stay: they are pseudonyms, and the books hang on them.
REFERENCES = """
    SELECT session AS id FROM orders WHERE id = ANY({}) UNION SELECT payment_intent FROM orders WHERE id = ANY({})
    UNION SELECT invoice FROM orders WHERE id = ANY({}) UNION SELECT subscription FROM orders WHERE id = ANY({})
    UNION SELECT payment_intent FROM payment WHERE id = ANY({}) UNION SELECT charge FROM payment WHERE id = ANY({})
    UNION SELECT invoice FROM payment WHERE id = ANY({}) UNION SELECT session FROM payment WHERE id = ANY({})
    UNION SELECT subscription FROM payment WHERE id = ANY({})
    UNION SELECT provider_id FROM delivery WHERE id = ANY({})"""
# Bytes as text that any byte has a form in; an id stands in it as it is.
FIND = """
    WITH next AS (SELECT id, body, state, received_at FROM inbound_event
                  WHERE organization = {} AND id > {} AND received_at >= {} ORDER BY id LIMIT {})
    SELECT max(id) OVER () AS last, id, state, hit, CASE WHEN hit THEN body END AS body FROM (
        SELECT s.*, (s.received_at <= {} AND lower(encode(s.body, 'escape')) LIKE ANY({})) OR EXISTS (
            SELECT FROM regexp_matches(encode(s.body, 'escape'), '"([A-Za-z0-9_-]+)"', 'g') m (found)
            WHERE m.found[1] = ANY({})) AS hit
        FROM next s) looked"""
REDUCE = """
    UPDATE inbound_event SET body = {}, result = '', attempts = '[]', error = CASE WHEN error = '' THEN '' ELSE {} END
    WHERE id = {} AND state <> 'processing' RETURNING id"""


async def references(person: Person) -> list[str]:
    """The senders' own ids of their orders, payments and mails."""
    found = await rows(REFERENCES, *[person.orders] * 4, *[person.payments] * 5, person.deliveries)
    return [each["id"] for each in found if each["id"]]


async def forget(person: Person, words: list[str], until: datetime, since: datetime = BEGINNING) -> tuple[int, bool]:
    """Reduce every event since a moment that speaks of something of theirs, or has one of these words and came before
    `until`: who returns after that is a new person. How many, and whether all are done: one that is being handled at
    this moment has to be looked at again."""
    known = await references(person)
    patterns = [_pattern(form) for word in words for form in {word, json.dumps(word)[1:-1]}]
    last, forgotten, all_done = 0, 0, True
    while True:
        found = await rows(FIND, person.organization, last, since, CHUNK, until, patterns, known)
        for event in found:
            if event["hit"]:
                body = reduced(bytes(event["body"]), words)
                done = event["state"] != "processing" and await rows(REDUCE, body, GONE, event["id"])
                forgotten, all_done = forgotten + bool(done), all_done and bool(done)
        if not found:
            return forgotten, all_done
        last = found[0]["last"]


def reduced(body: bytes, words: list[str]) -> bytes:
    """The body with numbers, references and states; everything a person could be known by is gone."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return b"{}"
    return json.dumps(_reduced(value, "", [word.casefold() for word in words])).encode()


def _reduced(value: Any, name: str, words: list[str]) -> Any:
    if isinstance(value, dict):
        inside = {} if name in DROPPED else value
        return {key: _reduced(each, key, words) for key, each in inside.items() if TOKEN.fullmatch(key)}
    if isinstance(value, list):
        return [_reduced(each, name, words) for each in value]
    if isinstance(value, str):
        kept = name in KEPT and TOKEN.fullmatch(value) and not any(word in value.casefold() for word in words)
        return value if kept else None
    return value


def _pattern(word: str) -> str:
    """For LIKE over bytes as PostgreSQL's escape form writes them, lower case."""
    written = "".join(_written(byte) for byte in word.lower().encode())
    return "%" + written.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _written(byte: int) -> str:
    if byte == ord("\\"):
        return "\\\\"
    return chr(byte) if byte < 128 else f"\\{byte:03o}"
