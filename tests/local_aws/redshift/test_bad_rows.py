"""Files with bad records: each one is set aside with its line and code, and its good neighbours load."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Database, copy

TABLE = "CREATE TABLE t (a INT NOT NULL, b VARCHAR(5), c TIMESTAMP)"

# What stands between the good lines 1 and the last; then line and code of each error, and rows that load beside them.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html; which code a broken quote, an empty line
# and a record beyond 4 MB have is unverified, and so is the code for too few fields.
CASES: dict[str, tuple[bytes, list[tuple[int, int]], list[tuple[int, str | None]]]] = {
    "too many fields": (b"2,y,,z\n", [(2, 1202)], []),
    "too few fields, text": (b"2,y\n", [(2, 1214)], []),
    "too few fields, number": (b"2\n", [(2, 1201)], []),
    "no digit": (b"two,y,\n", [(2, 1207)], []),
    "hexadecimal": (b"0x1F,y,\n", [(2, 1207)], []),
    "underscore": (b"1_000,y,\n", [(2, 1207)], []),
    "fraction in an integer": (b"2.0,y,\n", [(2, 1207)], []),
    "overflow": (b"2147483648,y,\n", [(2, 1222)], []),
    "null in not null": (b",y,\n", [(2, 1213)], []),
    "quoted null in not null": (b'"",y,\n', [(2, 1213)], []),
    "too long in bytes": ("2,ééé,\n".encode(), [(2, 1204)], []),
    "too long in a quoted field": (b'2,"abc\ndef",\n', [(2, 1204)], []),
    "not UTF-8": (b"2,\xff,\n", [(2, 1220)], []),
    "half a character": (b"2,\xc3,\n", [(2, 1220)], []),
    "NUL byte": (b"2,a\0b,\n", [(2, 1218)], []),
    "NUL byte in a number": (b"2\0,a,\n", [(2, 1218)], []),
    "time": (b"2,y,yesterday\n", [(2, 1206)], []),
    "infinity": (b"2,y,infinity\n", [(2, 1206)], []),
    "epoch by name": (b"2,y,epoch\n", [(2, 1206)], []),
    "empty line": (b"\n", [(2, 1211)], []),
    "line of blanks": (b"   \n", [(2, 1201)], []),
    "stray quote": (b'2,a"b,\n', [(2, 1216)], []),
    "text after a closing quote": (b'2,"a"b,\n', [(2, 1216)], []),
    "unclosed quote up to the next quote": (b'2,"y,\n3,"z",\n4,z,\n', [(2, 1216)], [(4, "z")]),
    "first fault of a record wins": (b"two,yyyyyy,never\n", [(2, 1207)], []),
    "several records": (b"x,,\n2,y,\ny,,\n2,yyyyyy,\n", [(2, 1207), (4, 1207), (5, 1204)], [(2, "y")]),
    "after a record of two lines": (b'2,"a\nb",\nx,,\n', [(4, 1207)], [(2, "a\nb")]),
    "carriage returns": (b"2,y,\r\nx,y,\r\n3,z,\r\n", [(3, 1207)], [(2, "y"), (3, "z")]),
    "copy's own end mark": (b"\\.\n", [(2, 1201)], []),
    # https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html#copy-null-as: the default
    "the null string": (b"\\N,y,\n", [(2, 1213)], []),
    "beyond 4 MB": (b"2,%s,\n" % (b"y" * 4_500_000), [(2, 1216)], []),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_records_are_set_aside(database: Database, put: Callable[..., str], name: str) -> None:
    between, errors, more = CASES[name]
    database.run(TABLE)
    url = put("x.csv", b"1,x,\n" + between + b"9,x,")
    database.run(copy("t", url, "CSV MAXERROR 1000"))
    assert database.run("SELECT a, b FROM t ORDER BY a") == sorted([(1, "x"), *more, (9, "x")])
    found = database.run("SELECT line_number, err_code FROM stl_load_errors ORDER BY line_number")
    assert found == errors


def test_an_unclosed_quote_takes_the_rest_of_the_file(database: Database, put: Callable[..., str]) -> None:
    database.run(TABLE)
    database.run(copy("t", put("x.csv", '1,x,\n2,"y,\n3,z,\n'), "CSV MAXERROR 1000"))
    assert database.run("SELECT a FROM t") == [(1,)]
    found = database.run("SELECT line_number, err_code, trim(err_reason), trim(raw_line) FROM stl_load_errors")
    assert found == [(2, 1214, "Delimited value missing end quote", '2,"y,\n3,z,')]


def test_many_bad_rows(database: Database, put: Callable[..., str]) -> None:
    database.run(TABLE)
    body = "".join(f"{number if number % 3 else 'x'},x,\n" for number in range(30_000))
    database.run(copy("t", put("x.csv", body), "CSV MAXERROR 100000"))
    assert database.run("SELECT count(*) FROM t") == [(20_000,)]
    numbers = "SELECT count(*), min(line_number), max(line_number), count(DISTINCT line_number) FROM stl_load_errors"
    assert database.run(numbers) == [(10_000, 1, 29_998, 10_000)]
