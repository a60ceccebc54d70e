"""The one file that knows Airflow's version: the same names on 2 and 3, and ``subdag()``."""

from __future__ import annotations

import warnings
from typing import Any, Callable
from urllib.parse import quote

from airflow import __version__
from airflow.configuration import conf

VERSION = tuple(int(part) for part in __version__.split(".")[:2])

if VERSION >= (3,):
    from airflow.sdk import DAG, BaseHook, BaseOperator, TaskGroup
    from airflow.sdk.exceptions import AirflowFailException
elif VERSION >= (2, 4):
    from airflow import DAG
    from airflow.exceptions import AirflowFailException, RemovedInAirflow3Warning
    from airflow.hooks.base import BaseHook
    from airflow.models import BaseOperator, DagRun, TaskInstance
    from airflow.operators import subdag as airflow_subdag
    from airflow.plugins_manager import AirflowPlugin
    from airflow.ti_deps.deps.base_ti_dep import BaseTIDep
    from airflow.utils.session import create_session, provide_session
    from airflow.utils.state import DagRunState, State, TaskInstanceState

    def _state_of_node(ti: Any, session: Any) -> Any:
        """The state of the node whose SubDAG holds this task."""
        dag_id, _, node = ti.dag_id.rpartition(".")
        return (
            session.query(TaskInstance.state)
            .join(TaskInstance.dag_run)
            .filter(
                TaskInstance.dag_id == dag_id,
                TaskInstance.task_id == node,
                DagRun.execution_date == ti.execution_date,
            )
            .scalar()
        )

    class SubdagNodeRuns(BaseTIDep):
        """The first tasks of a SubDAG wait as long as its node does.

        Clearing a run clears the tasks inside its SubDAGs too, and the scheduler starts those at once, whatever the
        node still waits for: without this, facts would be built before the files of a cleared month are loaded.
        If the node has ended, somebody has cleared a first task alone: it runs, and ``go_on_after`` does the rest.
        """

        NAME = "The SubDAG's node runs"
        IGNORABLE = True
        GO = (TaskInstanceState.RUNNING, TaskInstanceState.SUCCESS, TaskInstanceState.FAILED)

        @provide_session
        def _get_dep_statuses(self, ti: Any, session: Any, dep_context: Any = None) -> Any:
            if _state_of_node(ti, session) not in self.GO:
                yield self._failing_status(reason=f"The node of {ti.dag_id} does not run yet.")

    def go_on_after(context: Any) -> None:
        """Let a run go on when somebody has cleared a SubDAG's last task alone and it has succeeded.

        Clearing a task in the web UI leaves the SubDAG's node as it was, its switch "Recursive" notwithstanding: node
        and whatever waits for it are cleared here, unless the node runs or is about to. Inside the SubDAGs only what
        failed is done again, so that no file is staged twice; those that ``subdag`` was told to redo are done whole.
        """
        ti, parent = context["ti"], context["dag"].parent_dag
        name = ti.dag_id.rpartition(".")[2]
        with create_session() as session:
            _wait_for_the_scheduler(parent.dag_id, ti.execution_date, session)
            if _state_of_node(ti, session) not in State.finished:
                return
            for each in [name, *sorted(parent.get_task(name).get_flat_relative_ids(upstream=False))]:
                parent.partial_subset(f"^{each}$", include_upstream=False, include_downstream=False).clear(
                    start_date=ti.execution_date,
                    end_date=ti.execution_date,
                    include_subdags=each != name and getattr(parent.get_task(each), "redo", False),
                    include_parentdag=False,
                    session=session,
                )

    def _wait_for_the_scheduler(dag_id: str, execution_date: Any, session: Any) -> None:
        """Wait until the scheduler has done with a run that it looks at now; until the end of ``session`` it leaves it.

        It locks the run, reads its tasks, and writes down what has become of the run. What others change between its
        reading and writing goes unseen: the run would be called failed, although it has tasks to do again.
        """
        session.query(DagRun.id).filter_by(dag_id=dag_id, execution_date=execution_date).with_for_update().all()

    class SubDagOperator(airflow_subdag.SubDagOperator):
        """Airflow's, without its errors at moments when the SubDAG's run is just changing its state.

        It has Airflow's name, by which the web UI knows what it can zoom into.
        """

        def pre_execute(self, context: Any) -> None:
            """Look at the SubDAG's run once the scheduler, which may be about to call it deadlocked, has decided."""
            with create_session() as session:
                _wait_for_the_scheduler(self.subdag.dag_id, context["execution_date"], session)
            super().pre_execute(context)

        def poke(self, context: Any) -> bool:
            """Whether the SubDAG's run has ended: one that was just cleared is queued, and has not."""
            return self._get_dagrun(context["execution_date"]).state in State.finished_dr_states

        def post_execute(self, context: Any, result: Any = None) -> None:
            """Fail without another try if a task of the SubDAG failed: a person has to mend something first.

            The node's tries are for workers that were killed while they waited for the SubDAG, which then goes on.
            """
            if self._get_dagrun(context["execution_date"]).state == DagRunState.FAILED:
                raise AirflowFailException(
                    f"A task of {self.subdag.dag_id} failed: its log says why. Zoom into the SubDAG."
                )
            super().post_execute(context, result)

    class SubdagPlugin(AirflowPlugin):
        """Makes the dependency known to the scheduler, which reads DAGs from the database."""

        name = "subdags"
        ti_deps = (SubdagNodeRuns(),)

