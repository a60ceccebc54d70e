"""Whatever stands in a file, PostgreSQL never sees a row that it refuses: that would end the whole COPY."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from .conftest import Database, copy, execute

TYPES = [
    *("SMALLINT", "INTEGER", "BIGINT", "DECIMAL(5,2)", "DECIMAL(38,10)", "REAL", "FLOAT8", "BOOLEAN"),
    *("DATE", "TIMESTAMP", "TIMESTAMPTZ", "CHAR(3)", "VARCHAR(5)"),
]
OPTIONS = ["", "TIMEFORMAT 'auto' DATEFORMAT 'auto'", "TIMEFORMAT 'epochmillisecs' EMPTYASNULL BLANKSASNULL"]
PIECES = [
    *("0", "1", "9", "-", "+", ".", "e", "E", "_", "x", " ", "\t", "\0", "\\", "\\N", "\\.", "é", "\ud800", "'", '"'),
    *("inf", "nan", "NaN", "Infinity", "epoch", "now", "today", "t", "true", "yes", "f", "१", "\r", "\b", "\v", "\f"),
    *("2019-01-01", "9999-12-31", "0000-01-01", "0001-01-01", "10000-01-01", "2019-02-29", " 23:59:59", " 24:00:00"),
    *("T00:00:00", ".999999", ".9999999", "Z", "+14", "-15:59", "+00:60", "BC", "9" * 20, "9" * 38, "9" * 40),
    *("1e308", "1e-308", "4.9e-324", "1e38", "3.5e38", "1e-45", "1.2e-38", "32767", "2147483648"),
    *("9223372036854775807", "-9223372036854775808", "1546300800000", "-62135596800001", "253402300800000"),
]


def field(draw: random.Random) -> bytes:
    text = "".join(draw.choice(PIECES) for _ in range(draw.choice((0, 1, 1, 2, 3))))
    value = text.encode("utf-8", "surrogatepass") + (b"\xff" if draw.random() < 0.03 else b"")
    if draw.random() < 0.5:
        return b'"%s"' % value.replace(b'"', b'""')
    return value if draw.random() < 0.03 else value.replace(b'"', b"")


@pytest.mark.parametrize("options", OPTIONS)
def test_any_bytes(database: Database, put: Callable[..., str], options: str) -> None:
    draw = random.Random(options)  # noqa: S311
    loaded_in_all = 0
    with database.connect() as connection:
        for number, kind in enumerate(TYPES):
            lines = [b"%s,x%s" % (field(draw), draw.choice((b"\n", b"\r\n"))) for _ in range(400)]
            execute(connection, f"CREATE TEMP TABLE t{number} (a {kind}, b VARCHAR(20))")
            execute(connection, copy(f"t{number}", put("x.csv", b"".join(lines)), f"CSV MAXERROR 100000 {options}"))
            ((query, loaded),) = execute(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
            ((rows,),) = execute(connection, f"SELECT count(*) FROM t{number}")  # noqa: S608
            commits = "SELECT lines_scanned - errors, errors FROM stl_load_commits WHERE query = %s"
            ((good, bad),) = execute(connection, commits, query)
            errors = execute(connection, "SELECT count(*) FROM stl_load_errors WHERE query = %s", query)
            assert (loaded, rows, errors) == (good, good, [(bad,)]), kind
            loaded_in_all += loaded
    assert loaded_in_all > 500  # enough of both sorts
