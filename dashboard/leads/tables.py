from datetime import date
from enum import StrEnum
from typing import Any

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User


class StageKind(StrEnum):
    open = "open"
    won = "won"
    lost = "lost"


class Stage(OrganizationOwned, Table, tablename="lead_stage"):
    """One step of an organization's own way from a first contact to a sale. Leads hold its key."""

    key = Varchar(length=40, help_text="unique per organization; stays when the name changes")
    name = Varchar(length=60)
    kind = Varchar(length=10, choices=StageKind, default=StageKind.open)
    tone = Varchar(length=10, default="info", help_text="a tone of the design: info, positive, pending, …")
    position = Integer(default=0)


class Tag(OrganizationOwned, Table):
    """A word people put on leads; leads hold its id."""

    name = Varchar(length=40, help_text="unique per organization, whatever the case")
    colour = SmallInt(default=0, help_text="0 plain, 1-5 the swatches of the design")


class AttributeKind(StrEnum):
    text = "text"
    number = "number"
    date = "date"
    choice = "choice"
    yes_no = "yes_no"


class Attribute(OrganizationOwned, Table, tablename="lead_attribute"):
    """Something an organization wants to know of its leads beyond the usual. Values are in `Lead.attributes` by key."""

    key = Varchar(length=40, help_text="unique per organization; never changes")
    label = Varchar(length=60)
    kind = Varchar(length=10, choices=AttributeKind, default=AttributeKind.text)
    choices: Any = JSONB(default=[])
    position = Integer(default=0)
    archived_at = Timestamptz(null=True, default=None)


class Lead(OrganizationOwned, Table):
    """A person or company that might buy or has bought: one row per organization and address.

    A row with `deleted_at` is not shown anywhere: it was deleted (and can come back for 30 days), or merged into
    another one, for whose other address it then stands."""

    email = Varchar(length=254, default="")
    email_normalized = Varchar(length=254, null=True, default=None, help_text="unique per organization where present")
    name = Varchar(length=200, default="")
    company = Varchar(length=200, default="")
    phone = Varchar(length=40, default="")
    phone_normalized = Varchar(length=40, default="", help_text="its digits only, to find duplicates")
    stage = Varchar(length=40, default="new", help_text="key of a stage")
    stage_at = Timestamptz(null=True, default=None, help_text="since when; empty while it is in its first stage")
    source = Varchar(length=80, default="")
    source_data = JSONB(default={}, help_text="UTM and metadata of the first touch")
    owner = ForeignKey(User, null=True, default=None)
    value = BigInt(default=0, help_text="what the deal may be worth, in minor units of `currency`")
    currency = Varchar(length=3, default="", help_text="empty while there is no value")
    expected_close: date | None = Date(null=True, default=None)  # type: ignore[assignment]
    tags: Any = Array(BigInt(), default=[], help_text="ids of tags")
    attributes: Any = JSONB(default={}, help_text="custom attributes by key")
    score = Integer(default=0, help_text="0-100")
    score_reasons: Any = JSONB(
        default=[], help_text="[[points, why], …]; they add up to the score, capped at 0 and 100"
    )
    scored_at = Timestamptz(null=True, default=None)
    last_contact_at = Timestamptz(null=True, default=None)
    contacts = Integer(default=0, help_text="how often we wrote, called or met")
    remind_at = Timestamptz(null=True, default=None, help_text="when Today shows it to `remind`")
    remind = ForeignKey(User, null=True, default=None)
    won_at = Timestamptz(null=True, default=None)
    won_amount = BigInt(default=0, help_text="minor units of `won_currency`")
    won_currency = Varchar(length=3, default="")
    lost_at = Timestamptz(null=True, default=None)
    lost_reason = Varchar(length=200, default="")
    deleted_at = Timestamptz(null=True, default=None)
    merged_into = BigInt(null=True, default=None, help_text="id of the lead that took this one in")
    erased_at = Timestamptz(null=True, default=None)


class Consent(OrganizationOwned, Table):
    """What a person agreed to, word for word, when and where."""

    lead = ForeignKey(Lead, null=False, index=True)
    text = Text()
    source = Varchar(length=120, default="", help_text="such as the form's name and version")
    given_at = Timestamptz()
    withdrawn_at = Timestamptz(null=True, default=None)


class BatchState(StrEnum):
    waiting = "waiting"
    working = "working"
    done = "done"
    failed = "failed"
    undoing = "undoing"
    undone = "undone"


class Batch(OrganizationOwned, Table, tablename="lead_batch"):
    """Something done to many leads in the background: with progress, an outcome per row, and undo."""

    kind = Varchar(length=20, help_text="assign, tag, untag, stage, delete, check or import")
    title = Varchar(length=200)
    params: Any = JSONB(default={}, help_text="what is done, such as the owner to assign")
    query = Text(default="", help_text="the filters the rows were chosen by, as they stood in the address")
    state = Varchar(length=10, choices=BatchState, default=BatchState.waiting)
    by = ForeignKey(User, null=True, default=None)
    total = Integer(default=0)
    handled = Integer(default=0, help_text="rows looked at so far")
    counts: Any = JSONB(default={}, help_text="by outcome: created, updated, skipped, failed, restored, kept")
    position = BigInt(default=0, help_text="id of the row, or number of the line, it has come to")
    error = Text(default="", help_text="why the whole stopped, in words")
    lease_until = Timestamptz(null=True, default=None)
    lease_token = Varchar(length=40, default="")
    finished_at = Timestamptz(null=True, default=None)
    undone_at = Timestamptz(null=True, default=None)


