"""`backdesk`: start it, look after it, and try it out from the command line."""

import argparse
import signal
import sys
from collections.abc import Sequence

from dashboard.errors import DashboardError, Unavailable
from dashboard.settings import SettingsError

HELP = {
    "run": "start everything and serve (make run)",
    "demo": "the same with a sample company on its own data directory (make demo)",
    "create-owner": "create a person who owns an organization",
    "user": "switch a person's account off or on, or give back one whose phone is lost",
    "doctor": "check settings, database, migrations, providers, disk and clock",
    "jobs": "list the scheduled jobs, or run one: jobs run NAME [--at TIME]",
    "simulate": "post a properly signed Stripe event to the running app",
    "stripe": "fetch events of Stripe's that never arrived: stripe sync [--since DATE]",
    "revenue": "make the sums by day anew from payments and leads: revenue rebuild [ORGANIZATION]",
    "backup": "write the database and the files into one folder",
    "restore": "bring a backup back into an empty database",
    "knowledge": "take in the articles of knowledge-base/: knowledge load [--organization SLUG]",
    "verify": "check the promises on live data and list every violation",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The `backdesk` command. Ends with 0 when all is well, 1 when something was found, 2 when it could not be done."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit stops the embedded server, a death not
    try:
        sys.exit(_run(options) or 0)
    except (SettingsError, DashboardError) as problem:
        print(f"backdesk: {problem}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as problem:
        if not (said := _away(problem)):
            raise
        print(f"backdesk: {said}", file=sys.stderr)
        sys.exit(2)


def _away(problem: Exception) -> str:
    """What to say of a database that went away while a command was at work; "" for a bug, whose trace is wanted. An
    OSError may be about a file as well, and says so itself."""
    from asyncpg import InterfaceError, PostgresError

    from dashboard.database import translate

    if isinstance(problem, ConnectionError | PostgresError | InterfaceError) and (known := translate(problem)):
        if isinstance(known, Unavailable):
            return "The database went away, or is too busy. See that PostgreSQL runs (DATABASE_URL), then try again."
        return known.message
    return ""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="backdesk", description="The back office of a small company.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = {name: commands.add_parser(name, help=text, description=text) for name, text in HELP.items()}
    for name in ("email", "name", "organization"):
        add["create-owner"].add_argument(f"--{name}", required=True)
    add["create-owner"].add_argument("--password", help="asked for when missing, and read from BACKDESK_PASSWORD")
    user = add["user"].add_subparsers(dest="action", required=True)
    for name in ("disable", "enable", "reset-second-factor"):
        user.add_parser(name).add_argument("email")
    jobs = add["jobs"].add_subparsers(dest="action", required=True)
    jobs.add_parser("list")
    run = jobs.add_parser("run")
    run.add_argument("name")
    run.add_argument("--at", help="pretend it is this moment, such as 2026-11-21T09:00Z")
    load = add["knowledge"].add_subparsers(dest="action", required=True).add_parser("load")
    load.add_argument("--organization", default="", help="slug; the first organization when missing")
    simulate = add["simulate"]
    simulate.add_argument("event", nargs="?", default="checkout.session.completed")
    simulate.add_argument("--organization", default="", help="slug; the first organization when missing")
    simulate.add_argument("--email", default="robin@customer.example")
    simulate.add_argument("--name", default="Robin Sample")
    simulate.add_argument("--amount", type=int, default=4900, help="minor units")
    simulate.add_argument("--currency", default="eur")
    simulate.add_argument("--plan", default="", help="plan name, put into the metadata")
    simulate.add_argument("--id", default="", help="reuse to send events about the same purchase")
    stripe = add["stripe"].add_subparsers(dest="action", required=True)
    sync = stripe.add_parser("sync")
    sync.add_argument("--since", default="", help="such as 2026-11-01; all that is not known to be here when missing")
    sync.add_argument("--organization", default="", help="slug; all that are connected when missing")
    rebuild = add["revenue"].add_subparsers(dest="action", required=True).add_parser("rebuild")
    rebuild.add_argument("organization", nargs="?", default="", help="slug; all when missing")
    add["backup"].add_argument("folder", nargs="?", help="where to; DATA_DIR/backups/<time> when missing")
    add["restore"].add_argument("folder")
    add["restore"].add_argument("--erasures", help="the register of who was forgotten, when it is not in DATA_DIR")
    return made


def _run(options: argparse.Namespace) -> int | None:
    """Each command's module is imported only when it is used: start-up stays fast."""
    import asyncio

    from dashboard.commands import surroundings

    if options.command == "demo":
        from dashboard.commands import demo

        return demo.run()
    with surroundings.prepared() as settings:
        if options.command == "run":
            from dashboard.commands import run

            return run.serve(settings)
        if options.command == "create-owner":
            from dashboard.commands import owner

            return asyncio.run(owner.create(options))
        if options.command == "user":
            from dashboard.commands import user

            return asyncio.run(user.change(options))
        if options.command == "doctor":
            from dashboard.commands import doctor

            return asyncio.run(doctor.report(settings))
        if options.command == "jobs":
            from dashboard.commands import jobs

            return asyncio.run(jobs.main(options))
        if options.command == "simulate":
            from dashboard.commands import simulate

            return asyncio.run(simulate.post(settings, options))
        if options.command == "stripe":
            from dashboard.commands import stripe

            return asyncio.run(stripe.sync(options))
        if options.command == "revenue":
            from dashboard.commands import revenue

            return asyncio.run(revenue.rebuild(options))
        if options.command == "knowledge":
            from dashboard.commands import knowledge

            return asyncio.run(knowledge.load(options.organization))
        if options.command == "verify":
            from dashboard.commands import verify

            return asyncio.run(verify.report())
        from dashboard.commands import backup

        if options.command == "restore":
            return asyncio.run(backup.restore(settings, options.folder, options.erasures))
        return asyncio.run(backup.backup(settings, options.folder))
