"""Build one fact for every degree whose tables have passed."""

from __future__ import annotations

from typing import Any, Sequence

from airflow_compat import DAG, subdag
from operators.create_table import CreateTableOperator
from operators.load_fact import LoadFactOperator
from operators.settled import SettledOperator
from warehouse.build import tables_read
from warehouse.dictionary import about_fact
from warehouse.model import Fact


def build_fact(fact: Fact, degree_list: Sequence[str], dag: DAG) -> Any:
    """Return the node ``build_<fact>``: guard, create and load for each degree.

    It runs whatever became of staging, so that one degree cannot hold back another; each degree's guard fails while
    a table that the fact's SELECT reads has not passed this month.
    """

    def fill() -> None:
        for degree in degree_list:
            guard = SettledOperator(task_id=f"{degree}_guard", tables=list(tables_read(fact, degree).values()))
            create = CreateTableOperator(task_id=f"{degree}_create", tables=[fact.table(degree)])
            load = LoadFactOperator(task_id=f"{degree}_load", fact=fact, degree=degree)
            guard >> create >> load

    return subdag(
        dag,
        f"build_{fact.name}",
        fill,
        color=LoadFactOperator.ui_color,
        doc_md=about_fact(fact, degree_list),
        trigger_rule="all_done",
        redo=True,
    )
