"""The one file that knows Airflow's version: the same names on 1.10, 2 and 3, and ``subdag()``."""

from __future__ import annotations

import warnings
from typing import Any, Callable

from airflow import __version__

VERSION = tuple(int(part) for part in __version__.split(".")[:2])

if VERSION >= (3,):
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, BaseHook, BaseOperator, TaskGroup
    from airflow.sdk.exceptions import AirflowFailException
elif VERSION >= (2, 4):
    from airflow.exceptions import AirflowFailException, RemovedInAirflow3Warning
    from airflow.hooks.base import BaseHook
    from airflow.models import BaseOperator
    from airflow.operators.empty import EmptyOperator

    from airflow import DAG
else:
    raise ImportError(f"Airflow {__version__} is not supported: use 2.11 or 3.")

__all__ = ["DAG", "AirflowFailException", "BaseHook", "BaseOperator", "EmptyOperator", "subdag"]

# The nodes of SubDAGs wait for their tasks. In the tasks' own pool they would take every slot and wait for ever.
SUBDAG_POOL = "subdags"


def subdag(dag: DAG, name: str, fill: Callable[[], None], trigger_rule: str = "all_success") -> Any:
    """Return a node ``name`` of ``dag`` that holds the tasks which ``fill`` makes.

    On Airflow 2 a SubDagOperator: the tasks are in the DAG ``<dag>.<name>``. On Airflow 3, which has no SubDAGs, a
    TaskGroup: the tasks are ``<name>.<task>``. ``trigger_rule`` is that of the node (of the group's first tasks).
    """
    return _task_group(dag, name, fill, trigger_rule) if VERSION >= (3,) else _subdag(dag, name, fill, trigger_rule)


def _task_group(dag: DAG, name: str, fill: Callable[[], None], trigger_rule: str) -> TaskGroup:
    with TaskGroup(name, dag=dag) as group:
        fill()
    for task in group.get_roots():
        task.trigger_rule = trigger_rule
    return group


def _subdag(dag: DAG, name: str, fill: Callable[[], None], trigger_rule: str) -> BaseOperator:
    with warnings.catch_warnings():
        # SubDAGs are what this lane is for; lane 3 is the way on.
        warnings.simplefilter("ignore", RemovedInAirflow3Warning)
        from airflow.operators.subdag import SubDagOperator

        child = DAG(
            f"{dag.dag_id}.{name}",
            schedule=dag.schedule_interval,
            start_date=dag.start_date,
            end_date=dag.end_date,
            max_active_tasks=dag.max_active_tasks,
            default_args=dag.default_args,
        )
        with child:
            fill()
        return SubDagOperator(
            task_id=name,
            subdag=child,
            dag=dag,
            pool=SUBDAG_POOL,
            poke_interval=1,  # the default of a minute would be most of a run's time
            retries=0,  # a retry of the node would run failed checks again behind the person who mends
            trigger_rule=trigger_rule,
        )
