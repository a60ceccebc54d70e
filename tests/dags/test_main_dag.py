"""The DAG's shape: the same on Airflow 2 and 3, drawn from the catalog, quick to parse, open to another degree."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from warehouse import settings
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN_DAG = REPOSITORY / "airflow" / "dags" / "main_dag.py"
LANES = {2: sys.executable, 3: str(REPOSITORY / ".venv-airflow3" / "bin" / "python")}
DEGREES = ("data_science", "data_analytics", "data_engineering")

Shape = Callable[..., Any]


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Shape:
    """Return the shape of a DAG file as Airflow 2 or 3 reads it, in a process of its own."""

    @functools.lru_cache(maxsize=None)
    def read(path: Path = MAIN_DAG, lane: int = 2, attempt: int = 1) -> Any:
        home = tmp_path_factory.mktemp(f"airflow{lane}")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        command = [LANES[lane], str(Path(__file__).with_name("shape.py")), str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return read


def test_parsing_adds_little_to_importing_airflow(shape: Shape) -> None:
    tries = [shape(attempt=attempt) for attempt in (1, 2, 3)]
    assert min(each["cpu_seconds"] for each in tries) < 0.3
    assert tries[0]["heavy"] == []


def test_a_run_has_a_deadline_and_tells_when_it_fails(shape: Shape) -> None:
    for lane in LANES:
        assert shape(lane=lane)["deadline_seconds"] == settings.load().deadline_hours * 3600
        assert shape(lane=lane)["tells"]


def test_every_source_dimension_and_fact_is_a_node(shape: Shape) -> None:
    staged = {f"stage_{source.name}" for source in DIMENSIONS + SOURCES}
    built = {f"build_{fact.name}" for fact in FACTS}
    assert set(shape()["nodes"]) == staged | built | {"Begin_execution", "Settled"}


def test_nodes_and_checks_tell_what_they_are(shape: Shape) -> None:
    checks = {f"stage_{source.name}.data_quality" for source in DIMENSIONS}
    checks |= {
        f"stage_{source.name}.{degree}_{check}"
        for source in SOURCES
        for degree in DEGREES
        for check in ("stl_check", "data_quality")
    }
    assert set(shape()["documented"]) == set(shape()["nodes"]) - {"Begin_execution", "Settled"} | checks


def test_a_fact_waits_for_just_what_its_sql_reads(shape: Shape) -> None:
    edges = {tuple(edge) for edge in shape()["edges"]}
    guard = "build_avg_project_rating.data_science_guard"
    before = {a for a, b in edges if b == guard}
    assert before == {
        "stage_projects_dim.data_quality",
        *(f"stage_project_feedback.{degree}_data_quality" for degree in DEGREES),
    }


def test_a_source_waits_for_the_dimensions_that_its_checks_look_into(shape: Shape) -> None:
    edges = {tuple(edge) for edge in shape()["edges"]}
    assert {a for a, b in edges if b == "stage_video_log.data_science_create"} == {
        "Begin_execution",
        "stage_users_dim.data_quality",
        "stage_videos_dim.data_quality",
    }


def test_each_degree_is_a_chain_of_its_own(shape: Shape) -> None:
    edges = {tuple(edge) for edge in shape()["edges"]}
    steps = [f"stage_video_log.data_science_{step}" for step in ("create", "load", "stl_check", "data_quality")]
    assert set(zip(steps, steps[1:])) <= edges
    across = [(a, b) for a, b in edges if a.startswith("stage_video_log.") and b.startswith("stage_video_log.")]
    assert len(across) == 3 * len(DEGREES)


def test_failures_elsewhere_start_facts_and_the_last_task_all_the_same(shape: Shape) -> None:
    rules = shape()["rules"]
    guards = {f"build_{fact.name}.{degree}_guard" for fact in FACTS for degree in DEGREES}
    staged = {f"stage_{source.name}.{degree}_create" for source in SOURCES for degree in DEGREES}
    assert rules == dict.fromkeys(guards | staged | {"Settled"}, "all_done")


def test_airflow_3_draws_the_same_edges(shape: Shape) -> None:
    two, three = shape(), shape(lane=3)
    assert three["edges"] == two["edges"]
    assert three["rules"] == two["rules"]
    assert len(two["edges"]) > 100


def test_a_new_degree_is_one_word(shape: Shape, tmp_path: Path) -> None:
    text = MAIN_DAG.read_text("utf-8")
    more = text.replace('"data_engineering"]', '"data_engineering", "data_ethics"]')
    assert more != text
    (tmp_path / "main_dag.py").write_text(more, "utf-8")

    def of_degree(found: Any, degree: str) -> set[tuple[str, ...]]:
        inside = [edge for edge in found["edges"] if all(f".{degree}_" in end for end in edge)]
        return {tuple(end.replace(f".{degree}_", ".") for end in edge) for edge in inside}

    found = shape(tmp_path / "main_dag.py")
    assert of_degree(found, "data_ethics") == of_degree(shape(), "data_science")
    assert of_degree(found, "data_ethics")


def test_the_main_dag_fits_on_one_screen() -> None:
    assert len(MAIN_DAG.read_text("utf-8").splitlines()) <= 50
