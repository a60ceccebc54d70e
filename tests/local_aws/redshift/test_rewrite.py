"""Redshift's SQL as PostgreSQL's, text by text."""

from __future__ import annotations

import json
import re

import pytest

from local_aws.redshift.protocol.script import Statement
from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql.rewrite import rewrite
from local_aws.redshift.sql_error import SqlError

SAME = [
    "SELECT t.decode(1, 2), 'decode(1)', decode FROM t",
    "SELECT 'do', load, values_ FROM cluster WHERE release = 1; SELECT 1",
    "SET local_endpoint.serverless = on",
    "START TRANSACTION READ ONLY",
    "CREATE TABLE",
    "CREATE TABLE (a int)",
    "CREATE",
    "GRANT",
    "ALTER DEFAULT PRIVILEGES",
    "SELECT 1",
    "select 'SYSDATE', \"sysdate\", t.sysdate, $$nvl(sysdate)$$, $a$ sysdate $$ $a$",
    "SELECT 1 -- sysdate\n/* nvl( /* sysdate */ sysdate ) */",
    "SELECT 'it''s sysdate', 'back\\'slash sysdate'",
    "SELECT 1 AS sysdate",
    "SELECT datediff('hour', a, b)",
    "SELECT 'unclosed create table",
    "CREATE OR REPLACE VIEW v AS SELECT rank() OVER (ORDER BY x) FROM t",
    "CREATE USER u PASSWORD 'create table'",
    "SELECT '0.1', '2019-01', 'a_1', x0b1, a_1_2 FROM t_1_0",
    "SELECT a AS uuid, t.window FROM fetch t",
    "ALTER TABLE t RENAME TO u",
    "ALTER USER u PASSWORD 'x'",
    "INSERT INTO t SELECT decimal FROM u",
    "",
    ";",
]


@pytest.mark.parametrize("text", SAME)
def test_what_postgres_understands_stays_as_it_is(text: str) -> None:
    assert rewrite(text) == text


CHANGED = [
    (
        "SELECT NVL2(a, 1, nvl2(b, 2, 3))",
        "SELECT CASE WHEN (a) IS NOT NULL THEN 1 ELSE CASE WHEN (b) IS NOT NULL THEN 2 ELSE 3 END END",
    ),
    ("SELECT decode(a, 1, 'x')", "SELECT CASE WHEN (a) IS NOT DISTINCT FROM (1) THEN 'x' ELSE NULL END"),
    (
        "SELECT TRY_CAST(a||')' AS varchar(5))",
        "SELECT CAST(pg_catalog.try_cast(a||')', 'varchar(5)', NULL::varchar(5)) AS varchar(5))",
    ),
    ("SELECT '0x1F', -'1_000.5'", "SELECT '0x1F'::varchar, -'1_000.5'::varchar"),
    ("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN TRANSACTION READ ONLY"),
    (
        "SET local_endpoint.serializable TO off",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;",
    ),
    ("SHOW server_version", "SELECT '8.0.2' AS server_version;"),
    ("ALTER USER u PASSWORD DISABLE", "ALTER USER u PASSWORD NULL"),
    ("SELECT SYSDATE, x", "SELECT pg_catalog.sysdate(), x"),
    ("SELECT a -- x\n, nvl (a, b)", "SELECT a -- x\n, coalesce (a, b)"),
    ("SELECT DATEDIFF(Hour, a, b)", "SELECT DATEDIFF('hour', a, b)"),
    ("SELECT dateadd( month ,1,a)", "SELECT dateadd( 'month' ,1,a)"),
    ("SELECT a::DECIMAL", "SELECT a::DECIMAL(18,0)"),
    ("SELECT CAST(a AS numeric)", "SELECT CAST(a AS numeric(18,0))"),
    ("SELECT a::DECIMAL(10,2)", "SELECT a::DECIMAL(10,2)"),
    ("SELECT a::varchar(MAX)", "SELECT a::varchar(65535)"),
    ("SELECT 1; SELECT sysdate", "SELECT 1; SELECT pg_catalog.sysdate()"),
    ("VACUUM", "VACUUM ;"),
    ("VACUUM DELETE ONLY s.t TO 75 PERCENT BOOST", "VACUUM s . t;"),
    ("ANALYZE t PREDICATE COLUMNS", "ANALYZE t;"),
    ("ALTER TABLE s.t ADD COLUMN x varchar ENCODE zstd", "ALTER TABLE s . t ADD COLUMN x varchar(256);"),
]


@pytest.mark.parametrize(("text", "expected"), CHANGED)
def test_what_only_redshift_understands_is_changed(text: str, expected: str) -> None:
    assert rewrite(text) == expected


