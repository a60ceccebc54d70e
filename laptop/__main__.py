"""``python -m laptop COMMAND``: the whole pipeline on this machine. The Makefile lists the commands."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2

from laptop import runs, tables
from laptop.airflow import REPOSITORY, USER, AirflowFailed, web_port
from laptop.processes import ChildEnded
from laptop.progress import Progress
from laptop.session import CannotStart, Session, StepFailed, forget_foreign_variables, require_web_port
from local_aws.postgres import PostgresFailed
from local_aws.state import StateError
from warehouse import repair_command, settings
from warehouse.login import connect

STATE = Path(os.environ.get("LAPTOP_STATE", REPOSITORY / ".run"))


def main(arguments: list[str] | None = None) -> int:
    """Do what the command says; 0 if all went well, 1 if a task or a step failed, 2 if it cannot start here."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    forget_foreign_variables()
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        print("Interrupted. What is done is kept: the same command goes on from there.")
        return 130
    except (CannotStart, StateError) as error:
        print(error, file=sys.stderr)
        return 2
    except (ChildEnded, StepFailed, AirflowFailed, PostgresFailed, settings.SettingsError) as error:
        print(f"{error}\nWhat is done is kept: the same command goes on from there.", file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Load every month, print the tables, stop everything."""
    with Session(STATE, print) as session:
        _start(session, options.again)
        return _work(session)


def up(options: argparse.Namespace) -> int:
    """The same, with the web UI, and stay until Ctrl-C."""
    require_web_port()
    with Session(STATE, print) as session:
        _start(session, options.again, on=not options.paused)
        print("Starting the web UI.")
        address = session.start_web()
        print(f"\n  {address}   user {USER}   password {session.airflow.web_password(session.environment)}\n")
        if not options.paused:
            _work(session)
        print(f"\nThe web UI stays on {address}. Ctrl-C ends it.")
        while True:
            session.processes.check()
            time.sleep(1)


def _start(session: Session, again: bool, on: bool = True) -> None:
    print("Starting the local AWS and Airflow's database.")
    session.start_database()
    session.start_aws()
    print("Provisioning.")
    session.provision()
    print("Starting Airflow.")
    session.start_airflow(again)
    if on:
        session.toggle_on()
        print("The DAG online_learning_analytics is on.")
    else:
        print("The DAG online_learning_analytics is off until you toggle it on in the web UI.")


def _work(session: Session) -> int:
    progress = Progress(sys.stdout)
    for months in session.watch():
        progress.show(months)
    progress.close()
    with closing(connect(settings.load())) as warehouse, warehouse.cursor() as cursor:
        print(f"\nThe ledger: what became of every file\n{tables.ledger(cursor)}\n\n{tables.facts(cursor)}\n")
    failures = session.failures()
    for failure in failures:
        print(f"Failed: {failure}", file=sys.stderr)
    return 1 if failures or any(month.state == "failed" for month in months) else 0


def status(_: argparse.Namespace) -> int:
    """Say what runs, and how far the months are."""
    session = Session(STATE, print)
    running = session.processes.leftovers()
    if not running:
        print(f"Nothing runs. `make run` or `make up` starts it; the state is kept in {STATE}.")
        return 0
    for name, pid in running.items():
        print(f"{name:10} runs as process {pid}, log {session.processes.log_file(name)}")
    if "webserver" in running:
        print(f"The web UI is on http://127.0.0.1:{web_port()}")
    if "scheduler" in running:
        with closing(session.airflow.connect()) as connection, connection.cursor() as cursor:
            print("\n".join(map(str, runs.months(cursor))))
    return 0


def clean(_: argparse.Namespace) -> int:
    """End what is left of earlier runs and delete their state: tables, bucket, Airflow's database, logs."""
    if STATE.exists():
        with Session(STATE, print):
            pass
        shutil.rmtree(STATE)
    settings.overlay_path().unlink(missing_ok=True)
    print(f"{STATE} is gone; the next run starts from nothing.")
    return 0


def airflow(options: argparse.Namespace) -> int:
    """Run a command of Airflow against the Airflow that `up` or `run` has started."""
    session = Session(STATE, print)
    session.use_aws()
    print(session.airflow.command(session.environment, *options.arguments))
    return 0


def repair(options: argparse.Namespace) -> int:
    """Mend rows that Redshift refused or that fail a check: repair --help says how."""
    with _warehouse():
        return repair_command.main(options.arguments)


def sql(options: argparse.Namespace) -> int:
    """Run a statement in the warehouse, and print the rows that it gives."""
    with _warehouse(), closing(connect(settings.load())) as warehouse, warehouse, warehouse.cursor() as cursor:
        try:
            cursor.execute(" ".join(options.arguments))
        except psycopg2.Error as error:
            print(str(error).strip(), file=sys.stderr)
            return 1
        print(tables.grid(cursor) if cursor.description else f"Done; {max(0, cursor.rowcount)} rows.")
    return 0


def demo(_: argparse.Namespace) -> int:
    """Play the story of refused rows, in a folder of its own: planted, held, mended, put back, resumed."""
    from laptop.demo import StoryBroken, play

    try:
        play(STATE / "demo")
    except StoryBroken as broken:
        print(broken, file=sys.stderr)
        return 1
    return 0


def _warehouse() -> ExitStack:
    """The warehouse of the `up` that goes on; if none does, it is started for this command alone."""
    session, stack = Session(STATE, lambda text: None), ExitStack()
    try:
        session.use_aws()
    except StateError:
        stack.enter_context(session)
        session.start_aws()
    return stack


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m laptop", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for command in (run, up, status, clean, airflow, repair, sql, demo):
        sub = commands.add_parser(command.__name__, help=command.__doc__)
        sub.set_defaults(command=command)
        if command in (run, up):
            sub.add_argument("--again", action="store_true", help="do every month again, whether or not it succeeded")
        if command is up:
            sub.add_argument("--paused", action="store_true", help="leave the DAG for you to toggle on in the web UI")
        if command in (airflow, repair, sql):
            sub.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
