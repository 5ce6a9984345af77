"""Every recurring job, and how often it runs. Times are UTC. Dispatcher and in-tray worker are loops, not rows here."""

from dashboard.accounts import jobs as accounts
from dashboard.runs.clockwork import Job

SCHEDULE = [
    Job("forget_sessions", accounts.forget_sessions, "20 * * * *", "Clean up sessions", "Ends sessions that are over"),
]
