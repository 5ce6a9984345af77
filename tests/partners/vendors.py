"""How each vendor answers when all is well, and the shape of its errors. Shapes after INTEGRATIONS; values invented."""

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.partners.server import Reply, Request

if TYPE_CHECKING:
    from tests.partners.provider import Provider

Vendor = Callable[["Provider", Request], Reply]


def of(path: str) -> tuple[str, Vendor]:
    if path.startswith("/v1/"):
        return "stripe", stripe
    if path.startswith("/bot"):
        from tests.partners.telegram import telegram  # which uses what stands here

        return "telegram", telegram
    if path in ("/models", "/chat/completions", "/responses"):
        return "openai", openai
    if path.split("/")[1].isdecimal():
        return "whatsapp", whatsapp
    return "resend", resend


def error(service: str, status: int, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """The vendor's error body; `given` replaces or adds fields where the vendor puts them."""
    given = given or {}
    if service == "resend":
        names = {401: "missing_api_key", 403: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}
        name = names.get(status, "application_error" if status >= 500 else "validation_error")
        return {"statusCode": status, "message": f"Message of {name}.", "name": name} | given
    if service == "telegram":
        parameters = {"parameters": {"retry_after": 35}} if status == 429 else {}
        return {"ok": False, "error_code": status, "description": "Bad Request: reason", **parameters} | given
    if service == "whatsapp":
        code = {401: 190, 429: 130429}.get(status, 1 if status >= 500 else 100)
        return {
            "error": {"message": f"(#{code}) Reason", "type": "OAuthException", "code": code, "fbtrace_id": "A"} | given
        }
    kind = "api_error" if status >= 500 or status == 429 else "card_error" if status == 402 else "invalid_request_error"
    return {"error": {"type": kind, "message": f"Message of {kind}."} | given}


def stripe(partner: "Provider", request: Request) -> Reply:
    if not request.headers.get("authorization", "").startswith(("Bearer sk_", "Bearer rk_")):
        return Reply(401, error("stripe", 401, {"message": "Invalid API Key provided"}))
    if request.path == "/v1/balance":
        return Reply(200, {"object": "balance", "livemode": False, "available": [], "pending": []})
    if (request.method, request.path) == ("POST", "/v1/refunds"):
        form, amount = request.form, request.form.get("amount", "")
        if not (form.get("payment_intent") or form.get("charge")) or not amount.isdecimal() or int(amount) < 1:
            return Reply(400, error("stripe", 400, {"message": "Invalid amount", "param": "amount"}))
        mismatch = Reply(400, error("stripe", 400, {"type": "idempotency_error", "message": "Keys for idempotent …"}))
        id = "re_" + uuid.uuid4().hex[:16]
        body = {"id": id, "object": "refund", "amount": int(amount), "currency": "usd", "status": "succeeded"}
        return accepted(partner, "stripe", request, form, body, mismatch)
    if request.path in LISTS:
        return stripe_list(partner, request, LISTS[request.path])
    found = partner.objects.get(request.path.rpartition("/")[2])
    if found is None:
        return Reply(404, error("stripe", 404, {"code": "resource_missing", "message": "No such object"}))
    return Reply(200, found)


LISTS = {"/v1/events": "event", "/v1/balance_transactions": "balance_transaction"}
BOUNDS = {
    "created[gt]": lambda at, bound: at > bound, "created[gte]": lambda at, bound: at >= bound,
    "created[lt]": lambda at, bound: at < bound, "created[lte]": lambda at, bound: at <= bound,
}  # fmt: skip


def stripe_list(partner: "Provider", request: Request, kind: str) -> Reply:
    """What `partner.objects` has of one kind, newest first, of two in one second the later one: a page of it."""
    query = request.query
    types = [value for name, value in query.items() if name.startswith("types[")]
    limit = int(query.get("limit", "10"))
    if not 1 <= limit <= 100 or len(types) > 20:
        return Reply(400, error("stripe", 400, {"message": "Invalid limit, or too many types"}))
    there = [each for each in reversed(partner.objects.values()) if each["object"] == kind]
    there = [each for each in there if not types or each["type"] in types]
    for name, holds in BOUNDS.items():
        if name in query:
            there = [each for each in there if holds(each["created"], int(query[name]))]
    there.sort(key=lambda each: -each["created"])
    if after := query.get("starting_after"):
        ids = [each["id"] for each in there]
        if after not in ids:
            return Reply(400, error("stripe", 400, {"code": "resource_missing", "message": f"No such {kind}"}))
        there = there[ids.index(after) + 1 :]
    page = there[:limit]
    if "data.source" in [value for name, value in query.items() if name.startswith("expand[")]:
        page = [each | {"source": partner.objects.get(each["source"], each["source"])} for each in page]
    return Reply(200, {"object": "list", "url": request.path, "has_more": len(there) > limit, "data": page})


def resend(partner: "Provider", request: Request) -> Reply:
    if request.path.startswith("/received-files/"):  # where its answers say that a file is; no key goes there
        kept = partner.objects.get(request.path)
        named = "authorization" not in request.headers and kept is not None
        return Reply(200, kept["bytes"]) if named else Reply(404, error("resend", 404))
    if not request.headers.get("authorization", "").startswith("Bearer re_"):
        return Reply(401, error("resend", 401))
    if request.path == "/domains":
        known = partner.objects.get("domains", {"harbor.example": "verified", "acme.example": "verified"})
        domains = [{"id": name, "name": name, "status": status} for name, status in known.items()]
        return Reply(200, {"object": "list", "data": domains, "has_more": False})
    if (request.method, request.path) == ("POST", "/emails"):
        mail = request.json
        missing = [name for name in ("from", "to", "subject") if not mail.get(name)]
        if missing or not (mail.get("html") or mail.get("text")):
            return Reply(422, error("resend", 422, {"name": "missing_required_field"}))
        if not isinstance(mail.get("tags", []), list) or "user-agent" not in request.headers:
            return Reply(422, error("resend", 422))
        if any(to.endswith("@refused.example") for to in mail["to"]):
            return Reply(422, error("resend", 422, {"message": "Invalid `to` field."}))
        mismatch = Reply(409, error("resend", 409, {"name": "invalid_idempotent_request"}))
        return accepted(partner, "resend", request, mail, {"id": str(uuid.uuid4())}, mismatch)
    if (request.method, request.path) == ("POST", "/emails/batch"):
        return resend_batch(partner, request)
    found = partner.objects.get(request.path.rpartition("/")[2])
    return Reply(200, found) if found else Reply(404, error("resend", 404))


def resend_batch(partner: "Provider", request: Request) -> Reply:
    """All or nothing. In the journal each mail is an entry of its own, under the key and its place in the batch."""
    mails, key = request.json, request.headers.get("idempotency-key", "")
    if not isinstance(mails, list) or not 1 <= len(mails) <= 100:
        return Reply(422, error("resend", 422))
    for mail in mails:
        whole = all(mail.get(name) for name in ("from", "to", "subject")) and (mail.get("html") or mail.get("text"))
        if not whole or "attachments" in mail or not isinstance(mail.get("tags", []), list):
            return Reply(422, error("resend", 422, {"name": "missing_required_field"}))
        if any(to.endswith("@refused.example") for to in mail["to"]):
            return Reply(422, error("resend", 422, {"message": "Invalid `to` field."}))
    if key in partner.batches:
        answer, body = partner.batches[key]
        replayed = Reply(200, answer, {"Idempotent-Replayed": "true"})
        return (
            replayed
            if body == request.body
            else Reply(409, error("resend", 409, {"name": "invalid_idempotent_request"}))
        )
    answer = {"data": [{"id": str(uuid.uuid4())} for _ in mails]}
    entries = [
        {
            "service": "resend",
            "id": made["id"],
            "key": f"{key}#{place}",
            "path": request.path,
            "body": mail,
            "answer": made,
        }
        for place, (mail, made) in enumerate(zip(mails, answer["data"], strict=True))
    ]
    partner.journal.append(*entries)
    if key:
        partner.batches[key] = (answer, request.body)
    return Reply(200, answer)


def whatsapp(partner: "Provider", request: Request) -> Reply:
    if not request.headers.get("authorization", "").startswith("Bearer EAA"):
        return Reply(401, error("whatsapp", 401))
    if request.method == "GET":
        return Reply(200, {"display_phone_number": "+1 555-010-0000", "id": request.path.split("/")[1].split("?")[0]})
    message = request.json
    kind = message.get("type")
    if message.get("messaging_product") != "whatsapp" or not message.get("to", "").isdecimal():
        return Reply(400, error("whatsapp", 400, {"message": "(#100) Invalid parameter"}))
    if kind == "text" and not 1 <= len(message["text"]["body"]) <= 4096:
        return Reply(400, error("whatsapp", 400, {"message": "(#100) Param text.body must be at most 4096 characters"}))
    if kind == "template":
        (body,) = message["template"]["components"]
        (parameter,) = body["parameters"]
        if any(odd in parameter["text"] for odd in ("\n", "\t", "    ")) or not 1 <= len(parameter["text"]) <= 1024:
            return Reply(400, error("whatsapp", 400, {"code": 132018}))
    id = f"wamid.{uuid.uuid4().hex}"
    body = {"messaging_product": "whatsapp", "messages": [{"id": id, "message_status": "accepted"}]}
    return accepted(partner, "whatsapp", request, message, body, Reply(500), id=id)


def openai(partner: "Provider", request: Request) -> Reply:
    if not request.headers.get("authorization", "").startswith("Bearer sk-"):
        return Reply(401, error("openai", 401, {"code": "invalid_api_key"}))
    if request.path == "/models":
        tiny = {"id": "tiny", "object": "model", "created": 0, "owned_by": "us"}
        return Reply(200, {"object": "list", "data": [tiny]})
    asked = request.json
    if asked.get("store") is not False or asked.get("tools") or not asked.get("stream"):
        return Reply(400, error("openai", 400, {"message": "Stored, with tools, or not streamed"}))
    said = asked["input"] if request.path == "/responses" else asked["messages"][-1]["content"]
    written = partner.writes(json.loads(said)) if partner.writes else first_section(json.loads(said))
    text = written if isinstance(written, str) else json.dumps(written)
    partner.journal.append({"service": "openai", "id": "", "key": "", "path": request.path, "body": asked})
    events = of_responses(text) if request.path == "/responses" else of_chat(text)
    lines = "".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in events)
    return Reply(200, lines.encode(), {"Content-Type": "text/event-stream"})


