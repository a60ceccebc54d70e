"""SQL on the real endpoint where Redshift and PostgreSQL differ."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from importlib.resources import files
from typing import Any

import psycopg2
import pytest

from local_aws.redshift.system import cluster

from .conftest import Database, execute

ANSWERS = [
    # https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html
    ("SELECT AVG(x) FROM (SELECT 1 AS x UNION ALL SELECT 2) q", 1),
    ("SELECT AVG(x) FROM (SELECT -1::bigint AS x UNION ALL SELECT -2) q", -1),
    ("SELECT AVG(x::smallint) FROM (SELECT 1 AS x UNION ALL SELECT 2) q", 1),
    ("SELECT AVG(x) FROM (SELECT 1 AS x WHERE 1 = 0) q", None),
    ("SELECT AVG(x::DECIMAL(10,2))::DECIMAL(10,1)::varchar FROM (SELECT 1 AS x UNION ALL SELECT 2) q", "1.5"),
    ("SELECT AVG(x) OVER (ORDER BY x ROWS 1 PRECEDING) FROM (SELECT 1 AS x UNION ALL SELECT 4) q ORDER BY 1 DESC", 2),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html: boundaries, not seconds divided
    ("SELECT DATEDIFF(hour, '2019-01-01 00:59:59', '2019-01-01 01:00:00')", 1),
    ("SELECT DATEDIFF(hour, '2019-01-01 00:00:00', '2019-01-01 00:59:59')", 0),
    ("SELECT DATEDIFF(day, '2019-01-02'::date, '2019-01-01'::date)", -1),
    ("SELECT DATEDIFF(month, '2019-01-31', '2019-02-01')", 1),
    ("SELECT DATEDIFF(qtr, '1998-07-01'::date, '2019-01-01'::date)", 82),
    ("SELECT DATEDIFF(years, '2018-12-31'::timestamp, '2019-01-01'::timestamp)", 1),
    ("SELECT DATEDIFF(min, '1969-12-31 23:59:59', '1970-01-01 00:00:00')", 1),
    ("SELECT DATEDIFF('ms', '2019-01-01 00:00:00.0019'::timestamp, '2019-01-01 00:00:00.002'::timestamp)", 1),
    # https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
    ("SELECT DATEADD(month, 1, '2008-04-30'::date)::varchar", "2008-05-30 00:00:00"),
    ("SELECT DATEADD(qtr, -1, '2008-04-30'::timestamp)::varchar", "2008-01-30 00:00:00"),
    ("SELECT NVL(NULL, NULL, 3)", 3),
    ("SELECT LEN('naïve')", 5),
    ("SELECT OCTET_LENGTH('naïve')", 6),
    ("SELECT 'ééé'::VARCHAR(5)", "éé"),
    ("SELECT CAST('abcdef' AS VARCHAR(3))", "abc"),
    ("SELECT 5 / 2", 2),
    ("SELECT '2.7'::DECIMAL::varchar", "3"),
    ("SELECT 'a\\\\b' || '\\n'", "a\\b\n"),
    ("SELECT to_hex(to_varbyte('abc', 'utf8'))", "616263"),
    ("SELECT from_varbyte(from_hex('616263'), 'utf-8')", "abc"),
    ("SELECT pg_last_copy_id()", -1),
    ("SELECT pg_last_copy_count()", 0),
    ("SELECT count(*) FROM information_schema.columns WHERE table_name = 'stl_load_errors'", 18),
]


@pytest.mark.parametrize(("statement", "expected"), ANSWERS)
def test_answers(connection: Any, statement: str, expected: object) -> None:
    assert execute(connection, statement)[0][0] == expected


def test_parameters_come_through_whole(connection: Any) -> None:
    for text in ("back\\slash", "it's", "new\nline", "\\n", "naïve ☃", "\\'; DROP TABLE t; --"):
        assert execute(connection, "SELECT %s", text) == [(text,)]


def test_clocks(connection: Any) -> None:
    first, again, now = execute(connection, "SELECT SYSDATE, (SELECT SYSDATE), GETDATE()")[0]
    assert first == again
    assert first.tzinfo is None
    assert now.microsecond == 0
    assert abs(first - dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)) < dt.timedelta(seconds=30)
    time.sleep(1.1)
    later = execute(connection, "SELECT SYSDATE, GETDATE()")[0]
    assert later[0] == first  # the transaction's start
    assert later[1] > now  # the statement's


def test_keys_inform_but_do_not_enforce(connection: Any) -> None:
    execute(connection, "CREATE TABLE parent (id INT PRIMARY KEY)")
    execute(connection, "CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, f INT REFERENCES parent (id)) DISTKEY(id)")
    execute(connection, "INSERT INTO t VALUES (1, 1, 99), (1, 1, 99)")
    assert execute(connection, "SELECT count(*) FROM t") == [(2,)]
    with pytest.raises(psycopg2.errors.NotNullViolation):
        execute(connection, "INSERT INTO t VALUES (NULL, 1, 1)")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("VARCHAR(5)", "'ééé'", r"value too long for type character varying\(5\)"),
        ("VARCHAR", "repeat('x', 257)", r"character varying\(256\)"),
        ("TEXT", "repeat('x', 257)", r"character varying\(256\)"),
        ("VARCHAR(MAX)", "repeat('x', 65536)", r"character varying\(65535\)"),
        ("VARBYTE(2)", "from_hex('616263')", r"binary varying\(2\)"),
    ],
)
def test_lengths_are_bytes(connection: Any, column: str, value: str, words: str) -> None:
    execute(connection, f"CREATE TABLE t (a {column})")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation, match=words):
        execute(connection, f"INSERT INTO t SELECT {value}")


def test_a_varbyte_takes_what_fits(connection: Any) -> None:
    execute(connection, "CREATE TABLE t (a VARBYTE(2), b VARBYTE(16777216))")
    execute(connection, "INSERT INTO t VALUES (from_hex('6162'), from_hex('00ff')), (NULL, from_hex(''))")
    assert execute(connection, "SELECT to_hex(a), to_hex(b) FROM t ORDER BY a") == [("6162", "00ff"), (None, "")]


def test_lengths_hold_for_update_alter_ctas_and_insert_select(connection: Any) -> None:
    connection.autocommit = True
    execute(connection, "CREATE TABLE t (a VARCHAR(5), b VARCHAR(100))")
    execute(connection, "INSERT INTO t VALUES ('éé   ', 'ééé')")
    execute(connection, "INSERT INTO t VALUES ('aaaaa    ', 'x')")  # blanks in excess are cut
    assert execute(connection, "SELECT a FROM t WHERE b = 'x'") == [("aaaaa",)]
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        execute(connection, "UPDATE t SET a = b")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        execute(connection, "INSERT INTO t (a) SELECT b FROM t")
    execute(connection, "CREATE TABLE c DISTKEY(a) SORTKEY(a) AS SELECT a FROM t")
    with pytest.raises(psycopg2.errors.StringDataRightTruncation):
        execute(connection, "INSERT INTO c VALUES ('ééé')")


def test_identity_default_and_like(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE t (id BIGINT IDENTITY(10, 5), a INT DEFAULT 7 ENCODE az64, at TIMESTAMP DEFAULT SYSDATE)",
    )
    execute(connection, "INSERT INTO t (a) VALUES (1), (2)")
    assert execute(connection, "SELECT id, a, at = SYSDATE FROM t ORDER BY id") == [(10, 1, True), (15, 2, True)]
    execute(connection, "CREATE TEMP TABLE u (LIKE t INCLUDING DEFAULTS)")
    execute(connection, "INSERT INTO u (id) VALUES (1)")
    assert execute(connection, "SELECT a FROM u") == [(7,)]


def test_maintenance(database: Database) -> None:
    database.run("CREATE TABLE t (a INT)")
    for statement in (
        "VACUUM t",
        "VACUUM FULL t TO 100 PERCENT",
        "ANALYZE t",
        "ANALYZE t PREDICATE COLUMNS",
        "TRUNCATE t",
    ):
        database.run(statement)


def test_views_of_windows_are_replaced(connection: Any) -> None:
    view = "CREATE OR REPLACE VIEW v AS SELECT a, {} AS place FROM (SELECT 1 AS a UNION SELECT 2) q"
    for place in ("row_number() OVER (ORDER BY a DESC)", "rank() OVER (ORDER BY a DESC NULLS LAST)"):
        execute(connection, view.format(place))
        assert execute(connection, "SELECT place FROM v ORDER BY a") == [(2,), (1,)]


def test_users_and_grants(database: Database) -> None:
    database.run("CREATE TABLE t (a INT)")
    database.run("CREATE USER reader PASSWORD 'Reader-pass1'")
    database.run("GRANT SELECT ON t TO reader")
    with database.connect("reader", "Reader-pass1") as connection:
        connection.autocommit = True
        assert execute(connection, "SELECT * FROM t") == []
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(connection, "DELETE FROM t")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(connection, "SELECT * FROM pg_local.load_errors")
    with pytest.raises(psycopg2.OperationalError, match="password"), database.connect("reader", "wrong"):
        pass


def test_the_administrator_is_no_superuser(connection: Any) -> None:
    assert execute(connection, "SELECT usesuper FROM pg_user WHERE usename = current_user") == [(False,)]
    for statement in ("COPY pg_class TO PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')", "SET ROLE rdsdb"):
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.FeatureNotSupported)):
            execute(connection, statement)
        connection.rollback()


def test_making_a_database_again_changes_its_password_and_keeps_its_tables(database: Database) -> None:
    database.run("CREATE TABLE t AS SELECT 1 AS a")
    database.endpoint.create_cluster_database(database.name, "other", "Other-pass1")
    database.endpoint.create_cluster_database(database.name, "other", "New-pass1")
    with database.connect("other", "New-pass1") as connection:
        assert execute(connection, "SELECT 1") == [(1,)]
    with pytest.raises(psycopg2.OperationalError), database.connect("other", "Other-pass1"):
        pass


def test_new_databases_are_redshifts_too(database: Database) -> None:
    other = Database(database.endpoint, f"{database.name}_made")
    database.run(f"CREATE DATABASE {other.name}")
    assert other.run("SELECT AVG(x), pg_last_copy_id() FROM (SELECT 1 AS x UNION ALL SELECT 2) q") == [(1, -1)]
    assert other.run("SELECT * FROM stl_load_errors") == []


def test_it_says_that_it_is_redshift(connection: Any) -> None:
    assert connection.server_version == 80002
    assert connection.get_parameter_status("standard_conforming_strings") is None


def test_a_refusal_fails_the_transaction_as_any_error_does(connection: Any) -> None:
    execute(connection, "CREATE TABLE t (a INT)")
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="UNLOAD is not supported by the local endpoint"):
        execute(connection, "UNLOAD ('SELECT 1') TO 's3://b/k'")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        execute(connection, "SELECT 1")
    connection.rollback()
    assert execute(connection, "SELECT count(*) FROM pg_class WHERE relname = 't'") == [(0,)]


def test_a_refusal_in_one_statement_refuses_the_whole_string(database: Database) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        database.run("CREATE TABLE t (a INT); UNLOAD ('SELECT 1') TO 's3://b/k'")
    assert database.run("SELECT count(*) FROM pg_class WHERE relname = 't'") == [(0,)]


def test_the_system_files_can_run_again_and_reach_older_tables(database: Database) -> None:
    database.run("CREATE TABLE t (a INT DISTKEY)")
    with contextlib.closing(database.endpoint._postgres.connect(database.name)) as boss, boss:
        execute(boss, "DROP TRIGGER write_lock ON t")
        for name in cluster.SYSTEM_FILES:
            execute(boss, files("local_aws.redshift.system").joinpath(name).read_text("utf-8"))
    assert database.run("SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass") == [("write_lock",)]
    assert database.run("SELECT \"distkey\" FROM pg_table_def WHERE tablename = 't'") == [(True,)]


def test_keys_follow_their_table(connection: Any) -> None:
    execute(connection, "CREATE TABLE t (a INT ENCODE zstd, b INT, c INT) DISTKEY (a) SORTKEY (c)")
    execute(connection, "ALTER TABLE t RENAME COLUMN a TO x")
    execute(connection, "ALTER TABLE t DROP COLUMN b")
    execute(connection, "ALTER TABLE t RENAME TO u")
    found = 'SELECT "column", TRIM(encoding), "distkey", "sortkey" FROM pg_table_def WHERE tablename = \'u\''
    assert execute(connection, found) == [("x", "zstd", True, 0), ("c", "none", False, 1)]
    execute(connection, "ANALYZE u")  # which reads the options that PostgreSQL does not know
    connection.rollback()
    assert execute(connection, found) == []
