"""`docker compose up`, the DAG toggled on, crashes in the middle, and all of it stopped and started again."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from containers import REPOSITORY, ROLES, Stack, docker, until
from expected_facts import expected
from web_ui import clear, log_in, toggle
from whole_laptop import rows_of_every_table

DAG = "online_learning_analytics"
DEGREES = ("data_science", "data_analytics", "data_engineering")
RUNS = f"SELECT execution_date::date, state FROM dag_run WHERE dag_id = '{DAG}' ORDER BY 1"  # noqa: S608
DONE = f"SELECT count(*) FROM task_instance WHERE state = 'success' AND dag_id LIKE '{DAG}.%'"  # noqa: S608
READ = f"SELECT count(*) FROM serialized_dag WHERE dag_id = '{DAG}'"  # noqa: S608
BOTH = [["2019-01-01", "success"], ["2019-02-01", "success"]]


def everything(stack: Stack) -> dict[str, Any]:
    """Every row of every table in the warehouse, in the order of the rows' texts."""
    with closing(stack.warehouse()) as connection, connection.cursor() as cursor:
        return rows_of_every_table(cursor)


def copies(stack: Stack) -> int:
    """How often a month of the file that is loaded again was loaded."""
    with closing(stack.warehouse()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM load_ledger WHERE table_name = 'data_science_video_log'")
        return int(cursor.fetchone()[0])


def kinds_of_files(image: str, *folders: str) -> set[str]:
    """The endings of all files below the image's folders, those of Python aside."""
    program = ["run", "--rm", "--network", "none", "--entrypoint", "find", f"online-learning-analytics/{image}"]
    listed = docker(*program, *folders, "-type", "f", "!", "-name", "*.py*")
    return {path.rsplit(".", 1)[-1] for path in listed.split()}


def finished_runs(stack: Stack) -> bool:
    """Whether Airflow has decided on all runs that there are."""
    return {state for _, state in stack.airflow(RUNS)} <= {"success", "failed"}


@pytest.fixture(scope="module")
def finished(stack: Stack) -> Stack:
    """The DAG toggled on in the web UI; while it works each service is killed once; both months end well."""
    browser = log_in(stack.web, "admin", stack.secret("web_password"))
    assert browser
    until(lambda: stack.airflow(READ) == [["1"]], "the scheduler does not read the DAG")
    toggle(browser, stack.web, on=True)
    for service in ("postgres", "local-aws", "scheduler", "webserver"):
        done = int(stack.airflow(DONE)[0][0])
        until(lambda done=done: int(stack.airflow(DONE)[0][0]) >= done + 15, f"no progress before {service}'s crash")
        stack.kill(service)
    until(lambda: len(stack.airflow(RUNS)) == 2 and finished_runs(stack), "the months do not finish", 900)
    return stack


def test_every_service_is_healthy_and_what_runs_once_has_ended_well(stack: Stack) -> None:
    found = stack.containers()
    assert {name: found[name]["State"]["Health"]["Status"] for name in ROLES} == dict.fromkeys(ROLES, "healthy")
    assert {name: found[name]["State"]["ExitCode"] for name in set(found) - set(ROLES)} == {"secrets": 0, "init": 0}


def test_the_web_ui_lets_in_who_has_the_password_alone(stack: Stack) -> None:
    assert log_in(stack.web, "admin", "guessed") is None
    assert log_in(stack.web, "admin", stack.secret("web_password"))


def test_both_months_succeed_though_each_service_crashed(finished: Stack) -> None:
    assert finished.airflow(RUNS) == BOTH
    found = finished.containers()
    assert min(found[name]["RestartCount"] for name in ROLES) >= 1  # the scheduler may fall with its database


@pytest.mark.parametrize("degree", DEGREES)
def test_the_facts_are_those_computed_from_the_files(finished: Stack, degree: str) -> None:
    tables = everything(finished)
    for month in (1, 2):
        for fact, rows in expected(REPOSITORY / "sample_data", degree, 2019, month).items():
            of_month = [row[:-1] for row in tables[f"{degree}_{fact}"] if row[-1].month == month]
            assert sorted(of_month, key=repr) == sorted(rows, key=repr), (fact, month)


def test_no_secret_stands_where_others_look(finished: Stack) -> None:
    secrets = {
        name: finished.secret(name) for name in ("postgres_password", "web_password", "fernet_key", "web_secret_key")
    }
    keys = json.loads(finished.execute("local-aws", "cat", "/state/credentials.json"))
    secrets["key of the local AWS"], secrets["key of S3"] = keys["secret_access_key"], keys["s3_encryption_key"]
    secrets["the pipeline's password"] = finished.pipeline_password()
    assert all(len(value) >= 12 for value in secrets.values())
    images = ("online-learning-analytics/pipeline", "online-learning-analytics/local-aws")
    seen = {
        "docker inspect": json.dumps(finished.containers()),
        "docker image inspect": docker("image", "inspect", *images),
        "docker history": "".join(docker("history", "--no-trunc", image) for image in images),
        "docker compose config": finished.compose("config"),
        "logs of the services": finished.compose("logs", "--no-color"),
        "logs of the tasks": finished.execute("scheduler", "sh", "-c", "find /logs -type f -exec cat {} +"),
    }
    assert all(len(text) > 100 for text in seen.values())
    assert [(place, name) for place, text in seen.items() for name, value in secrets.items() if value in text] == []


def test_images_hold_neither_settings_nor_data_nor_secrets() -> None:
    found = kinds_of_files("pipeline", "/opt/pipeline", "/secrets", "/logs", "/found", "/home/airflow")
    assert found <= {"sql", "sh", "airflowignore", "bash_logout", "bashrc", "profile"}
    assert kinds_of_files("local-aws", "/opt/pipeline", "/state", "/aws") <= {"sql"}


def test_down_and_up_loses_nothing_and_another_user_id_goes_on(finished: Stack) -> None:
    before, password = everything(finished), finished.secret("web_password")
    finished.compose("down")
    assert finished.compose("ps", "-aq") == ""
    finished.environment["CONTAINER_UID"] = "12345"
    finished.up()
    assert everything(finished) == before
    assert finished.airflow(RUNS) == BOTH
    assert finished.secret("web_password") == password
    assert finished.execute("scheduler", "id", "-u").strip() == "12345"
    browser = log_in(finished.web, "admin", password)
    assert browser
    loaded = copies(finished)
    clear(
        browser,
        finished.web,
        f"{DAG}.stage_video_log",
        "data_science_load",
        "2019-02-01T00:00:00+00:00",
        recursive=True,
    )
    until(lambda: finished.airflow(RUNS) != BOTH, "clearing did not set the run going")
    until(lambda: finished.airflow(RUNS) == BOTH, "the cleared run does not succeed")
    assert copies(finished) > loaded
    after = everything(finished)
    assert {name: rows for name, rows in after.items() if name != "load_ledger"} == {
        name: rows for name, rows in before.items() if name != "load_ledger"
    }