def first_section(said: dict[str, Any]) -> dict[str, Any]:
    """What a careful model writes: the beginning of the first section, cited."""
    known = [*said["sections"], *said["records"]]
    return {
        "answer": known[0]["text"].split("\n")[0] if known else "I do not know.",
        "sources": [known[0]["id"]] if known else [], "confidence": 90, "sentiment": "neutral", "topic": "prices",
        "needs_person": not known,
    }  # fmt: skip


def of_chat(text: str) -> list[Any]:
    def chunk(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        return {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "tiny", "choices": [choice]}

    pieces = [chunk({"content": text[at : at + 40]}) for at in range(0, len(text), 40)]
    usage = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960, "prompt_tokens_details": None}
    last = chunk({}) | {"choices": [], "usage": usage}
    return [chunk({"role": "assistant", "content": ""}), *pieces, chunk({}, "stop"), last, "[DONE]"]


def of_responses(text: str) -> list[Any]:
    made = {"id": "r1", "object": "response", "created_at": 0, "model": "tiny", "output": [], "tools": [],
            "tool_choice": "auto", "parallel_tool_calls": False}  # fmt: skip
    usage = {"input_tokens": 900, "input_tokens_details": {"cached_tokens": 100}, "output_tokens": 60,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 960}  # fmt: skip
    place = {"item_id": "m1", "output_index": 0, "content_index": 0, "logprobs": []}
    deltas: list[Any] = [
        {"type": "response.output_text.delta", "delta": text[at : at + 40], "sequence_number": at} | place
        for at in range(0, len(text), 40)
    ]
    ended = {"type": "response.completed", "sequence_number": 9999, "response": made | {"usage": usage}}
    return [*deltas, ended]


def accepted(
    partner: "Provider", service: str, request: Request, sent: Any, body: dict[str, Any], mismatch: Reply, id: str = ""
) -> Reply:
    """Write the send into the journal; or, under a key used before, answer as then (mismatch: with other content)."""
    key = request.headers.get("idempotency-key", "")
    for entry in partner.sent(service) if key else []:
        if entry["key"] == key:
            replayed = Reply(200, entry["answer"], {"Idempotent-Replayed": "true"})
            return replayed if entry["body"] == sent else mismatch
    path = f"/{request.path.rpartition('/')[2]}" if service == "telegram" else request.path  # without the token
    entry = {"service": service, "id": id or body["id"], "key": key, "path": path, "body": sent, "answer": body}
    partner.journal.append(entry)
    return Reply(200, body)
