"""What Airflow's own database says of a month that is being worked on."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from laptop import runs
from laptop.airflow import DAG_ID, Airflow


class Watch:
    """Looks at the run's state in Airflow's own database."""

    def __init__(self, laptop: Any) -> None:
        self.airflow = Airflow(laptop.state / "airflow", laptop.dags)

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        with closing(self.airflow.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def state(self) -> str:
        """That of the month's run."""
        with closing(self.airflow.connect()) as connection, connection.cursor() as cursor:
            (month,) = runs.months(cursor)
            return month.state

    def until_task(self, dag: str, task: str, state: str) -> None:
        """Wait until the task is in that state."""
        query = "SELECT state FROM task_instance WHERE dag_id = %s AND task_id = %s"
        self._until(lambda: self.rows(query, dag, task) == [(state,)], f"{task} is not {state}")

    def until_run(self, dag: str, state: str) -> None:
        """Wait until the scheduler has decided that on a SubDAG's run."""
        query = "SELECT state FROM dag_run WHERE dag_id = %s"
        self._until(lambda: self.rows(query, dag) == [(state,)], f"the run of {dag} is not {state}")

    def until_built(self, fact: str) -> None:
        """Wait until the degree's fact was loaded."""
        degree, name = fact[: len("data_science")], fact[len("data_science_") :]
        self.until_task(f"online_learning_analytics.build_{name}", f"{degree}_load", "success")

    def until_begun(self) -> None:
        """Wait until the month's run is there."""
        self._until(lambda: self.rows("SELECT 1 FROM dag_run WHERE dag_id = %s", DAG_ID) == [(1,)], "no run begins")

    def until_finished(self) -> None:
        """Wait until Airflow has decided on the run that a clear has set going."""
        self._until(lambda: self.state() in ("success", "failed"), "the run does not finish")

    def _until(self, reached: Any, complaint: str) -> None:
        deadline = time.monotonic() + 300
        while not reached():
            assert time.monotonic() < deadline, f"{complaint}: {self._unfinished()}"
            time.sleep(0.5)

    def _unfinished(self) -> str:
        """Every run that has not succeeded, and the tasks in it that have not."""
        query = """SELECT r.dag_id, r.state, string_agg(t.task_id || ' ' || COALESCE(t.state, 'cleared'), ', ')
            FROM dag_run r LEFT JOIN task_instance t
                ON (t.dag_id, t.run_id) = (r.dag_id, r.run_id) AND t.state IS DISTINCT FROM 'success'
            WHERE r.state <> 'success' GROUP BY r.id ORDER BY r.id"""
        return "".join(f"\n{dag} is {state}: {tasks}" for dag, state, tasks in self.rows(query))
