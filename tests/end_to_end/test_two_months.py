"""One command loads two months; doing all of it again, with a kill -9 here and there, ends with the same rows."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from expected_facts import expected

from warehouse.build import expected_facts, expected_tables
from warehouse.ledger import BUILT, PASSED

DEGREES = ("data_science", "data_analytics", "data_engineering")
MONTHS = (1, 2)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def first_run(laptop: Any) -> Any:
    """``run`` on a fresh state, and what it left in every table."""
    done = laptop.run("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done, laptop.left()


def test_it_shows_progress_and_the_tables_and_stops_everything(laptop: Any, first_run: Any) -> None:
    output = first_run[0].stdout
    assert "January 2019: success  113 tasks done" in output
    assert "February 2019: success  113 tasks done" in output
    assert laptop.still_running() == []


def test_it_prints_what_the_readme_shows(first_run: Any) -> None:
    """Numbers aside: seconds and the numbers of COPYs differ from run to run."""
    block = (REPOSITORY / "README.md").read_text("utf-8").split("<!-- what `make run` prints")[1].split("```")[1]
    shown = [line for line in block.splitlines() if line.strip("… ")]
    printed = {re.sub(r"\d+", "#", line) for line in first_run[0].stdout.splitlines()}
    assert len(shown) > 10
    assert [line for line in shown if re.sub(r"\d+", "#", line) not in printed] == []


def test_every_file_has_passed_and_every_fact_is_built(first_run: Any) -> None:
    ledger = first_run[1].ledger
    tables, facts = expected_tables(DEGREES), expected_facts(DEGREES)
    assert {key: status for key, (status, _) in ledger.items()} == {
        **{(table, f"2019-0{month}-01"): PASSED for table in tables for month in MONTHS},
        **{(fact, f"2019-0{month}-01"): BUILT for fact in facts for month in MONTHS},
    }


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("degree", DEGREES)
def test_the_facts_are_those_computed_from_the_files(laptop: Any, first_run: Any, degree: str, month: int) -> None:
    tables = first_run[1].tables
    for fact, rows in expected(laptop.data, degree, 2019, month).items():
        assert rows
        found = [row[:-1] for row in tables[f"{degree}_{fact}"] if row[-1] == date(2019, month, 1)]
        assert sorted(found, key=repr) == rows


def test_both_months_again_with_two_kills_end_with_the_same_rows(laptop: Any, first_run: Any) -> None:
    """Of one degree, to save time; the other degrees' tables must stay as they are."""
    _, first = first_run
    laptop.change_dag(('["data_science", "data_analytics", "data_engineering"]', '["data_science"]'))
    killed = laptop.run_and_kill("scheduler", attempt(2, "stage_video_log", "2019-01", "data_science_load"), "--again")
    assert killed.returncode == 1
    assert "scheduler was ended by signal 9" in killed.stdout
    assert laptop.still_running() == []
    killed = laptop.run_and_kill("local_aws", attempt(2, "stage_project_feedback", "2019-02", "data_science_load"))
    assert killed.returncode == 1
    assert "local_aws was ended by signal 9" in killed.stdout
    done = laptop.run("run")
    assert done.returncode == 0, done.stdout + done.stderr
    left = laptop.left()
    assert left.tables == first.tables
    copies = {key: copy for key, (_, copy) in first.ledger.items() if copy is not None}
    again = {key: copy for key, (_, copy) in left.ledger.items() if copy is not None}
    assert set(again) == set(copies)
    loaded = {(table, month) for table, month in copies if table in expected_tables(["data_science"])}
    assert len(loaded) == 14
    for key, copy in again.items():
        assert copy > max(copies.values()) if key in loaded else copy == copies[key]


def attempt(number: int, node: str, month: str, task: str) -> str:
    """The log of a task's try, below the logs' folder."""
    run = f"run_id=scheduled__{month}-01T00:00:00+00:00"
    return f"dag_id=online_learning_analytics.{node}/{run}/task_id={task}/attempt={number}.log"
