"""COPY from S3 on the real endpoint: what it loads, what it says, what it remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from .conftest import BUCKET, ROLE, Database, copy, execute

Put = Callable[..., str]
FAILED = "Load into table 't' failed.  Check 'stl_load_errors' system table for details."


@pytest.fixture
def table(database: Database) -> Database:
    database.run("CREATE TABLE t (a INT NOT NULL, b VARCHAR(10))")
    return database


def rows(database: Database) -> list[tuple[Any, ...]]:
    return database.run("SELECT * FROM t ORDER BY 1")


def test_a_prefix_loads_all_that_begins_with_it(table: Database, put: Put) -> None:
    url = put("part.csv", "1,x\n")
    put("part.csv.bak", "2,y\n")
    table.run(copy("t", url))
    assert rows(table) == [(1, "x"), (2, "y")]


def test_a_manifest_names_exact_objects(table: Database, put: Put, put_manifest: Put) -> None:
    url = put("part.csv", "1,x\n")
    put("part.csv.bak", "2,y\n")
    table.run(copy("t", put_manifest(url), "MANIFEST CSV"))
    assert rows(table) == [(1, "x")]


def test_columns_in_another_order(table: Database, put: Put) -> None:
    table.run(copy("t (b, a)", put("x.csv", "x,1\n")))
    table.run(copy("t (a)", put("y.csv", "2\n")))
    assert rows(table) == [(1, "x"), (2, None)]


def test_quote_and_delimiter(table: Database, put: Put) -> None:
    table.run(copy("t", put("x.csv", "1|%a|%%b%\n"), "CSV QUOTE '%' DELIMITER '|'"))
    assert rows(table) == [(1, "a|%b")]


EMPTIES = [
    # https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html#copy-emptyasnull
    ("", [(1, ""), (2, ""), (3, "  ")]),
    ("EMPTYASNULL", [(1, None), (2, None), (3, "  ")]),
    ("BLANKSASNULL", [(1, ""), (2, ""), (3, None)]),
]


@pytest.mark.parametrize(("option", "expected"), EMPTIES)
def test_empty_text(table: Database, put: Put, option: str, expected: list[tuple[int, str]]) -> None:
    table.run(copy("t", put("x.csv", '1,\n2,""\n3,  \n'), f"CSV {option}"))
    assert rows(table) == expected


def test_text_comes_through_byte_by_byte(table: Database, put: Put) -> None:
    table.run("CREATE TABLE u (a INT, b VARCHAR(200))")
    texts = ["back\\slash \\n \\N", "tab\there", "two\r\nlines", "\\.", "naïve ☃", "bell\x07\x0b\x0c\x08", 'q"q', "\\N"]
    body = "".join(f'{number},"{text.replace(chr(34), chr(34) * 2)}"\n' for number, text in enumerate(texts))
    table.run(copy("u", put("x.csv", body)))
    assert table.run("SELECT b FROM u ORDER BY a") == [(text,) for text in texts]


def test_every_type(table: Database, put: Put) -> None:
    table.run(
        "CREATE TABLE u (a SMALLINT, b INTEGER, c BIGINT, d DECIMAL(6,2), e REAL, f FLOAT8, g BOOLEAN, h DATE,"
        " i TIMESTAMP, j TIMESTAMPTZ, k CHAR(3), l VARCHAR(5))"
    )
    first = "-32768,2147483647,-9223372036854775808,1234.569,1.5,-2e10,yes,2019-02-28,2019-01-02 03:04:05.6"
    second = "2019-01-02 03:04:05+02,ab,ééx"
    table.run(copy("u", put("x.csv", f"{first},{second}\n,,,,,,,,,,,\n"), "CSV TIMEFORMAT 'auto'"))
    loaded, empty = table.run(
        "SELECT a, b, c, d::varchar, e, f, g, h::varchar, i::varchar, j::varchar, k, l FROM u ORDER BY a"
    )
    assert loaded == (
        *(-32768, 2147483647, -9223372036854775808, "1234.56", 1.5, -2e10, True, "2019-02-28"),
        *("2019-01-02 03:04:05.6", "2019-01-02 01:04:05+00", "ab ", "ééx"),
    )
    assert empty == (*[None] * 10, "   ", "")


def test_the_count_and_id_of_the_last_copy(table: Database, put: Put) -> None:
    url = put("x.csv", "1,x\n2,y\n")
    with table.connect() as connection:
        execute(connection, copy("t", url))
        ((first, count),) = execute(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
        assert (first > 0, count) == (True, 2)
        connection.commit()
        execute(connection, copy("t", url))
        ((second, _),) = execute(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
        assert second > first
        connection.rollback()  # https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html
        assert execute(connection, "SELECT pg_last_copy_id()") == [(first,)]
    history = table.run("SELECT status, loaded_rows, trim(table_name) FROM sys_load_history ORDER BY query_id")
    assert history == [("completed", 2, "t"), ("completed", 2, "t")]
    assert len(rows(table)) == 2


def test_what_it_says(table: Database, put: Put) -> None:
    with table.connect() as connection:
        execute(connection, copy("t", put("x.csv", "1,x\nx,y\n"), "CSV MAXERROR 5"))
        assert [notice.strip() for notice in connection.notices] == [
            "INFO:  Load into table 't' completed, 1 record(s) loaded successfully.",
            "INFO:  Load into table 't' completed, 1 record(s) could not be loaded."
            "  Check 'stl_load_errors' system table for details.",
        ]


@pytest.mark.parametrize(
    ("limit", "bad", "loads"), [(0, 1, False), (1, 1, False), (2, 1, True), (2, 2, False), (3, 2, True)]
)
def test_maxerror_is_reached(table: Database, put: Put, limit: int, bad: int, loads: bool) -> None:
    url = put("x.csv", "1,x\n" + "x,y\n" * bad + "2,z\n")
    with table.connect() as connection:
        connection.autocommit = True
        if loads:
            execute(connection, copy("t", url, f"CSV MAXERROR {limit}"))
            assert execute(connection, "SELECT pg_last_copy_count()") == [(2,)]
            return
        with pytest.raises(psycopg2.InternalError) as caught:
            execute(connection, copy("t", url, f"CSV MAXERROR {limit}"))
        assert caught.value.diag.message_primary == FAILED
        assert caught.value.pgcode == "XX000"
        # Set also when it failed on data.
        query = execute(connection, "SELECT max(query) FROM stl_load_errors")[0][0]
        assert execute(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()") == [(query, 0)]
        errors = execute(connection, "SELECT count(*) FROM stl_load_errors WHERE query = %s", query)
        assert errors == [(max(1, limit),)]
    assert rows(table) == []


def test_a_failed_load_fails_the_transaction_and_its_errors_stay(table: Database, put: Put) -> None:
    with table.connect() as connection:
        execute(connection, "INSERT INTO t VALUES (7, 'x')")
        with pytest.raises(psycopg2.InternalError, match="stl_load_errors"):
            execute(connection, copy("t", put("x.csv", "x,y\n")))
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            execute(connection, copy("t", put("x.csv", "1,y\n")))
        connection.rollback()
        assert execute(connection, "SELECT count(*) FROM stl_load_errors") == [(1,)]
        assert execute(connection, "SELECT status, error_count FROM sys_load_history") == [("aborted", 1)]
        assert execute(connection, "SELECT pg_last_copy_id()") == [(-1,)]
        execute(connection, copy("t", put("x.csv", "1,y\n")))
        connection.commit()
    assert rows(table) == [(1, "y")]


def test_all_objects_or_none(table: Database, put: Put) -> None:
    put("all/1.csv", "1,x\n")
    bad = put("all/2.csv", "x,x\n")
    with pytest.raises(psycopg2.InternalError):
        table.run(copy("t", bad.removesuffix("2.csv")))
    assert rows(table) == []


def test_errors_survive_and_are_complete(table: Database, put: Put) -> None:
    line = "1," + "é" * 700
    url = put("x.csv", f"a,b\n{line}\n")
    with table.connect() as connection:
        execute(connection, copy("t", url, "CSV IGNOREHEADER 1 MAXERROR 10"))
        connection.rollback()
    ((error),) = table.run("SELECT * FROM stl_load_errors")
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'stl_load_errors' ORDER BY "
    found = dict(zip((name for (name,) in table.run(columns + "ordinal_position")), error))
    assert found["filename"] == url.ljust(256)
    assert (found["line_number"], found["colname"], found["type"]) == (2, "b".ljust(127), "varchar   ")
    assert (found["col_length"], found["position"]) == ("10        ", 2)
    assert found["raw_line"] == ("1," + "." * 1400)[:1024]
    assert found["raw_field_value"] == "." * 1024
    assert (found["err_code"], found["err_reason"]) == (1204, "String length exceeds DDL length".ljust(100))
    assert (found["is_partial"], found["start_offset"], found["slice"]) == (0, 0, 0)
    detail = table.run(
        "SELECT query_id, trim(column_name), error_code, line_number, trim(error_message) FROM sys_load_error_detail"
    )
    assert detail == [(found["query"], "b", 1204, 2, "String length exceeds DDL length")]
    commits = table.run("SELECT trim(filename), lines_scanned, errors FROM stl_load_commits")
    assert commits == [(url, 1, 1)]


def test_users_see_their_own_errors_alone(table: Database, put: Put) -> None:
    url = put("x.csv", "x,y\n")
    table.run("CREATE USER loader PASSWORD 'Loader-pass1'")
    table.run("GRANT INSERT ON t TO loader")
    table.run(copy("t", url, "CSV MAXERROR 9"))
    with table.connect("loader", "Loader-pass1") as connection:
        assert execute(connection, "SELECT count(*) FROM stl_load_errors") == [(0,)]
        execute(connection, copy("t", url, "CSV MAXERROR 9"))
        assert execute(connection, "SELECT count(*) FROM stl_load_errors") == [(1,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(connection, "DELETE FROM stl_load_errors")
    assert table.run("SELECT count(*) FROM stl_load_errors") == [(2,)]  # an administrator sees all


def test_a_copy_needs_the_right_to_insert(table: Database, put: Put) -> None:
    table.run("CREATE USER stranger PASSWORD 'Stranger-pass1'")
    with table.connect("stranger", "Stranger-pass1") as connection, pytest.raises(
        psycopg2.errors.InsufficientPrivilege
    ):
        execute(connection, copy("t", put("x.csv", "1,x\n")))


WRONG = [
    ("COPY nowhere FROM 's3://{bucket}/x' IAM_ROLE '{role}' CSV", "42P01", "nonexistent table nowhere"),
    ("COPY t (nope) FROM 's3://{bucket}/x' IAM_ROLE '{role}' CSV", "42703", '"nope"'),
    ("COPY t (b) FROM 's3://{bucket}/x' IAM_ROLE '{role}' CSV", "XX000", "NOT NULL column without DEFAULT"),
    ("COPY t FROM 's3://{bucket}/not-there' IAM_ROLE '{role}' CSV", "XX000", "prefix 'not-there' does not exist"),
    ("COPY t FROM 's3://{bucket}/not-there' IAM_ROLE '{role}' CSV MANIFEST", "XX000", "NoSuchKey"),
    ("COPY t FROM 's3://no-such-bucket-here/x' IAM_ROLE '{role}' CSV", "XX000", "NoSuchBucket"),
    ("COPY t FROM 's3://{bucket}/secret/x' IAM_ROLE '{role}' CSV", "XX000", "is not authorized"),
    ("COPY t FROM 's3://{bucket}/x' IAM_ROLE 'arn:aws:iam::1:role/other' CSV", "XX000", "is not authorized"),
    ("COPY u FROM 's3://{bucket}/x' IAM_ROLE '{role}' CSV", "0A000", "column of type TIME"),
]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("statement", "sqlstate", "words"), WRONG)
def test_what_goes_wrong_before_the_first_row(
    table: Database, s3: Any, statement: str, sqlstate: str, words: str, alone: bool
) -> None:
    s3.put_object(Bucket=BUCKET, Key="x", Body=b"1\n")
    table.run("CREATE TABLE u (a TIME)")
    with table.connect() as connection:
        connection.autocommit = alone
        with pytest.raises(psycopg2.Error) as caught:
            execute(connection, statement.format(bucket=BUCKET, role=ROLE))
        assert caught.value.pgcode == sqlstate
        assert words in str(caught.value)
        if not alone:
            with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
                execute(connection, "SELECT 1")
            connection.rollback()
        assert execute(connection, "SELECT pg_last_copy_id()") == [(-1,)]


MANIFESTS = [
    ("no json", "is not JSON"),
    ("[]", "has no entries"),
    ('{"entries": []}', "has no entries"),
    ('{"entries": [{"url": "x"}]}', "full path"),
    ('{"entries": [{"url": "s3://bucket-alone"}]}', "full path"),
    ('{"entries": [{"url": "s3://b/k", "mandatory": "yes"}]}', "mandatory"),
]


@pytest.mark.parametrize(("body", "words"), MANIFESTS)
def test_bad_manifests(table: Database, put: Put, body: str, words: str) -> None:
    with pytest.raises(psycopg2.InternalError, match=words) as caught:
        table.run(copy("t", put("m.manifest", body), "CSV MANIFEST"))
    assert "8001" in str(caught.value)


def test_mandatory_objects_must_exist(table: Database, put: Put, put_manifest: Put) -> None:
    url = put("x.csv", "1,x\n")
    with pytest.raises(psycopg2.InternalError, match=r"mandatory object.*8001"):
        table.run(copy("t", put_manifest(url, url + ".gone"), "CSV MANIFEST"))
    assert rows(table) == []
    table.run(copy("t", put_manifest(url, url + ".gone", mandatory=False), "CSV MANIFEST"))
    assert rows(table) == [(1, "x")]


def test_noload_checks_and_loads_nothing(table: Database, put: Put) -> None:
    table.run(copy("t", put("x.csv", "1,x\nx,y\n"), "CSV NOLOAD MAXERROR 5"))
    assert rows(table) == []
    assert table.run("SELECT err_code FROM stl_load_errors") == [(1207,)]


@pytest.mark.parametrize("body", ["", "a,b\n", "a,b"])
def test_files_without_records(table: Database, put: Put, body: str) -> None:
    table.run(copy("t", put("x.csv", body), "CSV IGNOREHEADER 1"))
    assert rows(table) == []


def test_identity_columns_are_left_out(table: Database, put: Put) -> None:
    table.run("CREATE TABLE u (id BIGINT IDENTITY(1,1), a INT)")
    table.run(copy("u (a)", put("x.csv", "5\n6\n")))
    assert table.run("SELECT * FROM u ORDER BY 1") == [(1, 5), (2, 6)]
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="IDENTITY"):
        table.run(copy("u", put("x.csv", "1,5\n")))


def test_names_that_need_quotes(table: Database, put: Put) -> None:
    table.run('CREATE TABLE public."odd ""name\\" ("a ""b" INT)')
    table.run(copy('public."odd ""name\\"', put("x.csv", "1\n")))
    assert table.run('SELECT "a ""b" FROM "odd ""name\\"') == [(1,)]


def test_manifest_entries_keep_their_order_and_metadata_is_ignored(table: Database, put: Put) -> None:
    first, second = put("2.csv", "1,x\n"), put("1.csv", "2,y\n")
    entries = [{"url": url, "mandatory": True, "meta": {"content_length": 4}} for url in (first, second)]
    table.run(copy("t", put("m", json.dumps({"entries": entries})), "CSV MANIFEST"))
    assert table.run("SELECT trim(filename) FROM stl_load_commits") == [(first,), (second,)]
