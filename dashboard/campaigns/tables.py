from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, BigInt, Boolean, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.deliveries.tables import Delivery
from dashboard.leads.tables import Lead


class TemplateCategory(StrEnum):
    welcome = "welcome"
    follow_up = "follow_up"
    lead_magnet = "lead_magnet"
    newsletter = "newsletter"
    offer = "offer"


class Template(OrganizationOwned, Table, tablename="mail_template"):
    """A mail to many people, written by staff. Its texts are in versions that never change."""

    name = Varchar(length=120)
    category = Varchar(length=20, choices=TemplateCategory, default=TemplateCategory.newsletter)
    version = Integer(default=0, help_text="number of the newest version")
    archived_at = Timestamptz(null=True, default=None)


class TemplateVersion(OrganizationOwned, Table, tablename="mail_template_version"):
    """Subject and texts as they stood when they were saved; only allow-listed placeholders are ever filled in."""

    template = ForeignKey(Template, null=False, index=True)
    number = Integer()
    subject = Varchar(length=300, default="")
    html = Text(default="")
    text = Text(default="")
    by = ForeignKey(User, null=True, default=None)


class CampaignKind(StrEnum):
    blast = "blast"
    sequence = "sequence"


class CampaignState(StrEnum):
    draft = "draft"
    scheduled = "scheduled"
    running = "running"
    paused = "paused"
    stopped = "stopped"
    done = "done"


class Campaign(OrganizationOwned, Table):
    """A blast, or a sequence of steps, to an audience of leads."""

    name = Varchar(length=120)
    kind = Varchar(length=10, choices=CampaignKind, default=CampaignKind.blast)
    state = Varchar(length=10, choices=CampaignState, default=CampaignState.draft)
    why = Text(default="", help_text="why it is in this state, in words for staff")
    audience = Text(default="", help_text="the query string of a lead list")
    enrols = Boolean(default=False, help_text="a sequence that goes on taking in leads that come to match")
    new_only = Boolean(default=False, help_text="takes in only leads that were made after the launch")
    from_name = Varchar(length=120, default="", help_text="empty: the organization's name")
    reply_to = Varchar(length=254, default="")
    window_from = SmallInt(default=0, help_text="minutes after midnight")
    window_to = SmallInt(default=1440, help_text="minutes after midnight; up to, not including")
    weekdays: Any = JSONB(default=[0, 1, 2, 3, 4, 5, 6], help_text="0 is Monday")
    zone = Varchar(length=20, default="organization", help_text="whose time the window means: organization, recipient")
    per_hour = Integer(default=0, help_text="0: no limit")
    per_day = Integer(default=0, help_text="0: no limit")
    trial: Any = JSONB(default={}, help_text="A/B subject: subject, share in percent, hours, rule")
    starts_at = Timestamptz(null=True, default=None)
    launched_at = Timestamptz(null=True, default=None)
    launched_by = ForeignKey(User, null=True, default=None)
    finished_at = Timestamptz(null=True, default=None)
    filled_through = BigInt(default=0, help_text="id of the lead up to which the audience of a blast was taken in")
    filled_at = Timestamptz(null=True, default=None, help_text="when all of it was")
    watched_from = Timestamptz(null=True, default=None, help_text="mails since then decide on an automatic pause")
    tested_at = Timestamptz(null=True, default=None)
    tested_content = Varchar(length=64, default="", help_text="fingerprint of what the test mail showed")
    revision = Integer(default=0, help_text="raised by every change in the editor: who saves an old one is told")
    changed_at = Timestamptz(null=True, default=None)
    changed_by = ForeignKey(User, null=True, default=None)
    deleted_at = Timestamptz(null=True, default=None, help_text="of a draft; it can come back")


class Step(OrganizationOwned, Table, tablename="campaign_step"):
    """One mail of a campaign, so many days after a lead came in."""

    campaign = ForeignKey(Campaign, null=False, index=True)
    position = SmallInt()
    day = SmallInt(default=0)
    template = ForeignKey(Template, null=True, default=None)
    version = ForeignKey(TemplateVersion, null=True, default=None, help_text="fixed at the launch")
    condition: Any = JSONB(default={}, help_text='empty, or {"kind": one of conditions.KINDS, "tag": id}')


class EnrollmentState(StrEnum):
    active = "active"
    stopped = "stopped"
    finished = "finished"


class Enrollment(OrganizationOwned, Table):
    """One lead in one campaign, once."""

    campaign = ForeignKey(Campaign, null=False, index=True)
    lead = ForeignKey(Lead, null=False, index=True)
    state = Varchar(length=10, choices=EnrollmentState, default=EnrollmentState.active)
    reason = Varchar(length=40, default="", help_text="why it stopped: replied, bought, unsubscribed, won, lost, …")
    variant = Varchar(length=1, default="a", help_text="which subject of an A/B trial")
    zone = Varchar(length=60, default="", help_text="the person's time zone; empty: the organization's")
    entered_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class SendState(StrEnum):
    waiting = "waiting"  # its day has not come
    due = "due"  # its day has come; waits for the window, the throttle or the campaign
    queued = "queued"  # in the out-tray
    sent = "sent"
    delivered = "delivered"
    bounced = "bounced"
    complained = "complained"
    failed = "failed"
    unknown = "unknown"
    suppressed = "suppressed"
    skipped = "skipped"  # the step's condition was not met
    stopped = "stopped"


class Send(OrganizationOwned, Table, tablename="campaign_send"):
    """The ledger: one row per recipient and step, always in exactly one state with one reason."""

    campaign = ForeignKey(Campaign, null=False)
    step = ForeignKey(Step, null=False)
    enrollment = ForeignKey(Enrollment, null=False, index=True)
    lead = ForeignKey(Lead, null=False, index=True)
    delivery = ForeignKey(Delivery, null=True, default=None)
    state = Varchar(length=10, choices=SendState, default=SendState.waiting)
    reason = Varchar(length=200, default="", help_text="in words for staff")
    due_at = Timestamptz()
    queued_at = Timestamptz(null=True, default=None, help_text="when it went into the out-tray: what limits count")
    settled_at = Timestamptz(null=True, default=None)
    opened_at = Timestamptz(null=True, default=None, help_text="at least once, perhaps by a machine; decides nothing")
    clicked_at = Timestamptz(null=True, default=None)
    replied_at = Timestamptz(null=True, default=None)
    unsubscribed_at = Timestamptz(null=True, default=None, help_text="by the link in this very mail")


class Count(OrganizationOwned, Table, tablename="campaign_count"):
    """Rows of the ledger and people of a campaign, counted: the number is the sum of its lines. Triggers write the
    differences, so that no two mails wait for one counter, and fold the lines together now and then."""

    campaign = BigInt()
    step = BigInt(null=True, default=None, help_text="empty where people are counted, not mails")
    what = Varchar(length=60, help_text="a state of a mail or person, `*clicked` and the like, or `why:` and a reason")
    number = BigInt(default=0)


class Link(OrganizationOwned, Table, tablename="campaign_link"):
    """An address in a campaign's mails. A click carries its id, never an address."""

    campaign = ForeignKey(Campaign, null=False, index=True)
    url = Text()


class Click(OrganizationOwned, Table, tablename="campaign_click"):
    """One press on a link by one recipient."""

    send = ForeignKey(Send, null=False, index=True)
    link = ForeignKey(Link, null=False, index=True)
    lead = ForeignKey(Lead, null=False, index=True)
    clicked_at = Timestamptz()
