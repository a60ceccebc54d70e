"""Tell people that a month failed: one message for a run, by a function that they can exchange in main_dag.py."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any, Callable

import psycopg2

from operators.base import connect_to_redshift
from warehouse import ledger
from warehouse.redshift import in_transaction

log = logging.getLogger(__name__)

Tell = Callable[[str], None]


def to_log(message: str) -> None:
    """Write the message to the log of whoever runs the callback: on Airflow 2 the scheduler's for main_dag.py."""
    log.error("%s", message)


def on_failure(tell: Tell) -> Callable[[Any], None]:
    """Return a callback for a DAG's ``on_failure_callback`` that hands ``tell`` one message for each failed run.

    The message names the tables that wait for a person, with month, counts and how to mend them. Airflow also calls it
    when a run has passed its deadline (``dagrun_timeout``).
    """

    def callback(context: Any) -> None:
        run = context["dag_run"]
        month = run.logical_date.strftime("%Y-%m-01")
        head = f"{run.dag_id}, {date.fromisoformat(month):%B %Y}: failed ({context.get('reason', 'unknown reason')})."
        tell(f"{head}\n{_what_waits(month)}")

    return callback


def _what_waits(month: str) -> str:
    try:
        entries = in_transaction(connect_to_redshift, ledger.waiting)
    except psycopg2.Error as error:
        return f"What waits is unknown, since the ledger cannot be read: {str(error).strip()}"
    lines = [f"{entry.table_name}: {entry.detail}" for entry in entries if entry.load_month == month]
    return "\n".join(lines) or "No file waits for a person: the logs of the failed tasks say what happened."
