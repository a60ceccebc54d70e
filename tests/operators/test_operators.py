"""What each operator says and leaves when something is wrong, and that it goes on when that is mended."""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from warehouse.catalog import DIMENSIONS, FACTS, STAGED
from warehouse.login import Login, connect

MONTH = {"load_month": "2019-01-01"}
CONTEXT = {"run_id": "a test"}
ROW = "1,10,1546300800000,fine,3\n"


class Steps:
    """The tasks of one degree's project_feedback, by name, ready to run; and how to put its file."""

    def __init__(self, provisioned: Any) -> None:
        # Not before the fixtures have set Airflow's home.
        from airflow_compat import AirflowFailException
        from operators.create_table import CreateTableOperator
        from operators.data_quality import DataQualityOperator
        from operators.load_fact import LoadFactOperator
        from operators.s3_to_redshift import S3ToRedshiftOperator
        from operators.settled import SettledOperator
        from operators.stl_check import STLCheckOperator

        degree = f"degree_{uuid.uuid4().hex[:8]}"
        # Of a file of two rows one may be refused here.
        source = replace(STAGED["project_feedback"], max_refused_share=0.5)
        fact = next(fact for fact in FACTS if fact.name == "avg_project_rating")
        mine = {"source": source, "degree": degree, **MONTH}
        self.provisioned = provisioned
        self.failed = AirflowFailException
        self.key = source.s3_key(degree, "2019", "1")
        self.table = source.table_name(degree)
        self.fact = fact.table_name(degree)
        tables = [self.table, "projects_dim"]
        facts = {fact.table_name(degree): tables}
        self.tasks = {
            "create": CreateTableOperator(task_id="create", tables=[source.table(degree), fact.table(degree)], **MONTH),
            "load": S3ToRedshiftOperator(task_id="load", s3_key=self.key, **mine),
            "stl_check": STLCheckOperator(task_id="stl_check", **mine),
            "data_quality": DataQualityOperator(task_id="data_quality", **mine),
            "guard": SettledOperator(task_id="guard", tables=tables, **MONTH),
            "fact": LoadFactOperator(task_id="fact", fact=fact, degree=degree, **MONTH),
            "settled": SettledOperator(task_id="settled", tables=tables, facts=facts, **MONTH),
        }
        for dimension in DIMENSIONS:
            key = dimension.s3_key(None, "", "")
            create = CreateTableOperator(task_id="create", tables=[dimension.table()], **MONTH)
            self.tasks[f"create {dimension.name}"] = create
            self.tasks[f"load {dimension.name}"] = S3ToRedshiftOperator(
                task_id="load", source=dimension, s3_key=key, **MONTH
            )
            check = DataQualityOperator(task_id="data_quality", source=dimension, **MONTH)
            self.tasks[f"data_quality {dimension.name}"] = check

    def run(self, *names: str) -> None:
        """Execute tasks, one after the other."""
        for name in names:
            self.tasks[name].execute(CONTEXT)

    def put(self, rows: str) -> None:
        """Put the degree's file."""
        self.provisioned.put(self.key, "user_id,project_id,submit_date,text,rating\n" + rows)

    def dimensions(self, users: str = "1,Ada,ada,Köln,ada@example.org,Acme\n") -> None:
        """Put and stage the dimensions."""
        files = {"users_dim": users, "projects_dim": "10,1,Titanic,Start,d\n", "videos_dim": "100,Hello,Start,d\n"}
        for dimension in DIMENSIONS:
            head = ",".join(column.name for column in dimension.columns)
            self.provisioned.put(dimension.s3_key(None, "", ""), f"{head}\n{files[dimension.name]}")
            self.run(*(f"{step} {dimension.name}" for step in ("create", "load", "data_quality")))


@pytest.fixture
def steps(provisioned: Any, airflow_connections: None) -> Steps:
    found = Steps(provisioned)
    found.dimensions()
    found.run("create")
    return found


def test_a_clean_month_goes_through(steps: Steps) -> None:
    steps.put(ROW)
    steps.run("load", "stl_check", "data_quality", "guard", "fact", "settled")


