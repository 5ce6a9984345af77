"""Every secret of the suite carries one word, and wherever that word turns up, a secret has come out.

`look(where, content)` writes a find into a file that every process of the run knows; conftest fails the test in which
it happened. No other file may contain the word itself: tests take their secrets from here."""

import base64
import logging
import os
import subprocess
import zlib
from pathlib import Path

from litestar import Litestar

MARK = "Zaunkoenig77"
HITS = "BACKDESK_CANARY_HITS"

PASSWORD = f"{MARK} sings before dawn"
NEW_PASSWORD = f"{MARK} sings after rain"
DATABASE_PASSWORD = f"{MARK}Database"
STRIPE_KEY = f"sk_test_{MARK}StripeKey"
STRIPE_HOOKS = f"whsec_{MARK}StripeHooks1"
RESEND_KEY = f"re_{MARK}ResendKey"
RESEND_HOOKS = f"whsec_{MARK}ResendHooks1"  # base64 after its prefix, as the standard wants it
OPENAI_KEY = f"sk-{MARK}OpenaiKey"
BOT_TOKEN = f"424242:{MARK}-bot-token"
WHATSAPP_TOKEN = f"EAA{MARK}Whatsapp"
MAIL_PASSWORD = f"{MARK}Mail"
# By the name of the setting: all that is secret about an installation.
EVERY = {
    "SECRET_KEY": f"{MARK}SignsAndSeals0123456789abcdefghij",
    "INTERNAL_API_SECRET": f"{MARK}OpensTheSideDoor9876543210zyxwv",
    "STRIPE_SECRET_KEY": STRIPE_KEY,
    "STRIPE_WEBHOOK_SECRET": STRIPE_HOOKS,
    "RESEND_API_KEY": RESEND_KEY,
    "RESEND_WEBHOOK_SECRET": RESEND_HOOKS,
    "SMTP_URL": f"smtp://desk:{MAIL_PASSWORD}@127.0.0.1:9",
    "OPENAI_API_KEY": OPENAI_KEY,
    "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
    "TELEGRAM_WEBHOOK_SECRET": f"{MARK}-telegram-hooks",
    "WHATSAPP_ACCESS_TOKEN": WHATSAPP_TOKEN,
    "FACEBOOK_APP_SECRET": f"{MARK}FacebookApp",
    "FACEBOOK_VERIFY_TOKEN": f"{MARK}FacebookVerify",
    "N8N_WEBHOOK_URL": f"http://127.0.0.1:9/hook/{MARK}",
    "WEBHOOK_SIGNING_SECRET": f"{MARK}SignsWhatWeSend",
}


def spellings(mark: str = MARK) -> list[bytes]:
    """The word as it is, in hexadecimal (how bytea is shown), and in base64 wherever in a text it may begin."""
    raw = mark.encode()
    shifted = [base64.b64encode(b"\0" * gap + raw) for gap in range(3)]
    ends = [(-(gap * 8 // -6), len(text) - (0 if (len(raw) + gap) % 3 == 0 else 4)) for gap, text in enumerate(shifted)]
    return [raw, raw.hex().encode(), *(text[begin:end] for text, (begin, end) in zip(shifted, ends, strict=True))]


SPELLINGS = spellings()
LONGEST = max(map(len, SPELLINGS))


def found_in(content: bytes | str, needles: list[bytes] = SPELLINGS) -> str:
    """Some letters around the first find, or nothing."""
    data = content.encode(errors="replace") if isinstance(content, str) else content
    lower = data.lower()
    places = [data.find(needle) for needle in needles] + [lower.find(needle.lower()) for needle in needles[:2]]
    place = min((each for each in places if each >= 0), default=None)
    return "" if place is None else data[max(place - 60, 0) : place + 60].decode(errors="replace")


def look(where: str, content: bytes | str) -> None:
    """Write it down if a secret is in there."""
    if (text := found_in(content)) and HITS in os.environ:
        with open(os.environ[HITS], "a") as file:
            file.write(f"{where}: {text!r}\n")


def take() -> list[str]:
    """What was found since the last time."""
    path = Path(os.environ[HITS])
    if not path.exists() or not path.stat().st_size:
        return []
    lines = path.read_text().splitlines()
    path.write_text("")
    return lines


class Listening(logging.Handler):
    """Reads every log line, with its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        look(f"log of {record.name}", self.format(record))


listening = Listening()


def watch(app: Litestar) -> Litestar:
    """From now on every answer of this application is read: headers, body, streams, files, also where compressed."""
    inner = app.asgi_handler

    async def watched(scope, receive, send):
        reading = Reading(f"answer to {scope.get('method', '')} {scope.get('path', '')}")

        async def forward(message):
            reading.take(message)
            await send(message)

        await inner(scope, receive, forward)

    app.asgi_handler = watched
    return app


class Reading:
    """One answer, piece by piece; a secret cut in two by the pieces is found too."""

    def __init__(self, where: str) -> None:
        self.where, self.rest, self.unzip = where, b"", None

    def take(self, message) -> None:
        if message["type"] == "http.response.start":
            look(self.where, b"\n".join(b": ".join(pair) for pair in message["headers"]))
            if (b"content-encoding", b"gzip") in message["headers"]:
                self.unzip = zlib.decompressobj(31)
        elif message["type"] == "http.response.body" and (piece := message.get("body", b"")):
            piece = self.rest + (self.unzip.decompress(piece) if self.unzip else piece)
            look(self.where, piece)
            self.rest = piece[-LONGEST + 1 :]


async def rows_with(mark: str = MARK) -> list[str]:
    """Rows of any table, as text, in which the word stands in clear."""
    from dashboard.database import rows
    from dashboard.piccolo_app import APP_CONFIG

    pattern = "|".join(text.decode() for text in spellings(mark)).replace("+", r"\+")
    names = [table._meta.tablename for table in APP_CONFIG.table_classes]
    union = " UNION ALL ".join(f"SELECT '{name}' AS name, t::text AS text FROM \"{name}\" t" for name in names)
    return [
        f"row of {row['name']}: {row['text']}"
        for row in await rows(f"SELECT * FROM ({union}) r WHERE text ~* {{}}", pattern)
    ]


def dump(dsn: str) -> bytes:
    """The whole database as pg_dump writes it."""
    from dashboard import embedded

    return subprocess.run([embedded.binary("pg_dump"), "--dbname", dsn], capture_output=True, check=True).stdout
