"""Names that Redshift knows and PostgreSQL does not, text by text."""

from __future__ import annotations

import pytest

from local_aws.redshift.protocol.refusals import place
from local_aws.redshift.sql.names import doubtful, mended, split_view


def pointing(sql: str, code: str = "42703", message: str = "column does not exist") -> tuple[str, dict[str, str]]:
    """The SQL without its mark ``^`` and an error of PostgreSQL's that points at where the mark stood."""
    before, after = sql.split("^")
    return before + after, {"C": code, "M": message, "P": str(len(before) + 1)}


# A statement, what is changed from the mark on, and into what.
MENDED = [
    ("SELECT 1 AS a, ^a + 1 AS b", "a", "(1)"),
    ("SELECT x y, 2 AS z, f(^y) FROM t", "y", "(x)"),
    ('SELECT x "é", ^"é" FROM t', '"é"', '(x) AS "é"'),
    ("SELECT 'é' AS a, /* é */ ^A;", "A", "('é') AS \"a\""),
    ("SELECT DISTINCT x AS a, ^a::varchar(9) FROM t", "a::varchar(9)", '(x)::varchar(9) AS "a"'),
    ("SELECT x AS a, ^a::int b FROM t", "a", "(x)"),
    ("SELECT CASE WHEN x = 1 THEN 2 END a, ^a * 2 FROM t", "a", "(CASE WHEN x = 1 THEN 2 END)"),
    ("SELECT max(x) OVER (ORDER BY y) AS m, y / ^m FROM t", "m", "(max(x) OVER (ORDER BY y))"),
    ("SELECT EXTRACT(year FROM d) AS y FROM t WHERE (^y = 1)", "y", "(EXTRACT(year FROM d))"),
    ("SELECT 1 AS a UNION SELECT x AS a FROM t WHERE ^a = 2", "a", "(x)"),
    ("SELECT * FROM (SELECT x AS a FROM t WHERE ^a = 2) q, u", "a", "(x)"),
    ("SELECT x -- one\n AS a, ^a -- two\n FROM t", "a", '(x) AS "a"'),
    ("SELECT -- one\n x AS a, ^a + 1 FROM t", "a", "(-- one\n x)"),
    ("INSERT INTO t (a) SELECT 1 AS b, ^b", "b", '(1) AS "b"'),
    (
        "SELECT ^c.reldiststyle FROM pg_class c",
        "c.reldiststyle",
        'pg_catalog.dist_style(c.reloptions) AS "reldiststyle"',
    ),
    ("SELECT 1 FROM pg_attrdef WHERE ^adsrc = '1'", "adsrc", "pg_catalog.pg_get_expr(adbin, adrelid)"),
]


@pytest.mark.parametrize(("marked", "old", "new"), MENDED)
def test_one_place_is_changed(marked: str, old: str, new: str) -> None:
    statement, error = pointing(marked)
    assert doubtful(statement)
    assert mended(statement, error) == marked.replace(f"^{old}", new)


def test_a_quote_in_a_name_stays_one() -> None:
    assert mended(*pointing('SELECT x "a""b", ^"a""b" FROM t')) == 'SELECT x "a""b", (x) AS "a""b" FROM t'


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ^a, 1 AS a",  # comes later
        "SELECT 1 AS a, 2 AS a, ^a",  # which one?
        "SELECT 1 AS a, ^t.a FROM t",
        "SELECT x AS a FROM t GROUP BY f(^a)",
        "SELECT count(*) AS a FROM t HAVING ^a > 1",
        "SELECT x AS a FROM t JOIN u ON ^a = 1",
        "SELECT 1 AS a, (SELECT ^a FROM t)",
        "SELECT x AND a, ^a FROM t",
        "SELECT f(x) + a, ^a FROM t",
        "SELECT x::a, ^a FROM t",
        "UPDATE t SET x = ^a",
    ],
)
def test_what_is_no_alias_of_an_item_before_stays(sql: str) -> None:
    assert mended(*pointing(sql)) is None


def test_a_number_may_be_a_condition() -> None:
    wrong = {"code": "42804", "message": "argument of WHERE must be type boolean, not type integer"}
    assert mended(*pointing("SELECT 1 WHERE ^1", **wrong)) == "SELECT 1 WHERE (1 <> 0)"
    assert mended(*pointing("SELECT 1 FROM t WHERE ^x", **wrong)) is None


def test_other_errors_stay() -> None:
    assert mended("SELECT nothing AS a, a", {"C": "42P01", "M": "no table", "P": "8"}) is None
    assert mended("SELECT 1 AS a, a", {"C": "42703", "M": "inside of a function"}) is None
    assert mended("SELECT 1 AS a, a", {}) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT a FROM t WHERE a = 1",
        "SELECT DISTINCT a, b FROM t ORDER BY a",
        "SELECT t.a AS b, u.b FROM t, u",
        "SELECT f(x) AS f, f(y) FROM t",
        "INSERT INTO t VALUES (1, 'as a, a')",
    ],
)
def test_postgres_is_asked_only_where_it_might_not_know(sql: str) -> None:
    assert not doubtful(sql)


def test_a_views_query_is_looked_at_by_itself() -> None:
    assert split_view("CREATE OR REPLACE VIEW v AS SELECT 1 AS a") == ("CREATE OR REPLACE VIEW v AS", " SELECT 1 AS a")
    assert split_view("CREATE TABLE t AS SELECT 1") == ("", "CREATE TABLE t AS SELECT 1")


@pytest.mark.parametrize(
    ("position", "expected"),
    [(1, 1), (7, 7), (12, None), (16, 11), (17, 12)],
)
def test_a_place_in_what_was_sent_is_one_in_what_was_written(position: int, expected: int | None) -> None:
    assert place(position, "SELECT coalesce(a", "SELECT nvl(a") == expected


def test_there_is_no_place_in_a_text_that_nobody_knows() -> None:
    assert place(3, "", "SELECT 1") is None