def test_a_missing_file_fails_at_once_and_is_named(steps: Steps) -> None:
    with pytest.raises(steps.failed, match=r"2019/1/project_feedback\.csv does not exist. Upload the file"):
        steps.run("load")


def test_refused_rows_hold_the_fact_until_they_are_mended(
    steps: Steps, provisioned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    steps.put(ROW + "x,10,1546300800000,bad,3\n")
    steps.run("load")
    for _ in range(2):
        with caplog.at_level(logging.ERROR), pytest.raises(steps.failed, match="1 refused rows of 2019-01-01 stand in"):
            steps.run("stl_check")
    assert "3     user_id  'x'    Invalid digit, Value 'x'" in caplog.text
    with pytest.raises(steps.failed, match="is not settled for 2019-01-01"):
        steps.run("data_quality")
    for held in ("guard", "settled"):
        with pytest.raises(steps.failed, match=f"{steps.table}: 1 refused rows"):
            steps.run(held)
    provisioned.rows(f"INSERT INTO {steps.table} VALUES (2, 10, '2019-01-01', 'mended', 3, '2019-01-01')")  # noqa: S608
    provisioned.rows(f"DROP TABLE {steps.table}_errors")
    steps.dimensions("1,Ada,ada,Köln,ada@example.org,Acme\n2,Bo,bo,Oslo,bo@example.org,\n")
    steps.run("stl_check", "data_quality", "guard", "fact", "settled")


def test_more_refused_rows_than_allowed_fail_the_load_at_once(steps: Steps) -> None:
    steps.put(ROW + 2 * "x,10,1546300800000,bad,3\n")
    with pytest.raises(steps.failed, match="more than 1 of its 3 records were refused, so nothing of it was loaded"):
        steps.run("load")


def test_the_log_names_records_that_are_nowhere_and_rows_too_many(
    steps: Steps, provisioned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    steps.put(ROW + ROW.replace("1,10", "2,10") + ROW.replace("1,10", "3,10"))
    steps.run("load")
    provisioned.rows(f"DELETE FROM {steps.table} WHERE user_id = 2")  # noqa: S608
    with caplog.at_level(logging.ERROR), pytest.raises(steps.failed, match="1 rows are nowhere"):
        steps.run("stl_check")
    assert "nowhere (1):\n  line 3: 2,10,1546300800000,fine,3\n" in caplog.text
    provisioned.rows(f"INSERT INTO {steps.table} SELECT * FROM {steps.table}")  # noqa: S608
    with caplog.at_level(logging.ERROR), pytest.raises(steps.failed, match="1 rows are too many"):
        steps.run("stl_check")
    assert "no record accounts for (2):\n" in caplog.text
    assert "  3, 10, 2019-01-01 00:00:00, fine, 3\n" in caplog.text


def test_a_version_that_is_gone_is_said(steps: Steps, provisioned: Any) -> None:
    steps.put(ROW + "x,10,1546300800000,bad,3\n")
    steps.run("load")
    bucket = provisioned.settings.bucket
    version = provisioned.s3.head_object(Bucket=bucket, Key=steps.key)["VersionId"]
    steps.put(ROW)
    provisioned.s3.delete_object(Bucket=bucket, Key=steps.key, VersionId=version)
    with pytest.raises(steps.failed, match=r"is gone\. Clear the load task to load the new one"):
        steps.run("stl_check")


def test_a_failed_check_holds_the_fact_and_says_what_was_found(steps: Steps, provisioned: Any) -> None:
    steps.put(ROW + "1,10,1546300800000,twice,9\n")
    steps.run("load", "stl_check")
    with pytest.raises(steps.failed) as failure:
        steps.run("data_quality")
    lines = str(failure.value).splitlines()
    check = "user_id, project_id.unique_check: expected every (user_id, project_id) once"
    assert f"[error] {steps.table}: {check}" in lines[0]
    assert lines[1] == "    1, 10, 2"
    assert lines[3] == "    1, 10, 9"
    with pytest.raises(steps.failed, match=f"{steps.table}: \\[error\\]"):
        steps.run("guard")
    provisioned.rows(f"DELETE FROM {steps.table} WHERE rating = 9")  # noqa: S608
    steps.run("data_quality", "guard")


def test_a_failed_check_may_be_accepted_for_the_month(
    steps: Steps, provisioned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from warehouse import repair

    steps.put(ROW + "1,10,1546300800000,twice,2\n")
    steps.run("load", "stl_check")
    with pytest.raises(steps.failed, match=r"repair accept degree_.* CHECK --month 2019-01 --why"):
        steps.run("data_quality")
    task = steps.tasks["data_quality"]
    place = repair.Place(task.source, task.degree, "2019-01-01", "ada")
    repair.accept(provisioned.connect, place, "unique_check", "the student handed it in twice")
    with pytest.raises(steps.failed, match="is accepted: the student handed it in twice"):
        steps.run("guard")  # it is data_quality that lets it go on
    with caplog.at_level(logging.WARNING):
        steps.run("data_quality", "guard", "fact", "settled")
    assert "was accepted by ada: the student handed it in twice" in caplog.text
    steps.run("load", "stl_check", "data_quality")
    steps.put(ROW + "1,10,1546300800000,other file,2\n")
    steps.run("load", "stl_check")
    with pytest.raises(steps.failed, match="unique_check"):
        steps.run("data_quality")


def test_a_fact_that_was_not_built_fails_the_last_task(steps: Steps) -> None:
    steps.put(ROW)
    steps.run("load", "stl_check", "data_quality")
    with pytest.raises(steps.failed, match="avg_project_rating: not built for this month"):
        steps.run("settled")
    steps.run("fact", "settled", "load", "stl_check", "data_quality")
    with pytest.raises(steps.failed, match="avg_project_rating: older than what it reads"):
        steps.run("settled")


def test_checks_wait_for_the_dimensions_that_they_look_into(steps: Steps) -> None:
    steps.put(ROW)
    steps.run("load", "stl_check")
    with pytest.raises(steps.failed, match=r"email\.null_check"):
        steps.dimensions("1,Ada,ada,Köln,,Acme\n")
    with pytest.raises(steps.failed, match=r"Cannot be checked yet. users_dim: \[error\] users_dim: email.null_check"):
        steps.run("data_quality")


def test_a_file_replaced_while_it_is_loaded_is_loaded_anew(steps: Steps, provisioned: Any, monkeypatch: Any) -> None:
    from warehouse import load

    steps.put(ROW)
    original, tries = load.replace, []

    def replaced_meanwhile(cursor: Any, order: Any, version: Any) -> Any:
        loaded = original(cursor, order, version)
        if not tries:
            steps.put(ROW + ROW.replace("1,", "2,", 1))
        tries.append(version.records)
        return loaded

    monkeypatch.setattr(load, "replace", replaced_meanwhile)
    steps.run("load")
    assert tries == [1, 2]
    assert provisioned.rows(f"SELECT COUNT(*) FROM {steps.table}") == [(2,)]  # noqa: S608


def test_an_analyst_reads_a_new_degrees_facts_and_no_more(steps: Steps, provisioned: Any) -> None:
    secrets = provisioned.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=provisioned.settings.secret)["SecretString"]
    user, password = f"analyst_{uuid.uuid4().hex[:8]}", "Analysts-pass1"
    with closing(connect(provisioned.settings, Login(**json.loads(secret)))) as admin, admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE USER {user} PASSWORD '{password}' IN GROUP analysts")
    with closing(connect(provisioned.settings, Login(user, password))) as analyst, analyst.cursor() as cursor:
        for allowed in (steps.fact, "projects_dim"):
            cursor.execute(f"SELECT * FROM {allowed}")  # noqa: S608
        cursor.execute("SELECT company FROM users_dim")
        analyst.commit()
        for refused in (f"* FROM {steps.table}", "email FROM users_dim", "* FROM load_ledger"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"SELECT {refused}")
            analyst.rollback()
