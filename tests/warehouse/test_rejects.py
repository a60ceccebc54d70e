"""Refused rows are set aside once, hold the month until they are put back, and every record is accounted for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from generator import Options, generate
from warehouse import ledger, rejects
from warehouse.catalog import SOURCES

GOOD = "1,10,1546300800000,fine,3\n"
BAD = "".join(f"x{number},10,1546300800000,bad,3\n" for number in range(10))


def test_ten_refused_rows_stand_in_the_error_table(degree: Any) -> None:
    degree.load("project_feedback", GOOD + BAD)
    entry = degree.settle("project_feedback")
    assert (entry.status, entry.records, entry.loaded, entry.refused) == (ledger.REFUSED, 11, 1, 10)
    assert entry.detail.startswith(f"10 refused rows of 2019-01-01 stand in {degree.table('project_feedback')}_errors.")
    rows = degree.rows(
        "SELECT line_number, colname, FROM_VARBYTE(raw_record, 'utf8'), user_id, err_code"
        " FROM {project_feedback}_errors ORDER BY 1"
    )
    assert rows == [
        (number + 3, "user_id", f"x{number},10,1546300800000,bad,3", f"x{number}", 1207) for number in range(10)
    ]


def test_checking_again_moves_nothing_twice(degree: Any) -> None:
    degree.load("project_feedback", GOOD + BAD)
    degree.settle("project_feedback")
    entry = degree.settle("project_feedback")
    assert (entry.status, entry.refused) == (ledger.REFUSED, 10)
    assert degree.rows("SELECT COUNT(*) FROM {project_feedback}_errors") == [(10,)]


def test_loading_again_replaces_the_refused_rows_of_the_month_alone(degree: Any) -> None:
    degree.load("project_feedback", GOOD + BAD)
    degree.settle("project_feedback")
    degree.load("project_feedback", "y,10,1548979200000,bad,3\n", "2019-02-01")
    degree.settle("project_feedback", "2019-02-01")
    degree.load("project_feedback")
    degree.settle("project_feedback")
    assert degree.rows("SELECT load_month::text, COUNT(*) FROM {project_feedback}_errors GROUP BY 1 ORDER BY 1") == [
        ("2019-01-01", 10),
        ("2019-02-01", 1),
    ]


def test_a_mended_file_leaves_no_refused_row_behind(degree: Any) -> None:
    degree.load("project_feedback", GOOD + BAD)
    degree.settle("project_feedback")
    degree.load("project_feedback", GOOD)
    assert degree.settle("project_feedback").status == ledger.SETTLED


def test_mended_rows_put_into_staging_settle_the_month(degree: Any) -> None:
    degree.load("project_feedback", GOOD + "x,11,1546300800000,bad,3\n")
    degree.settle("project_feedback")
    degree.rows("INSERT INTO {project_feedback} VALUES (2, 11, '2019-01-01', 'bad', 3, '2019-01-01')")
    still = degree.settle("project_feedback")
    assert "1 refused rows of 2019-01-01 stand in" in still.detail
    assert "1 rows are too many" in still.detail
    degree.rows("DROP TABLE {project_feedback}_errors")
    entry = degree.settle("project_feedback")
    assert (entry.status, entry.repaired, entry.detail) == (ledger.SETTLED, 1, None)


def test_a_clean_file_settles_and_makes_no_error_table(degree: Any) -> None:
    degree.load("project_feedback", GOOD)
    assert degree.settle("project_feedback").status == ledger.SETTLED
    name = degree.table("project_feedback") + "_errors"
    assert degree.provisioned.rows("SELECT COUNT(*) FROM pg_class WHERE relname = %s", (name,)) == [(0,)]


def test_a_row_that_is_nowhere_is_missed(degree: Any) -> None:
    degree.load("project_feedback", GOOD + GOOD.replace("1,10", "2,10"))
    degree.rows("DELETE FROM {project_feedback} WHERE user_id = 2")
    entry = degree.settle("project_feedback")
    assert entry.status == ledger.REFUSED
    assert entry.detail.startswith("1 rows are nowhere: ")
    assert "has 2 records" in entry.detail


def test_a_row_too_many_is_noticed(degree: Any) -> None:
    degree.load("project_feedback", GOOD)
    degree.rows("INSERT INTO {project_feedback} SELECT * FROM {project_feedback}")
    assert degree.settle("project_feedback").detail.startswith("1 rows are too many: ")


def test_every_kind_of_bad_row_is_accounted_for(degree: Any, tmp_path: Path) -> None:
    options = Options(to=str(tmp_path), students=3000, degrees=("data_science",), months=(1,), bad_rows=200)
    generate(options)
    planted = Counter(row["file"] for row in json.loads((tmp_path / "bad_rows.json").read_text())["rows"])
    for source in SOURCES:
        name = f"data_science/2019/1/{source.name}.csv"
        degree.provisioned.put(degree.key(source.name), (tmp_path / name).read_bytes())
        degree.load(source.name)
        entry = degree.settle(source.name)
        assert (source.name, entry.refused) == (source.name, planted[name])
        assert entry.records == entry.loaded + entry.refused
        assert entry.detail.startswith(f"{planted[name]} refused rows")
        assert "nowhere" not in entry.detail


def test_the_log_shows_ten_rows_and_counts_the_reasons() -> None:
    refused = [
        rejects.Reject("s3://b/f.csv", line, "rating", 1207, "Invalid digit, Value 't', Pos 0", "ten", "…")
        for line in range(12)
    ]
    text = rejects.as_text(refused).splitlines()
    assert text[:3] == [
        "s3://b/f.csv",
        "  line  column  value  reason",
        "  0     rating  'ten'  Invalid digit, Value 't', Pos 0 (1207)",
    ]
    assert text[12:] == ["  … and 2 more", "By reason:", "  12 x Invalid digit, Value 't', Pos 0"]
