from enum import StrEnum

from piccolo.columns import (
    JSONB,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table


class Role(StrEnum):
    viewer = "viewer"
    agent = "agent"
    admin = "admin"
    owner = "owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Organization(Table):
    id = BigSerial(primary_key=True)
    slug = Varchar(length=60, unique=True)
    name = Varchar(length=120)
    colour = SmallInt(default=1, help_text="1–5, the swatches of the design")
    persona = JSONB(default={}, help_text="signs_as, tone, never_says")
    time_zone = Varchar(length=60, default="UTC")
    currency = Varchar(length=3, default="EUR")
    from_address = Varchar(length=254, default="")
    postal_address = Varchar(length=200, default="")
    working_hours = JSONB(default={}, help_text='{"mon": ["09:00", "17:00"], …}; a missing day is closed')
    retention = JSONB(default={}, help_text="days to keep, by kind")
    second_factor_required = Boolean(default=False)
    last_order_number = Integer(default=0, help_text="orders are numbered by raising this in their transaction")
    last_ticket_number = Integer(default=0, help_text="the same for tickets")
    support = JSONB(default={}, help_text="origins, daily_cap_micros, link_hosts, identity_version")
    created_at = Timestamptz(default=TimestamptzNow())


class User(Table, tablename="app_user"):
    id = BigSerial(primary_key=True)
    email = Varchar(length=254, unique=True, help_text="lower case")
    name = Varchar(length=120, default="")
    password_hash = Varchar(length=200, default="")
    password_short = Boolean(default=False, help_text="too short for an owner; known when it was last given")
    totp_secret = Bytea(null=True, default=None, help_text="encrypted; set once the first code was right")
    totp_last_step = BigInt(default=0, help_text="so that a code works once")
    recovery_codes = JSONB(default=[], help_text="hashes of the codes for a lost phone; one that was used is gone")
    keys_off = Boolean(default=False, help_text="single-key shortcuts switched off")
    disabled_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())


class Membership(Table):
    id = BigSerial(primary_key=True)
    user = ForeignKey(User, null=False, index=True)
    organization = ForeignKey(Organization, null=False, index=True)
    role = Varchar(length=10, choices=Role)
    created_at = Timestamptz(default=TimestamptzNow())


class Session(Table, tablename="app_session"):
    """A signed-in browser. The cookie holds the random token; only its hash is here."""

    id = BigSerial(primary_key=True)
    token_hash = Bytea(unique=True)
    user = ForeignKey(User, null=False, index=True)
    created_at = Timestamptz(default=TimestamptzNow())
    last_seen_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(default=TimestamptzNow())
    confirmed_at = Timestamptz(default=TimestamptzNow(), help_text="when the password was last given")
    address = Varchar(length=64, default="")
    browser = Varchar(length=200, default="")


class OneTimeToken(Table):
    """A right that is used once: set-up, reset, sign-in, invitation. Only the hash is stored."""

    id = BigSerial(primary_key=True)
    token_hash = Bytea(unique=True, null=True, default=None, help_text="null until the mail is sent")
    purpose = Varchar(length=20)
    email = Varchar(length=254, default="")
    user = ForeignKey(User, null=True, default=None, index=True)
    organization = ForeignKey(Organization, null=True, default=None, index=True)
    role = Varchar(length=10, default="")
    invited_by = ForeignKey(User, null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz(default=TimestamptzNow())
    used_at = Timestamptz(null=True, default=None)


class Credential(Table):
    """A provider's secret entered in Settings, encrypted. The environment's belong to the first organization."""

    id = BigSerial(primary_key=True)
    organization = ForeignKey(Organization, null=False, index=True)
    name = Varchar(length=60)
    value = Bytea(help_text="encrypted with a key derived from SECRET_KEY")
    set_by = ForeignKey(User, null=True, default=None)
    set_at = Timestamptz(default=TimestamptzNow())


class ChannelTest(Table):
    """What the last test of a connection said, so that a failing one looks failed."""

    id = BigSerial(primary_key=True)
    organization = ForeignKey(Organization, null=False, index=True)
    channel = Varchar(length=20)
    failed = Boolean(default=False)
    message = Varchar(length=400, default="")
    at = Timestamptz(default=TimestamptzNow())


class Attempt(Table):
    """Tries at passwords, codes and mails, counted in PostgreSQL, so that the limits hold across processes."""

    id = BigSerial(primary_key=True)
    key = Varchar(length=120, unique=True)
    count = Integer(default=0)  # type: ignore[assignment]  # Piccolo has a method of this name
    window_ends_at = Timestamptz(default=TimestamptzNow())


class Setting(Table):
    """One fact about this installation, such as the version of the last start."""

    name = Varchar(length=60, primary_key=True)
    value = Text(default="")
