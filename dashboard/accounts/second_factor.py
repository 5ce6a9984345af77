"""The second factor: six digits from an app that change every 30 seconds, and ten codes on paper for a lost phone."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import NamedTuple

import pyotp

from dashboard.accounts import attempts, credentials, one_time, sessions
from dashboard.accounts.tables import User
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, Invalid

STEP = 30  # seconds
WRONG = "This code is not right. Wait for the next one and type all six digits."
RECOVERY_CODES = 10
OFFER_LIFETIME = 1800  # seconds


class Offer(NamedTuple):
    """A secret that is shown and not stored yet: the form brings it back, sealed."""

    secret: str
    sealed: str


class Picture(NamedTuple):
    """A QR code as one SVG path of `size` by `size` squares, the quiet zone included."""

    size: int
    path: str


def offer(user_id: int) -> Offer:
    """A new secret to put into an app; nothing is stored, so showing it changes nothing."""
    secret = pyotp.random_base32()
    return Offer(secret, credentials.encrypt(json.dumps({"user": user_id, "secret": secret})).decode())


def reopen(user_id: int, sealed: str) -> Offer:
    """The offer a form brought back. Invalid when it is not ours, another person's or half an hour old."""
    text = credentials.decrypt(sealed.encode(), longest=OFFER_LIFETIME)
    facts = json.loads(text) if text else {}
    if facts.get("user") != user_id:
        raise Invalid({"code": "This page is too old. Reload it and scan the picture again."})
    return Offer(facts["secret"], sealed)


def address(secret: str, email: str) -> str:
    """What an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Backdesk")


def picture(text: str) -> Picture:
    import segno

    matrix, quiet = segno.make_qr(text, error="m").matrix, 4
    squares = [
        f"M{x + quiet} {y + quiet}h1v1h-1z" for y, line in enumerate(matrix) for x, dark in enumerate(line) if dark
    ]
    return Picture(len(matrix) + 2 * quiet, "".join(squares))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which 30 seconds a code belongs to, the ones before and after counting too; None when it is wrong."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdecimal() and len(typed) == 6):
        return None
    current, totp = int(now.timestamp()) // STEP, pyotp.TOTP(secret)
    steps = (current, current - 1, current + 1)
    return next((step for step in steps if hmac.compare_digest(totp.at(step * STEP), typed)), None)


async def enrol(user_id: int, sealed: str, code: str, now: datetime, *, session_id: int) -> list[str]:
    """Switch it on with the first right code; other sessions end. Returns the codes for a lost phone, shown once."""
    secret = reopen(user_id, sealed).secret
    await attempts.take([f"code:{user_id}"], attempts.CODES, now)
    step = step_of(secret, code, now)
    if step is None:
        raise Invalid({"code": WRONG})
    codes = _new_codes()
    async with transaction():
        done = await rows(
            "UPDATE app_user SET totp_secret = {}, totp_last_step = {}, recovery_codes = {} "
            "WHERE id = {} AND totp_secret IS NULL RETURNING id",
            credentials.encrypt(secret), step, _hashes(user_id, codes), user_id,
        )  # fmt: skip
        if not done:
            raise Conflict("Your second factor is on already. Nothing was changed.")
        await sessions.end_all(user_id, but=session_id)
    await attempts.forget(f"code:{user_id}")
    return codes


async def check(user: User, code: str, now: datetime) -> None:
    """Accept a code once, or one of the paper codes once; else Invalid, and TooMany after five wrong ones."""
    key = f"code:{user.id}"
    await attempts.take([key], attempts.CODES, now)
    if not (await _spend(user, code, now) or await _spend_recovery(user.id, code)):
        raise Invalid({"code": WRONG})
    await attempts.forget(key)


async def _spend(user: User, code: str, now: datetime) -> bool:
    secret = credentials.decrypt(user.totp_secret) if user.totp_secret else ""
    step = step_of(secret, code, now) if secret else None
    if step is None:
        return False
    won = await rows(
        "UPDATE app_user SET totp_last_step = {} WHERE id = {} AND totp_last_step < {} RETURNING id",
        step, user.id, step,
    )  # fmt: skip
    return bool(won)


async def _spend_recovery(user_id: int, code: str) -> bool:
    hashed = _hash(user_id, code)
    won = await rows(
        "UPDATE app_user SET recovery_codes = recovery_codes - {}::text "
        "WHERE id = {} AND jsonb_exists(recovery_codes, {}::text) RETURNING id",
        hashed, user_id, hashed,
    )  # fmt: skip
    return bool(won)


async def renew_codes(user_id: int) -> list[str]:
    """Ten new codes for a lost phone; the old ones are void."""
    codes = _new_codes()
    done = await rows(
        "UPDATE app_user SET recovery_codes = {} WHERE id = {} AND totp_secret IS NOT NULL RETURNING id",
        _hashes(user_id, codes), user_id,
    )  # fmt: skip
    if not done:
        raise Conflict("Your second factor is off. Nothing was changed.")
    return codes


async def remove(user_id: int, *, session_id: int) -> None:
    """Switch it off; other sessions end. Conflict where an organization of theirs asks for it."""
    needed = await row(
        "SELECT o.name FROM membership m JOIN organization o ON o.id = m.organization "
        "WHERE m.user = {} AND o.second_factor_required LIMIT 1", user_id,
    )  # fmt: skip
    if needed:
        raise Conflict(f"{needed['name']} asks for a second factor, so yours stays on.")
    async with transaction():
        await rows("UPDATE app_user SET totp_secret = NULL, recovery_codes = '[]'::jsonb WHERE id = {}", user_id)
        await sessions.end_all(user_id, but=session_id)
        await one_time.void("second_step", user=user_id)


def _new_codes() -> list[str]:
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return [
        "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]


def _hash(user_id: int, code: str) -> str:
    plain = "".join(c for c in code.lower() if c.isalnum())
    return hashlib.sha256(f"{user_id}:{plain}".encode()).hexdigest()  # 79 bits each: no slow hash needed


def _hashes(user_id: int, codes: list[str]) -> str:
    return json.dumps([_hash(user_id, code) for code in codes])
