"""The DAG's runs, read from Airflow's metadata: how far they are, whether more will come, what failed and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from laptop.airflow import DAG_ID

_LINE_OF_LOG = re.compile(r"\[\d{4}-\d\d-\d\dT")
_TRACEBACK = "Traceback (most recent call last):"

_RUNS = """
SELECT execution_date::date, state FROM dag_run WHERE dag_id = %(dag)s ORDER BY 1
"""
# The nodes that hold SubDAGs are counted by the tasks inside them.
_TASKS = """
SELECT r.execution_date::date, coalesce(t.state, 'waiting'), count(*)
FROM task_instance AS t JOIN dag_run AS r ON r.dag_id = t.dag_id AND r.run_id = t.run_id
WHERE (t.dag_id = %(dag)s OR t.dag_id LIKE %(dag)s || '.%%') AND t.operator <> 'SubDagOperator'
GROUP BY 1, 2
"""
_MORE = """
SELECT NOT is_paused AND next_dagrun_create_after IS NOT NULL FROM dag WHERE dag_id = %(dag)s
"""
_FAILED = """
SELECT t.dag_id, t.run_id, t.task_id, t.try_number
FROM task_instance AS t
WHERE (t.dag_id = %(dag)s OR t.dag_id LIKE %(dag)s || '.%%') AND t.state = 'failed' AND t.operator <> 'SubDagOperator'
ORDER BY t.end_date
"""
# No scheduler runs: whatever still counts as running was cut off, and is to be done again.
_CUT_OFF = """
UPDATE task_instance SET state = 'failed'
WHERE (dag_id = %(dag)s OR dag_id LIKE %(dag)s || '.%%') AND state IN ('running', 'queued', 'restarting', 'scheduled')
"""
_TO_DO_AGAIN = """
SELECT count(*) FROM task_instance
WHERE (dag_id = %(dag)s OR dag_id LIKE %(dag)s || '.%%') AND state IN ('failed', 'upstream_failed')
"""


@dataclass(frozen=True)
class Month:
    """One run: its month, its state, and how many of its tasks (those inside SubDAGs) are in which state."""

    month: date
    state: str
    tasks: dict[str, int]

    @property
    def finished(self) -> bool:
        """Whether Airflow has decided on it."""
        return self.state in ("success", "failed")

    def __str__(self) -> str:
        """E.g. ``January 2019: running, 43 tasks done, 5 running``."""
        counts = (f"{self.tasks[state]} {word}" for state, word in _WORDS.items() if self.tasks.get(state))
        return f"{self.month:%B %Y}: {self.state:7}  {', '.join(counts)}"


_WORDS = {
    "success": "tasks done",
    "running": "running",
    "up_for_retry": "to be tried again",
    "failed": "failed",
    "upstream_failed": "held back",
}


@dataclass(frozen=True)
class Failure:
    """A task that failed, and what its log gives as the reason."""

    task: str
    run_id: str
    reason: str

    def __str__(self) -> str:
        """The task and run, then the reason, indented."""
        return f"{self.task} ({self.run_id})\n    " + self.reason.replace("\n", "\n    ")


def months(cursor: Any) -> list[Month]:
    """The runs so far, oldest first."""
    cursor.execute(_RUNS, {"dag": DAG_ID})
    runs = cursor.fetchall()
    cursor.execute(_TASKS, {"dag": DAG_ID})
    tasks: dict[date, dict[str, int]] = {}
    for month, state, count in cursor.fetchall():
        tasks.setdefault(month, {})[state] = count
    return [Month(month, state, tasks.get(month, {})) for month, state in runs]


def more_to_come(cursor: Any) -> bool:
    """Whether the scheduler will start further runs by itself, or does not know the DAG yet."""
    cursor.execute(_MORE, {"dag": DAG_ID})
    row = cursor.fetchone()
    return row is None or bool(row[0])


def is_known(cursor: Any) -> bool:
    """Whether the scheduler has read the DAG, in this run or an earlier one."""
    cursor.execute(
        "SELECT count(*) FROM serialized_dag JOIN dag USING (dag_id) WHERE dag_id = %(dag)s", {"dag": DAG_ID}
    )
    return bool(cursor.fetchone()[0])


def import_errors(cursor: Any) -> str:
    """What the scheduler found wrong with DAG files; empty if nothing."""
    cursor.execute("SELECT filename, stacktrace FROM import_error")
    return "\n".join(f"{filename}:\n{stacktrace}" for filename, stacktrace in cursor.fetchall())


def forget_import_errors(cursor: Any) -> None:
    """Forget what was wrong before: the files may be mended, and are read anew."""
    cursor.execute("DELETE FROM import_error")


def is_paused(cursor: Any) -> bool:
    """Whether the DAG is toggled off."""
    cursor.execute("SELECT is_paused FROM dag WHERE dag_id = %(dag)s", {"dag": DAG_ID})
    return bool(cursor.fetchone()[0])


def mark_cut_off(cursor: Any) -> int:
    """Call failed what a killed scheduler left as running; return how many tasks are to be done again."""
    cursor.execute(_CUT_OFF, {"dag": DAG_ID})
    cursor.execute(_TO_DO_AGAIN, {"dag": DAG_ID})
    return int(cursor.fetchone()[0])


def failures(cursor: Any, logs: Path) -> list[Failure]:
    """The tasks that failed, in the order in which they did, with the reason from their logs."""
    cursor.execute(_FAILED, {"dag": DAG_ID})
    return [
        Failure(f"{dag}.{task}", run, _reason(logs / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task}", attempt))
        for dag, run, task, attempt in cursor.fetchall()
    ]


def _reason(folder: Path, attempt: int) -> str:
    log = folder / f"attempt={attempt}.log"
    if not log.exists():
        return f"It left no log in {log}: it was cut off before it began."
    return error_in_log(log.read_text(encoding="utf-8", errors="replace")) or f"See {log}."


def error_in_log(text: str) -> str | None:
    """The last exception that a task's log tells of, without its traceback."""
    lines = text.splitlines()
    if _TRACEBACK not in lines:
        return None
    after = lines[len(lines) - lines[::-1].index(_TRACEBACK) :]
    error = list(dropwhile(lambda line: line.startswith(" "), after))
    message = list(takewhile(lambda line: not _LINE_OF_LOG.match(line), error))
    return "\n".join(message).split(": ", 1)[-1].strip()