else:
    raise ImportError(f"Airflow {__version__} is not supported: use 2.11 or 3.")

__all__ = ["DAG", "AirflowFailException", "BaseHook", "BaseOperator", "documentation_url", "subdag"]

# The nodes of SubDAGs wait for their tasks. In the tasks' own pool they would take every slot and wait for ever.
SUBDAG_POOL = "subdags"


def subdag(
    dag: DAG,
    name: str,
    fill: Callable[[], None],
    *,
    color: str,
    doc_md: str,
    trigger_rule: str = "all_success",
    redo: bool = False,
) -> Any:
    """Return a node ``name`` of ``dag`` that holds the tasks which ``fill`` makes.

    On Airflow 2 a SubDagOperator: the tasks are in the DAG ``<dag>.<name>``. On Airflow 3, which has no SubDAGs, a
    TaskGroup: the tasks are ``<name>.<task>``. ``trigger_rule`` is that of the node (of the group's first tasks).
    ``redo``: do all of its tasks again, not just those that failed, when a task that it waits for was cleared.
    ``color`` and ``doc_md`` are what the web UI shows of the node.
    """
    if VERSION >= (3,):
        return _task_group(dag, name, fill, trigger_rule, color, doc_md)
    node = _subdag(dag, name, fill, trigger_rule, doc_md)
    node.redo = redo
    node.ui_color, node.ui_fgcolor = color, "#000"
    return node


def documentation_url(task: BaseOperator, run_id: str) -> str:
    """Where the web UI shows what a task is, and what to do when it fails."""
    run = quote(run_id, safe="")
    if VERSION >= (3,):
        return f"{conf.get('api', 'base_url').rstrip('/')}/dags/{task.dag_id}/runs/{run}/tasks/{task.task_id}/details"
    base = conf.get("webserver", "base_url").rstrip("/")
    return f"{base}/dags/{task.dag_id}/grid?dag_run_id={run}&task_id={task.task_id}&tab=details"


def _task_group(dag: DAG, name: str, fill: Callable[[], None], trigger_rule: str, color: str, doc_md: str) -> TaskGroup:
    with TaskGroup(name, dag=dag, ui_color=color, tooltip=doc_md.partition("\n\n")[2].partition("\n")[0]) as group:
        fill()
    for task in group.get_roots():
        task.trigger_rule = trigger_rule
    return group


def _subdag(dag: DAG, name: str, fill: Callable[[], None], trigger_rule: str, doc_md: str) -> BaseOperator:
    with warnings.catch_warnings():
        # SubDAGs are what this lane is for; lane 3 is the way on.
        warnings.simplefilter("ignore", RemovedInAirflow3Warning)
        child = DAG(
            f"{dag.dag_id}.{name}",
            schedule=dag.schedule_interval,
            start_date=dag.start_date,
            end_date=dag.end_date,
            max_active_tasks=dag.max_active_tasks,
            default_args=dag.default_args,
            doc_md=doc_md,
        )
        with child:
            fill()
        for task in child.roots:
            task.deps = task.deps | {SubdagNodeRuns()}
        for task in child.leaves:
            task.on_success_callback = go_on_after
        return SubDagOperator(
            task_id=name,
            subdag=child,
            dag=dag,
            pool=SUBDAG_POOL,
            poke_interval=1,  # the default of a minute would be most of a run's time
            trigger_rule=trigger_rule,
            doc_md=doc_md,
        )