class BatchLine(OrganizationOwned, Table, tablename="lead_batch_line"):
    """What a batch did to one lead or with one line of a file, and how it was before."""

    batch = ForeignKey(Batch, null=False, index=True)
    number = Integer(default=0, help_text="line of the file; 0 where there is none")
    key = Varchar(length=64, default="", help_text="what tells a line of a file from the others, such as its address")
    lead = BigInt(null=True, default=None, help_text="not a foreign key: undo may remove what the batch created")
    outcome = Varchar(length=10, help_text="created, updated, skipped or failed; kept where undo found later changes")
    reason = Varchar(length=300, default="")
    before: Any = JSONB(
        null=True, default=None, help_text="the changed columns as they were; null where it was created"
    )
    after: Any = JSONB(null=True, default=None, help_text="the changed columns as the batch left them")


class Import(OrganizationOwned, Table, tablename="lead_import"):
    """A file of leads: what it is, and which column means what. Running it is a batch."""

    name = Varchar(length=200)
    path = Varchar(length=300, default="", help_text="in the storage; empty once it was forgotten")
    size = BigInt(default=0)
    encoding = Varchar(length=20, default="")
    delimiter = Varchar(length=4, default="")
    has_header = Boolean(default=True)
    columns: Any = JSONB(default=[], help_text="the titles in the file")
    columns_key = Varchar(
        length=64, default="", help_text="fingerprint of the titles, so that the mapping is remembered"
    )
    mapping: Any = JSONB(default=[], help_text="for each column of the file a field of the lead, or empty")
    choices: Any = JSONB(default={}, help_text="what happens to known leads, defaults for new ones")
    lines = Integer(default=0)
    plan: Any = JSONB(default={}, help_text="totals of the dry run by outcome")
    checked_at = Timestamptz(null=True, default=None)
    by = ForeignKey(User, null=True, default=None)
    checking = ForeignKey(Batch, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    batch = ForeignKey(Batch, null=True, default=None)


class Merge(OrganizationOwned, Table, tablename="lead_merge"):
    """Two leads that became one, and all that is needed to part them again for 30 days."""

    winner = ForeignKey(Lead, null=False, index=True)
    loser = ForeignKey(Lead, null=False, index=True)
    by = ForeignKey(User, null=True, default=None)
    before: Any = JSONB(default={}, help_text="the winner's columns as they were")
    after: Any = JSONB(default={}, help_text="the same columns as the merge left them")
    moved: Any = JSONB(default={}, help_text="table.column → ids of rows that followed")
    undone_at = Timestamptz(null=True, default=None)


class Distinct(OrganizationOwned, Table, tablename="lead_distinct"):
    """Two leads a person said are not the same; never proposed again. `low` < `high`."""

    low = ForeignKey(Lead, null=False)
    high = ForeignKey(Lead, null=False, index=True)
    by = ForeignKey(User, null=True, default=None)


class Pair(OrganizationOwned, Table, tablename="lead_pair"):
    """Two leads that look like the same person, found at night, until somebody decides. `low` < `high`."""

    low = ForeignKey(Lead, null=False)
    high = ForeignKey(Lead, null=False, index=True)
    strength = SmallInt(help_text="0-100, for the order of the list")
    why = Varchar(length=120)


class Erasure(OrganizationOwned, Table):
    """That a person was forgotten; enough to forget them again in a restored backup, not enough to know them."""

    lead = BigInt()
    cause = Varchar(length=10, default="asked", help_text="asked, retention or deleted")
    email_hash = Bytea(null=True, default=None, help_text="keyed hash of the address")
    by = ForeignKey(User, null=True, default=None)
    counts: Any = JSONB(default={}, help_text="table → rows that were anonymised")
    words: Any = JSONB(default=[], help_text="what is still looked for where no key leads; empty once finished")
    finished_at = Timestamptz(null=True, default=None, help_text="when the last trace was looked for and removed")


class Signal(OrganizationOwned, Table, tablename="score_signal"):
    """One editable reason for points. Without rows of its own an organization has the usual ones."""

    key = Varchar(length=40, help_text="which question is asked, such as opened_mail or company_given")
    label = Varchar(length=120)
    points = Integer(help_text="may be negative")
    params: Any = JSONB(default={})
    enabled = Boolean(default=True)
    position = Integer(default=0)


class Word(OrganizationOwned, Table, tablename="lead_word"):
    """A word of names, companies, addresses and notes, to find what was meant when somebody mistypes it."""

    word = Varchar(length=40, help_text="folded; may stand here more than once, see words.tidy")
    seen_at = Timestamptz(default=TimestamptzNow(), help_text="when tidying last met it")
