"""Each kind of check finds what it is for, passes what is right, and says table, check, expected, found and rows."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from warehouse import checks, ddl
from warehouse.catalog import STAGED
from warehouse.model import Check, Column, Source
from warehouse.redshift import in_transaction

PROBE = Source(
    name="probe",
    about="A table to check the checks on.",
    columns=(
        Column("id", "INTEGER", "key"),
        Column("user_id", "INTEGER", "a student"),
        Column("rating", "INTEGER", "1 to 3"),
        Column("happened", "TIMESTAMP", "a date"),
    ),
    key=("id",),
    sortkey=("id",),
    checks=(),
)
CLEAN = [(1, 1, 3, "2019-01-01"), (2, 2, 1, "2019-01-31 23:59:59"), (3, None, None, None)]
CASES = [
    (Check("null_check", ("rating",)), (4, 1, None, "2019-01-02"), "no NULL", (4, None), CLEAN[:2]),
    (Check("unique_check", ("id",)), (1, 1, 2, "2019-01-02"), "every (id) once", (1, 2), CLEAN),
    (Check("min", ("rating",), value=1), (4, 1, 0, "2019-01-02"), "at least 1", (4, 0), CLEAN),
    (Check("max", ("rating",), value=3), (4, 1, 4, "2019-01-02"), "at most 3", (4, 4), CLEAN),
    (Check("accepted_values", ("rating",), value=(1, 3)), (4, 1, 2, None), "one of (1, 3)", (4, 2), CLEAN),
    (
        Check("relationship", ("user_id",), reads="users_dim.user_id"),
        (4, 9, 2, None),
        "users_dim.user_id",
        (4, 9),
        CLEAN,
    ),
    (Check("within_month", ("happened",)), (4, 1, 2, "2019-02-01"), "a date within the month", (4,), CLEAN),
    (Check("within_month", ("happened",)), (4, 1, 2, "2018-12-31 23:59:59"), "a date within the month", (4,), CLEAN),
]


def findings(degree: Any, check: Check, rows: list[Any]) -> list[checks.Finding]:
    """What the check finds in these rows of January, with a bad row of February beside them."""
    source = dataclasses.replace(PROBE, checks=(check,))
    name = source.table_name(degree.degree)

    def work(cursor: Any) -> list[checks.Finding]:
        cursor.execute(ddl.create_table(dataclasses.replace(source.table(degree.degree), key=())))
        cursor.execute(f"DELETE FROM {name}")  # noqa: S608
        for row in rows:
            cursor.execute(f"INSERT INTO {name} VALUES (%s, %s, %s, %s, '2019-01-01')", row)  # noqa: S608
        cursor.execute(f"INSERT INTO {name} VALUES (1, 99, 99, '2018-01-01', '2019-02-01')")  # noqa: S608
        return checks.run(cursor, source, degree.degree, "2019-01-01")

    return in_transaction(degree.provisioned.connect, work)


@pytest.mark.parametrize(
    ("check", "bad", "expected", "shown", "clean"), CASES, ids=lambda case: getattr(case, "name", None)
)
def test_a_check_finds_the_bad_row_and_no_other(
    degree: Any, dimensions: None, check: Check, bad: Any, expected: str, shown: Any, clean: Any
) -> None:
    assert findings(degree, check, clean) == []
    (finding,) = findings(degree, check, [*clean, bad])
    assert finding.table_name == f"{degree.degree}_probe"
    assert expected in finding.expected
    assert finding.found == "1 rows"
    assert finding.rows[0][: len(shown)] == shown


def test_an_empty_month_is_found(degree: Any) -> None:
    check = Check("row_count", value=1)
    (finding,) = findings(degree, check, [])
    assert str(finding) == f"[error] {degree.degree}_probe: table.row_count 1: expected at least 1 rows, found 0"
    assert findings(degree, check, CLEAN[:1]) == []


def test_five_offending_rows_are_shown_at_the_most(degree: Any) -> None:
    (finding,) = findings(degree, Check("max", ("rating",), value=3), [(n, 1, 9, None) for n in range(7)])
    assert finding.found == "7 rows"
    assert str(finding).splitlines()[1:] == [f"    {n}, 9" for n in range(5)]


def test_the_catalog_s_checks_run_on_every_table(degree: Any, dimensions: None) -> None:
    """Nothing to find in rows that are right; each file's own faults are found."""
    degree.load("project_feedback", "1,10,1546300800000,fine,3\n")
    degree.load("section_feedback", "1,1,1546300800000,fine,3\n")
    degree.load("video_log", "1,100,d,1546300800000,1546300800000,1\n")
    degree.load("mentor_activity", "1,1,10,2019-01-05 10:00:00,Why?,Because,1,,,\n")
    for source in STAGED:
        assert [str(finding) for finding in degree.check(source)] == []
    degree.load("project_feedback", "1,10,1546300800000,fine,4\n1,10,1546300800000,again,3\n3,99,1548979200000,,\n")
    assert sorted((finding.check.name, finding.check.level) for finding in degree.check("project_feedback")) == [
        ("project_id.relationship projects_dim.project_id", "error"),
        ("rating.accepted_values (1, 2, 3)", "error"),
        ("rating.null_check", "error"),
        ("submit_date.within_month", "error"),
        ("text.null_check", "warn"),
        ("user_id, project_id.unique_check", "error"),
        ("user_id.relationship users_dim.user_id", "error"),
    ]