TABLES = [
    ("a int", "a int"),
    ("a VARCHAR", "a varchar(256)"),
    ("a character varying(5)", "a varchar(5)"),
    ("a varchar(max)", "a varchar(65535)"),
    ("a text", "a varchar(256)"),
    ("a nchar(3)", "a char(3)"),
    ("a decimal", "a numeric(18,0)"),
    ("a numeric(10,2)", "a numeric(10,2)"),
    ("a double precision", "a double precision"),
    ("a timestamp without time zone", "a timestamp without time zone"),
    ("a timestamp DEFAULT SYSDATE", "a timestamp DEFAULT pg_catalog.sysdate()"),
    ("a int DEFAULT (1 + 2) NOT NULL ENCODE az64", "a int DEFAULT ( 1 + 2 ) NOT NULL"),
    ("a int ENCODE raw DISTKEY SORTKEY, b int", "a int, b int"),
    ("a int PRIMARY KEY, b int UNIQUE", "a int NOT NULL, b int"),
    ("a int REFERENCES s.u (id), b int", "a int, b int"),
    ("a int, b int, PRIMARY KEY (a, b)", "a int NOT NULL, b int NOT NULL"),
    ("a int, CONSTRAINT k UNIQUE (a), FOREIGN KEY (a) REFERENCES u(x)", "a int"),
    (
        "a bigint IDENTITY(7, 2)",
        "a bigint GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 2 MINVALUE 1) NOT NULL",
    ),
    ("LIKE s.u INCLUDING DEFAULTS, b int", "b int, LIKE s . u INCLUDING DEFAULTS"),
    ("a int null -- why\n, b int", "a int, b int"),
    ('"a b" int', '"a b" int'),
]


def without_marks(text: object) -> list[str]:
    """The words of a statement without the comment that says what its table is kept by."""
    assert isinstance(text, str)
    return re.sub(r"/\*local_endpoint.*?\*/", "", text).split()


MARKS = [
    ("(a int)", None),
    ("(a int) DISTSTYLE ALL", {"table": "t *x*", "diststyle": "all"}),
    ("(a int DISTKEY, b int) COMPOUND SORTKEY (b, a)", {"distkey": "a", "diststyle": "key", "sortkey": ["b", "a"]}),
    ("(a int SORTKEY ENCODE zstd)", {"sortkey": ["a"], "encode": {"a": "zstd"}}),
    ("INTERLEAVED SORTKEY (a) AS SELECT 1 AS a", {"sortkey": ["a"], "interleaved": True}),
    ('(LIKE s."U" EXCLUDING DEFAULTS)', {"like": 's."u"'}),
]


@pytest.mark.parametrize(("rest", "marks"), MARKS)
def test_what_a_table_is_kept_by_stands_in_a_comment(rest: str, marks: dict[str, object] | None) -> None:
    text = rewrite(f'CREATE TABLE s."T *x*" {rest}')
    assert isinstance(text, str)
    found = re.findall(r"/\*local_endpoint(\{[^*]*\})\*/", text)
    assert [json.loads(mark) for mark in found] == ([{"table": "t *x*", **marks}] if marks else [])


@pytest.mark.parametrize(("columns", "expected"), TABLES)
def test_columns_of_a_table(columns: str, expected: str) -> None:
    text = rewrite(f"CREATE TEMP TABLE IF NOT EXISTS s.t ({columns}) DISTSTYLE KEY ENCODE AUTO SORTKEY AUTO BACKUP NO")
    assert without_marks(text) == f"CREATE TEMP TABLE IF NOT EXISTS s.t ({expected})".split()


def test_create_table_as_keeps_its_query() -> None:
    text = rewrite("CREATE TABLE t (x) DISTSTYLE ALL SORTKEY AUTO AS (SELECT nvl(a, 1) FROM u)")
    assert without_marks(text) == ["CREATE", "TABLE", "t", "(x)", "AS", "(SELECT", "coalesce(a,", "1)", "FROM", "u)"]


