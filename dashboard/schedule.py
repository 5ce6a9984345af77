"""Every recurring job, and how often it runs. Times are UTC. Dispatcher and in-tray worker are loops, not rows here."""

from datetime import datetime, timedelta

from dashboard.accounts import jobs as accounts
from dashboard.erasure import jobs as erasure
from dashboard.errors import Conflict, NotFound
from dashboard.files import jobs as files
from dashboard.intake import jobs as intake
from dashboard.leads import jobs as leads
from dashboard.orders import jobs as orders
from dashboard.promises import jobs as promises
from dashboard.revenue import jobs as revenue
from dashboard.runs import actions as runs
from dashboard.runs import jobs as clock
from dashboard.runs.clockwork import Job
from dashboard.runs.tables import Run
from dashboard.scoring import jobs as scoring
from dashboard.tickets import jobs as tickets
from dashboard.webhooks import jobs as webhooks

SCHEDULE = [
    Job("intake_reminders", intake.remind, "*/15 * * * *", "Intake reminders", "48 h and 5 days after the request"),
    Job("upsell", orders.upsell, "5 * * * *", "Upsell mails", "7 days after an order is done, once"),
    Job("follow_up", orders.follow_up, "10 * * * *", "Follow-up mails", "7 days after a report, once"),
    Job("watch", clock.watch, "*/5 * * * *", "Watch the jobs", "Tells the team when a job keeps failing"),
    Job(scoring.JOB, scoring.score_changed, "* * * * *", "Lead scores", "Scores what is new or has changed"),
    Job(leads.CONTACTS, leads.note_contacts, "* * * * *", "Last contacts", "Sees from the out-tray to whom we wrote"),
    Job("score_all", scoring.score_all, "15 2 * * *", "All lead scores", "What was lately is lately no more"),
    Job("forget_sessions", accounts.forget_sessions, "20 * * * *", "Clean up sessions", "Ends sessions that are over"),
    Job("duplicates", leads.find_duplicates, "25 * * * *", "Duplicates", "Compares new leads with all others"),
    Job("revenue_reports", revenue.report, "35 * * * *", "Revenue reports", "Mails of the week and files, once each"),
    Job("revenue_days", revenue.make_days, "* * * * *", "Revenue by day", "Sums of the days whose payments changed"),
    Job(
        "forget_uploads", intake.forget_unsubmitted_uploads, "15 3 * * *", "Clean up uploads",
        "Deletes files of forms that were never sent",
    ),
    Job(
        "forget_captures", intake.forget_captures, "25 3 * * *", "Clean up lead forms",
        "Deletes answers to public forms that were never sent",
    ),
    Job(
        "forget_batches", leads.forget_batches, "50 * * * *", "Clean up imports",
        "Deletes imported files, and lines after 30 days",
    ),
    Job("forget_words", leads.forget_words, "5 3 * * *", "Clean up search", "Forgets words that no lead has any more"),
    Job("forget_notes", leads.forget_notes, "35 3 * * *", "Clean up notes", "Forgets deleted notes after 30 days"),
    Job("finish_erasures", erasure.finish_erasures, "* * * * *", "Last traces", "Of people who asked to be forgotten"),
    Job(
        "forget_people", erasure.forget_people, "0 3 * * *", "Forget people",
        "Silent and deleted leads, and what is left on the disk of anybody", limit=timedelta(hours=1),
    ),
    Job(
        "look_after_tickets", tickets.look_after_tickets, "*/10 * * * *", "Solved tickets",
        "Asks whether it helped, closes after seven days",
    ),
    Job(
        "promises", promises.keep_watch, "45 2 * * *", "Check of the promises", "As backdesk verify, within limits",
        limit=timedelta(hours=1),
    ),
    Job("sweep_files", files.sweep, "45 * * * *", "Sweep files", "Deletes unfinished uploads and bytes without a row"),
    Job(
        "stripe_events", webhooks.sync_stripe, "20 1 * * *", "Stripe events", "Fetches events that never arrived",
        limit=timedelta(hours=1),
    ),
    Job(
        "stripe_books", webhooks.read_stripe_books, "40 * * * *", "Stripe's books", "Fees, and whether all matches",
        limit=timedelta(hours=1),
    ),
    Job("forget_events", webhooks.forget_old, "30 3 * * *", "Clean up events", "Deletes settled events after 90 days"),
    Job("forget_runs", clock.forget_old, "40 3 * * *", "Clean up job history", "Deletes runs after 90 days"),
]  # fmt: skip
DAILY_MAILS = ("intake_reminders", "upsell", "follow_up")


def job_named(name: str) -> Job:
    """The job, or NotFound."""
    found = next((job for job in SCHEDULE if job.name == name), None)
    if found is None:
        raise NotFound(f"There is no job {name!r}. Known: {', '.join(job.name for job in SCHEDULE)}.")
    return found


async def run_by_name(name: str, at: datetime) -> Run:
    """Run a job by hand as if it were `at`; NotFound for an unknown name, Conflict while it is running."""
    job = job_named(name)
    run = await runs.run(job, at)
    if run is None:
        raise Conflict(f"{job.title} is running already. Nothing was started.")
    return run
