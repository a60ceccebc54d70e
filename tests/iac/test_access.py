"""Each group logs in: what it reads, what it is refused, also of tables that are made after the grants."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from iac import access as iac_access
from warehouse import access, ddl, error_table, ledger
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES, STAGED
from warehouse.login import Login, connect
from warehouse.model import Column, Fact
from warehouse.redshift import in_transaction

PEOPLE = {"engineer": access.ENGINEERS, "scientist": access.SCIENTISTS, "analyst": access.ANALYSTS}
PASSWORD = "Persons-pass1"  # noqa: S105
REFUSED = psycopg2.errors.InsufficientPrivilege
FACT = "data_science_avg_project_rating"
STAGING = "data_science_project_feedback"
ERRORS = f"{STAGING}_errors"


def admin_login(provisioned: Any) -> Login:
    client = provisioned.client("secretsmanager")
    found = json.loads(client.get_secret_value(SecretId=provisioned.settings.secret)["SecretString"])
    return Login(found["username"], found["password"])


@pytest.fixture(scope="module")
def admin(provisioned: Any) -> Login:
    return admin_login(provisioned)


Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def run_as(provisioned: Any, admin: Login) -> Run:
    """Runs a statement as a person; the pipeline has made its tables by then, and the people are in their groups."""
    settings = provisioned.settings

    def run(who: str, statement: str) -> list[tuple[Any, ...]]:
        login = {"pipeline": provisioned.login, "admin": admin}.get(who, Login(who, PASSWORD))
        with closing(connect(settings, login)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement.format(fact=FACT, staging=STAGING, errors=ERRORS))
            return list(cursor.fetchall()) if cursor.description else []

    for person, group in PEOPLE.items():
        run("admin", f"CREATE USER {person} PASSWORD '{PASSWORD}' IN GROUP {group}")
    run("admin", f"CREATE USER stranger PASSWORD '{PASSWORD}'")

    def make(cursor: Any) -> None:
        for table in (
            *(source.table() for source in DIMENSIONS),
            *(source.table("data_science") for source in SOURCES),
            *(fact.table("data_science") for fact in FACTS),
        ):
            cursor.execute(ddl.create_table(table))
            access.grant(cursor, table.name)
        cursor.execute(ddl.create_table(error_table.table(STAGED["project_feedback"], "data_science")))

    in_transaction(lambda: connect(settings, provisioned.login), make)
    run("pipeline", "INSERT INTO users_dim VALUES (1, 'Ada', 'ada', 'Köln', 'ada@example.org', 'Acme')")
    return run


MAY = [
    ("engineer", "SELECT name, email, github_handle FROM users_dim"),
    ("engineer", "INSERT INTO {staging} VALUES (1, 10, '2019-01-05', 'mended', 3, '2019-01-01')"),
    ("engineer", "UPDATE {staging} SET rating = 2 WHERE user_id = 1"),
    ("engineer", "DELETE FROM {staging} WHERE user_id = 1"),
    ("engineer", "DELETE FROM {errors}"),
    ("engineer", "SELECT * FROM load_status"),
    ("engineer", "SELECT * FROM {fact}"),
    ("scientist", "SELECT user_id, location, company FROM users_dim"),
    ("scientist", "SELECT * FROM {staging}"),
    ("scientist", "SELECT count(*) FROM {fact}"),
    ("scientist", "CREATE TABLE sandbox.model AS SELECT user_id FROM users_dim"),
    ("scientist", "DROP TABLE sandbox.model"),
    ("analyst", "SELECT * FROM {fact}"),
    ("analyst", "SELECT user_id, location, company FROM users_dim"),
    ("analyst", "SELECT * FROM projects_dim"),
    ("pipeline", "CREATE TABLE mine (a INT)"),
    ("pipeline", "DROP TABLE mine"),
    ("admin", "SELECT * FROM {staging}"),
]


@pytest.mark.parametrize(("who", "statement"), MAY)
def test_what_they_may(run_as: Run, who: str, statement: str) -> None:
    run_as(who, statement)


NOT_FOR_READERS = [
    "SELECT name FROM users_dim",
    "SELECT email FROM users_dim",
    "SELECT github_handle FROM users_dim",
    "SELECT * FROM users_dim",
    "SELECT u.company, (SELECT min(email) FROM users_dim) FROM users_dim AS u",
    "INSERT INTO {fact} SELECT * FROM {fact}",
    "DELETE FROM {fact}",
    "UPDATE users_dim SET company = 'x'",
    "SELECT * FROM {errors}",
    "SELECT * FROM load_ledger",
    "DROP TABLE projects_dim",
]
MAY_NOT = [
    *((who, statement) for who in ("scientist", "analyst") for statement in NOT_FOR_READERS),
    ("analyst", "SELECT * FROM {staging}"),
    ("analyst", "SELECT count(*) FROM {staging}"),
    ("analyst", "CREATE TABLE sandbox.mine (a INT)"),
    *((who, "CREATE TABLE public.mine (a INT)") for who in ("engineer", "scientist", "analyst", "stranger")),
    ("engineer", "DROP TABLE {staging}"),
    ("pipeline", "CREATE USER another PASSWORD 'Another-pass1'"),
    ("pipeline", "ALTER GROUP analysts ADD USER loader"),
    ("pipeline", "ALTER USER dwh_admin PASSWORD 'Another-pass1'"),
    ("pipeline", "CREATE SCHEMA mine"),
    ("pipeline", "CREATE TABLE sandbox.mine (a INT)"),
    ("stranger", "SELECT * FROM public.{fact}"),
    ("stranger", "SELECT user_id FROM public.users_dim"),
]


@pytest.mark.parametrize(("who", "statement"), MAY_NOT)
def test_what_they_are_refused(run_as: Run, who: str, statement: str) -> None:
    with pytest.raises(REFUSED):
        run_as(who, statement)


@pytest.mark.parametrize("who", ["scientist", "analyst", "stranger"])
def test_no_copy_leads_around_the_grants(run_as: Run, provisioned: Any, who: str) -> None:
    provisioned.put("dimensional_tables/users_dim.csv", "user_id,name\n1,Ada\n")
    source = f"s3://{provisioned.settings.bucket}/dimensional_tables/users_dim.csv"
    with closing(connect(provisioned.settings, Login(who, PASSWORD))) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE stolen (a INT, b VARCHAR(99))")
        with pytest.raises(REFUSED, match="assume role"):
            cursor.execute(f"COPY stolen FROM '{source}' IAM_ROLE '{provisioned.settings.role_arn}' CSV IGNOREHEADER 1")


def test_tables_made_later_are_the_engineers_at_once(run_as: Run, provisioned: Any) -> None:
    run_as("pipeline", "CREATE TABLE data_ethics_video_log (a INT)")
    run_as("engineer", "INSERT INTO data_ethics_video_log VALUES (1)")
    assert run_as("engineer", "SELECT * FROM data_ethics_video_log") == [(1,)]
    for who in ("scientist", "analyst"):
        with pytest.raises(REFUSED):
            run_as(who, "SELECT * FROM data_ethics_video_log")
    run_as("pipeline", "DROP TABLE data_ethics_video_log")


def test_a_view_that_is_replaced_stays_readable(run_as: Run, provisioned: Any) -> None:
    in_transaction(provisioned.connect, ledger.create)
    run_as("engineer", "SELECT * FROM load_status")


def test_a_second_time_changes_nothing_and_takes_away_what_was_given_besides(
    run_as: Run, provisioned: Any, admin: Login
) -> None:
    settings, said = provisioned.settings, list[str]()
    run_as("pipeline", "GRANT SELECT ON users_dim TO GROUP analysts")
    run_as("analyst", "SELECT email FROM users_dim")
    iac_access.ensure(settings, admin, provisioned.login, settings.role_arn, said.append)
    assert said[0] == "access: already there, grants put right"
    assert "WARNING: data_engineers can delete the rows of error tables, not drop them" in said[1]
    with pytest.raises(REFUSED):
        run_as("analyst", "SELECT email FROM users_dim")
    run_as("analyst", "SELECT * FROM {fact}")


def test_a_table_of_the_administrators_becomes_the_pipelines(run_as: Run, provisioned: Any, admin: Login) -> None:
    run_as("admin", "CREATE TABLE old_project_feedback (a INT)")
    settings = provisioned.settings
    iac_access.ensure(settings, admin, provisioned.login, settings.role_arn, print)
    run_as("pipeline", "DROP TABLE old_project_feedback")


def test_a_password_that_was_changed_becomes_the_secrets(run_as: Run, provisioned: Any, admin: Login) -> None:
    settings = provisioned.settings
    run_as("admin", "ALTER USER loader PASSWORD 'Somebody-elses1'")
    with pytest.raises(psycopg2.OperationalError):
        connect(settings, provisioned.login)
    iac_access.ensure(settings, admin, provisioned.login, settings.role_arn, print)
    run_as("pipeline", "SELECT 1")


def test_a_refusal_of_the_warehouse_names_what_to_do_and_no_password(provisioned: Any, admin: Login) -> None:
    settings = replace(provisioned.settings, database="nowhere")
    with pytest.raises(iac_access.IacError, match=r"access: the warehouse refused(.|\n)*run it again") as caught:
        iac_access.ensure(settings, admin, provisioned.login, "arn", print)
    assert admin.password not in str(caught.value)


def test_the_servers_log_holds_no_password(run_as: Run, provisioned: Any) -> None:
    with pytest.raises(psycopg2.Error):
        run_as("admin", "CREATE USER analyst PASSWORD 'Logged-pass1'")  # there is one: PostgreSQL logs the error
    log = provisioned.log.read_text(errors="replace")
    assert 'role "analyst" already exists' in log
    for password in ("Logged-pass1", provisioned.login.password):
        assert password not in log


@pytest.mark.parametrize("group", [access.SCIENTISTS, access.ANALYSTS])
def test_nobody_else_reads_a_personal_column(group: str) -> None:
    personal = {(source.name, c.name) for source in STAGED.values() for c in source.columns if c.personal}
    assert personal == {("users_dim", "name"), ("users_dim", "email"), ("users_dim", "github_handle")}
    assert set(access.readable(group, "users_dim")) == {"user_id", "location", "company"}


@pytest.mark.parametrize(
    ("name", "scientists", "analysts"),
    [
        ("data_science_project_feedback", True, False),
        ("a_degree_video_log", True, False),
        ("a_degree_avg_project_rating", True, True),
        ("projects_dim", True, True),
        ("a_degree_projects_dim", False, False),
        ("project_feedback", False, False),
        ("a_degree_project_feedback_errors", False, False),
        ("load_ledger", False, False),
        ("load_status", False, False),
    ],
)
def test_tables_are_told_by_their_names(name: str, scientists: bool, analysts: bool) -> None:
    assert bool(access.readable(access.SCIENTISTS, name)) == scientists
    assert bool(access.readable(access.ANALYSTS, name)) == analysts


def test_a_fact_does_not_pass_on_a_personal_column(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (Column("email", "VARCHAR(320)", "copied"), Column("n", "INTEGER", "counted"))
    leaky = Fact("leaky", "", columns, "SELECT email, 1 AS n FROM {users_dim}")
    monkeypatch.setitem(access._READ, access.ANALYSTS, (leaky,))
    assert access.readable(access.ANALYSTS, "a_degree_leaky") == ("n", "load_month")


def test_grants_need_no_groups(provisioned: Any) -> None:
    """A warehouse that was made by other means has none."""

    class Cursor:
        statements: list[Any] = []  # noqa: RUF012

        def execute(self, statement: Any, *_: Any) -> None:
            self.statements.append(statement)

        def fetchall(self) -> list[Any]:
            return []

    access.grant(Cursor(), "users_dim")
    assert not any(isinstance(statement, sql.Composed) for statement in Cursor.statements)
