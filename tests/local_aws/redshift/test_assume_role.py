"""Who may COPY with the cluster's IAM role: everyone, until it is revoked from PUBLIC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from local_aws.redshift.sql.rewrite import rewrite
from local_aws.redshift.sql_error import SqlError

from .conftest import PASSWORD, ROLE, USER, Database, copy, execute

DENIED = psycopg2.errors.InsufficientPrivilege


@pytest.fixture
def loads(database: Database, put: Callable[..., str]) -> Iterator[Callable[[str, str], Any]]:
    """Runs a COPY of one row as a user; ``inside`` belongs to the group loaders, ``outside`` to none."""
    database.run("CREATE TABLE t (a INT)")
    database.run("CREATE GROUP loaders")
    database.run("CREATE USER inside PASSWORD 'Inside-pass1' IN GROUP loaders")
    database.run("CREATE USER outside PASSWORD 'Outside-pass1'")
    database.run("GRANT INSERT ON t TO inside, outside")
    url = put("x.csv", "1\n")

    def load(user: str, role: str = ROLE) -> Any:
        password = {USER: PASSWORD}.get(user, f"{user.title()}-pass1")
        with database.connect(user, password) as connection:
            return execute(connection, copy("t", url).replace(ROLE, role))

    yield load
    # Users and groups are the server's, which the other tests share.
    database.run("DROP TABLE t")
    database.run("DROP USER inside, outside")
    database.run("DROP GROUP loaders")


def test_everyone_may_before_anything_is_said(loads: Any) -> None:
    for user in ("inside", "outside", USER):
        loads(user)


def test_after_a_revoke_only_those_may_who_are_granted_it(loads: Any, database: Database) -> None:
    for _ in range(2):  # as provisioning does, each time it runs
        database.run("REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL")
        database.run(f"GRANT ASSUMEROLE ON '{ROLE}' TO GROUP loaders FOR COPY")
    loads("inside")
    loads(USER)  # a superuser always may
    with pytest.raises(DENIED, match=f"permission denied to assume role {ROLE}"):
        loads("outside")
    with pytest.raises(DENIED):
        loads("inside", f"{ROLE}-other")
    database.run(f"REVOKE ASSUMEROLE ON '{ROLE}' FROM GROUP loaders FOR COPY")
    with pytest.raises(DENIED):
        loads("inside")
    database.run("GRANT ASSUMEROLE ON ALL TO PUBLIC FOR UNLOAD")
    with pytest.raises(DENIED):
        loads("outside")
    database.run("GRANT ASSUMEROLE ON ALL TO PUBLIC FOR COPY, UNLOAD")
    loads("outside")


def test_a_grant_goes_with_its_transaction(loads: Any, database: Database) -> None:
    with database.connect() as connection:
        execute(connection, "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL")
        connection.rollback()
    loads("outside")


def test_only_an_administrator_grants_it(loads: Any, database: Database) -> None:
    with database.connect("outside", "Outside-pass1") as connection:
        for statement in ("GRANT ASSUMEROLE ON ALL TO outside FOR ALL", "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL"):
            with pytest.raises(DENIED, match="superuser"):
                execute(connection, statement)
            connection.rollback()
        with pytest.raises(DENIED):
            execute(connection, "DELETE FROM pg_local.assume_role")


def test_a_user_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(psycopg2.Error, match="nobody_here"):
        database.run("GRANT ASSUMEROLE ON ALL TO nobody_here FOR ALL")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("GRANT ASSUMEROLE ON DEFAULT TO u FOR COPY", "ON DEFAULT is not supported"),
        ("GRANT ASSUMEROLE ON 'arn' TO ROLE r FOR COPY", "TO ROLE is not supported"),
        ("GRANT ASSUMEROLE ON 'arn' TO u", "syntax error"),
        ("GRANT ASSUMEROLE ON 'arn' TO u FOR DANCE", "syntax error"),
        ("GRANT ASSUMEROLE", "syntax error"),
        ("GRANT DROP ON TABLE t TO GROUP g", "privilege DROP"),
        ("GRANT SELECT, DROP ON t TO g", "privilege DROP"),
        ("ALTER DEFAULT PRIVILEGES FOR USER u IN SCHEMA s GRANT DROP ON TABLES TO GROUP g", "privilege DROP"),
    ],
)
def test_refused_by_name(statement: str, words: str) -> None:
    with pytest.raises(SqlError, match=words):
        rewrite(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON drop_zone TO g",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO g",
        "GRANT g TO u",
    ],
)
def test_other_grants_stay_as_they_are(statement: str) -> None:
    assert rewrite(statement) == statement


def test_an_administrator_may_what_those_may_whom_he_made(database: Database) -> None:
    database.run("CREATE USER made PASSWORD 'Made-pass1'")
    with database.connect("made", "Made-pass1") as connection:
        execute(connection, "CREATE TABLE theirs (a INT)")
        connection.commit()
    assert database.run("SELECT * FROM theirs") == []
    database.run("ALTER DEFAULT PRIVILEGES FOR USER made GRANT SELECT ON TABLES TO PUBLIC")
    database.run("DROP TABLE theirs")
