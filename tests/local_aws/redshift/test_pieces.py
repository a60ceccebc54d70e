"""A file that is read in several pieces, on the real endpoint: what lies across a border loads like all else."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest

from local_aws.redshift.loading.s3_source import CHUNK_BYTES

from .conftest import Database, copy

TABLE = "CREATE TABLE t (a INT, b VARCHAR(400), c TIMESTAMP, d DECIMAL(8,2), e VARCHAR(20))"


def record(draw: random.Random, number: int) -> list[str]:
    text = draw.choice(("", "plain", "naïve ☃", 'a "quoted" word', "two\nlines", "a, comma", "back\\slash", "\r\n"))
    moment = f"2019-01-{number % 28 + 1:02d} 03:04:{number % 60:02d}"
    return [str(number), text * draw.randint(0, 9), moment, f"{number % 1000}.{number % 100:02d}", "x" * (number % 20)]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_rows_across_borders(database: Database, put: Callable[..., str], line_end: str) -> None:
    draw = random.Random(20190101)  # noqa: S311
    records = [record(draw, number) for number in range(40_000)]
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(records)
    lines = text.getvalue().encode()
    bad = b"x" + b",".join([b"1"] * 5) + line_end.encode()
    body = bad + lines + bad
    assert len(body) > 2 * CHUNK_BYTES
    database.run(TABLE)
    database.run(copy("t", put("x.csv", body), "CSV MAXERROR 10"))
    loaded = database.run("SELECT a::varchar, b, c::varchar, d::varchar, e FROM t ORDER BY t.a")
    assert [list(row) for row in loaded] == records
    last = body.count(b"\n")
    assert database.run("SELECT line_number, err_code FROM stl_load_errors ORDER BY 1") == [(1, 1207), (last, 1207)]
