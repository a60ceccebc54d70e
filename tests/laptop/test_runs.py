"""What a run tells on the way: progress, and why a task failed."""

from __future__ import annotations

import io
from datetime import date

from laptop.progress import Progress
from laptop.runs import Failure, Month, error_in_log

LOG = """\
[2026-01-01T10:00:00.000+0000] {taskinstance.py:3310} ERROR - Task failed with exception
Traceback (most recent call last):
  File "stl_check.py", line 40, in execute
    raise AirflowFailException(entry.detail)
ValueError: the first of two
[2026-01-01T10:00:00.000+0000] {taskinstance.py:3310} ERROR - Task failed with exception
Traceback (most recent call last):
  File "data_quality.py", line 40, in execute
    raise AirflowFailException(errors)
airflow.exceptions.AirflowFailException: [error] t: rating.max 3: expected at most 3, found 1 rows
    4, 9
[2026-01-01T10:00:00.100+0000] {taskinstance.py:1206} INFO - Immediate failure requested. Marking task as FAILED.
"""


def test_the_last_error_of_a_log_is_told_whole_and_without_its_traceback() -> None:
    assert error_in_log(LOG) == "[error] t: rating.max 3: expected at most 3, found 1 rows\n    4, 9"
    assert error_in_log("[2026-01-01T10:00:00] INFO - Marking task as SUCCESS\n") is None


def test_a_failure_is_told_with_task_and_run() -> None:
    assert str(Failure("stage.load", "scheduled", "no\nfile")) == "stage.load (scheduled)\n    no\n    file"


def month(number: int, state: str, **tasks: int) -> Month:
    return Month(date(2019, number, 1), state, tasks)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_log_each_finished_month_has_a_line() -> None:
    out = io.StringIO()
    progress = Progress(out)
    progress.show([month(1, "running", success=3, running=2)])
    progress.show([month(1, "running", success=4, running=2)])
    progress.show([month(1, "failed", success=5, failed=1, upstream_failed=2), month(2, "success", success=9)])
    progress.show([month(1, "failed", success=5, failed=1, upstream_failed=2), month(2, "success", success=9)])
    assert out.getvalue().splitlines() == [
        "January 2019: running  3 tasks done, 2 running",
        "January 2019: failed   5 tasks done, 1 failed, 2 held back",
        "February 2019: success  9 tasks done",
    ]


def test_in_a_terminal_the_line_is_written_anew() -> None:
    out = Terminal()
    progress = Progress(out)
    progress.show([month(1, "running", success=3)])
    progress.show([month(1, "running", success=4)])
    assert out.getvalue() == "".join(f"\r\x1b[KJanuary 2019: running  {done} tasks done" for done in (3, 4))
