from piccolo.columns import JSONB, BigSerial, Text, Timestamptz, Varchar
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table


class Run(Table):
    """One execution of a scheduled job for one period; (job, period) is unique, so no period runs twice."""

    id = BigSerial(primary_key=True)
    job = Varchar(length=60)
    period = Varchar(length=60, help_text="the due minute in UTC, or manual:<id>")
    outcome = Varchar(length=10, default="running", help_text="running, ok or failed")
    due_at = Timestamptz(null=True, default=None)
    started_at = Timestamptz(default=TimestamptzNow())
    finished_at = Timestamptz(null=True, default=None)
    lease_until = Timestamptz(null=True, default=None)
    counts = JSONB(default={})
    error = Text(default="")
