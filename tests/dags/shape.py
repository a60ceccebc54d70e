"""Print the shape of a DAG file as JSON: its tasks, and the edges between them, the same on Airflow 2 and 3.

``python shape.py MAIN_DAG.py``. A task inside a SubDAG or TaskGroup is named ``<node>.<task>``; an edge to a SubDAG is
one to each of its first tasks, an edge from it one from each of its last: that is what a TaskGroup makes of it.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

HEAVY = ("boto3", "botocore", "numpy", "pandas")


def load(path: str) -> Any:
    """Import the DAG file and return its DAG."""
    spec = importlib.util.spec_from_file_location("main_dag", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag


def ends(task: Any, last: bool) -> list[str]:
    """The names that an edge at this task is drawn to: its own, or its SubDAG's last or first tasks."""
    child = getattr(task, "subdag", None)
    if child is None:
        return [task.task_id]
    return [f"{task.task_id}.{inner.task_id}" for inner in (child.leaves if last else child.roots)]


def edges(dag: Any, prefix: str = "") -> list[tuple[str, str]]:
    """All edges, inside SubDAGs too."""
    found = []
    for task in dag.tasks:
        child = getattr(task, "subdag", None)
        if child is not None:
            found += edges(child, f"{task.task_id}.")
        for other in task.downstream_list:
            found += [(prefix + a, prefix + b) for a in ends(task, True) for b in ends(other, False)]
    return found


def rule(task: Any) -> str:
    """The task's trigger rule: an enumeration, a text on some versions."""
    return str(getattr(task.trigger_rule, "value", task.trigger_rule))


def rules(dag: Any, prefix: str = "") -> dict[str, str]:
    """The trigger rule of each task that has another one than all_success; a SubDAG's is that of its first tasks."""
    found = {}
    for task in dag.tasks:
        child = getattr(task, "subdag", None)
        if child is not None:
            found.update(rules(child, f"{task.task_id}."))
        if rule(task) != "all_success":
            found.update({prefix + name: rule(task) for name in ends(task, False)})
    return found


def documented(dag: Any) -> list[str]:
    """The nodes and checks that tell the web UI's reader what they are; SubDAGs tell on a page of their own, too."""
    found = []
    for task in dag.tasks:
        child = getattr(task, "subdag", None)
        if task.doc_md and (child is None or child.doc_md):
            found.append(task.task_id)
        if child is not None:
            found += [f"{task.task_id}.{name}" for name in documented(child)]
    return found


def main(path: str) -> None:
    """Import what a DAG of this kind needs of Airflow, then the DAG file, and print what came of it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "airflow" / "plugins"))
    import airflow_compat

    if airflow_compat.VERSION < (3,):
        import airflow.operators.subdag  # noqa: F401
    # Processor time: on a busy machine the clock would tell of other programs.
    began = time.process_time()
    dag = load(path)
    seconds = time.process_time() - began
    print(
        json.dumps(
            {
                "cpu_seconds": seconds,
                "heavy": [name for name in HEAVY if name in sys.modules],
                "edges": sorted(edges(dag)),
                "rules": rules(dag),
                "deadline_seconds": dag.dagrun_timeout.total_seconds(),
                "tells": callable(dag.on_failure_callback),
                "documented": sorted(documented(dag)),
                "nodes": sorted(task.task_id for task in dag.tasks),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