REFUSED = [
    ("SELECT decode(a, 'hex')", "42883", "decode takes 3"),
    ("SELECT nvl2(a, 1)", "42883", "nvl2 takes 3"),
    ("SELECT try_cast(a)", "42601", ")"),
    ("SELECT try_cast(a AS super)", "0A000", "type SUPER"),
    ("SET local_endpoint.other = on", "0A000", "local_endpoint.other"),
    ("BEGIN ISOLATION", "42601", "ISOLATION"),
    ("BEGIN ISOLATION LEVEL", "42601", "ISOLATION"),
    ("DO $$BEGIN END$$", "0A000", "DO is not"),
    ("SELECT 1; -- then\nSAVEPOINT x", "0A000", "SAVEPOINT"),
    ("ALTER USER u SYSLOG ACCESS UNRESTRICTED", "0A000", "SYSLOG ACCESS"),
    ("CREATE DATABASE d ISOLATION LEVEL SNAPSHOT", "0A000", "ISOLATION LEVEL"),
    ("REVOKE ROLE r FROM u", "0A000", "REVOKE … ROLE"),
    ("UNLOAD ('select 1') TO 's3://b/k'", "0A000", "UNLOAD"),
    ("CREATE EXTERNAL TABLE s.t (a int)", "0A000", "CREATE EXTERNAL TABLE"),
    ("CREATE EXTERNAL SCHEMA s FROM DATA CATALOG", "0A000", "CREATE EXTERNAL SCHEMA"),
    ("CREATE UNIQUE INDEX i ON t (a)", "0A000", "CREATE INDEX"),
    ("CREATE TRIGGER x", "0A000", "CREATE TRIGGER"),
    ("CREATE MATERIALIZED VIEW v AS SELECT 1", "0A000", "CREATE MATERIALIZED"),
    ("CREATE TABLE t (a SUPER)", "0A000", "type SUPER"),
    ("CREATE TABLE t (a jsonb)", "42704", "jsonb"),
    ("CREATE TABLE t (a varchar(70000))", "22023", "70000"),
    ("CREATE TABLE t (a int CHECK (a > 0))", "0A000", "CHECK"),
    ("CREATE TABLE t (a int) PARTITION BY (a)", "0A000", "PARTITION"),
    ("CREATE TABLE t (a int) DISTKEY (b)", "42703", '"b"'),
    ("CREATE TABLE t (a int, PRIMARY KEY (b))", "42703", '"b"'),
    ("ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)", "0A000", "ADD CONSTRAINT"),
    ("ALTER TABLE t ALTER DISTKEY a", "0A000", "DISTKEY"),
    ("ALTER TABLE t APPEND FROM u", "0A000", "APPEND"),
    ("ANALYZE COMPRESSION t", "0A000", "ANALYZE COMPRESSION"),
    ("INSERT INTO t VALUES (1) RETURNING a", "0A000", "RETURNING"),
    ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "0A000", "ON CONFLICT"),
    ("SET standard_conforming_strings = on", "42704", "standard_conforming_strings"),
    ("SHOW standard_conforming_strings", "42704", "standard_conforming_strings"),
    ('SET SESSION "standard_conforming_strings" = on', "42704", "standard_conforming_strings"),
    ("COPY t FROM STDIN WITH (FORMAT csv)", "0A000", "COPY … FROM STDIN"),
    ("SELECT 0b11", "0A000", "the number 0b11"),
    ("SELECT 1_0.5", "0A000", "the number 1_0"),
    ("SELECT bigint '0x1F'", "22P02", "0x1F"),
    ("SELECT a[1] FROM t", "0A000", "an array"),
    ("SELECT a::int8range", "0A000", "type INT8RANGE"),
    ("SELECT 1 WHERE 1 IS NOT DISTINCT FROM 2", "0A000", "DISTINCT FROM"),
    ("SELECT 1 OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", "0A000", "FETCH NEXT"),
    ("MERGE INTO t USING s ON 1 = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)", "0A000", "MERGE other"),
    ("MERGE INTO t USING s ON 1 = 1 WHEN NOT MATCHED THEN DO NOTHING WHEN MATCHED THEN DELETE", "0A000", "MERGE other"),
    ("ALTER TABLE t ALTER a TYPE int", "0A000", "ALTER TYPE"),
    ("ALTER TABLE t SET SCHEMA s", "0A000", "SET SCHEMA"),
    ("TRUNCATE t, u", "0A000", "more than one"),
    ("TRUNCATE TABLE t CASCADE", "0A000", "more than one"),
    ("COPY t TO STDOUT", "0A000", "COPY … TO"),
    ("COPY (SELECT 1) TO STDOUT", "0A000", "COPY of a query"),
]


@pytest.mark.parametrize(("text", "sqlstate", "words"), REFUSED)
def test_what_is_not_known_is_refused_by_name(text: str, sqlstate: str, words: str) -> None:
    with pytest.raises(SqlError) as caught:
        rewrite(text)
    assert caught.value.sqlstate == sqlstate
    assert words in caught.value.message


def test_a_copy_with_a_semicolon_and_comments_is_one_statement() -> None:
    (copy,) = rewrite("/* load */ COPY t FROM 's3://b/k' -- here\n IAM_ROLE 'r' CSV;\n -- done\n")
    assert isinstance(copy, CopyStatement)
    assert copy.source == "s3://b/k"


def test_a_string_with_a_copy_is_taken_apart() -> None:
    script = rewrite("BEGIN; SELECT nvl(1, 2); COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV; TRUNCATE u")
    assert isinstance(script, list)
    assert script[0] == Statement("BEGIN;", "begin")
    assert script[1] == Statement(" SELECT coalesce(1, 2);", "select")
    assert isinstance(script[2], CopyStatement)
    assert script[3] == Statement(" TRUNCATE u", "truncate")


@pytest.mark.parametrize("text", [*SAME, *(text for text, _ in CHANGED), *(text for text, _, _ in REFUSED)])
def test_tokens_joined_are_the_text(text: str) -> None:
    assert sql_tokens.join(sql_tokens.tokenize(text)) == text
