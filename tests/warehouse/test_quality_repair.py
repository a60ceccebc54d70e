"""Rows that fail a check are mended in the same place as refused ones, or the check is accepted for the month."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from warehouse import ledger, objects, quality, repair, set_aside
from warehouse.repair import RepairError

from .conftest import GOOD, MONTH, SOURCE, Mender

NEW_YEAR = datetime(2019, 1, 1)
TWICE = GOOD + "1,10,1546300800000,again,2\n" + "2,11,1546300800000,other,1\n"


def verdict(mender: Mender) -> quality.Verdict:
    """What data_quality says."""
    place = mender.place
    return quality.examine(mender.connect, place.source, place.degree, place.load_month, "a test")


def move(mender: Mender, check: str = "unique_check") -> int:
    """Set the rows that fail a check aside."""
    s3 = mender.degree.provisioned.s3
    return set_aside.set_aside(mender.connect, mender.place, check, lambda e: objects.read(s3, objects.version(e)))


@pytest.fixture
def failing(degree: Any, dimensions: None) -> Mender:
    """A student has given two feedbacks on one project; the dimensions have passed."""
    for name in ("users_dim", "projects_dim"):
        quality.examine(degree.provisioned.connect, degree.source(name), None, MONTH, "a test")
    degree.load(SOURCE, TWICE)
    degree.settle(SOURCE)
    mender = Mender(degree)
    assert "unique_check" in verdict(mender).errors
    return mender


def test_both_rows_are_set_aside_and_one_of_them_comes_back(failing: Mender) -> None:
    assert move(failing) == 2
    assert {line: row.raw for line, row in failing.rows.items()} == {
        2: b"1,10,1546300800000,fine,3",
        3: b"1,10,1546300800000,again,2",
    }
    assert failing.rows[2].colname == "user_id, project_id"
    assert failing.staged() == Counter([(2, 11, NEW_YEAR, "other", 1)])
    assert failing.conserved()
    assert failing.settle().status == ledger.REFUSED
    with pytest.raises(quality.NotReady, match="is not settled"):
        verdict(failing)
    repair.discard(failing.connect, failing.place, [3], "the second one was a slip")
    assert failing.put_back() == repair.PutBack(1, (), dropped=True)
    assert failing.conserved()
    assert failing.settle().status == ledger.SETTLED
    assert verdict(failing).errors == ""


@pytest.mark.parametrize("mended", ["waiting", "put back", "given up"])
def test_a_second_load_of_the_file_leaves_set_aside_rows_where_they_were(failing: Mender, mended: str) -> None:
    move(failing)
    failing.mend(3, project_id="11")
    if mended != "waiting":
        repair.discard(failing.connect, failing.place, [2], "slip")
    if mended == "put back":
        failing.put_back()
    if mended == "given up":
        repair.discard(failing.connect, failing.place, [3], "slip")
    before, waits = failing.staged(), failing.rows
    failing.degree.load(SOURCE)
    failing.settle()
    assert (failing.staged(), failing.rows) == (before, waits)
    assert failing.conserved()


def test_rows_that_are_equal_are_told_apart_by_their_lines(degree: Any, dimensions: None) -> None:
    degree.load(SOURCE, GOOD * 3)
    degree.settle(SOURCE)
    mender = Mender(degree)
    for name in ("users_dim", "projects_dim"):
        quality.examine(degree.provisioned.connect, degree.source(name), None, MONTH, "a test")
    assert verdict(mender).errors
    assert move(mender) == 3
    assert sorted(mender.rows) == [2, 3, 4]
    repair.discard(mender.connect, mender.place, [2, 4], "the same thrice")
    assert mender.put_back().rows == 1
    for _ in range(2):
        assert mender.settle().status == ledger.SETTLED
        assert mender.staged() == Counter([(1, 10, NEW_YEAR, "fine", 3)])
        assert mender.conserved()
        degree.load(SOURCE)


def test_a_row_that_was_mended_once_can_be_set_aside_again(failing: Mender) -> None:
    failing.degree.load(SOURCE, "x,10,1546300800000,refused,3\n" + GOOD)
    failing.settle()
    failing.mend(2, user_id="1")
    failing.put_back()
    failing.settle()
    assert "unique_check" in verdict(failing).errors
    assert move(failing) == 2
    assert failing.rows[2].raw == b"x,10,1546300800000,refused,3"
    assert failing.rows[2].texts[0] == "1"
    failing.mend(2, user_id="2")
    assert failing.put_back().rows == 2
    assert failing.settle().status == ledger.SETTLED
    before = failing.staged()
    failing.degree.load(SOURCE)
    assert failing.settle().status == ledger.SETTLED
    assert failing.staged() == before


def test_a_row_that_is_in_no_file_is_not_moved(failing: Mender) -> None:
    before = failing.staged()
    failing.degree.provisioned.rows(
        f"INSERT INTO {failing.place.table_name} VALUES (1, 10, '2019-01-01', 'by hand', 3, '2019-01-01')"  # noqa: S608
    )
    with pytest.raises(RepairError, match=r"to be mended in .* itself:\n.*by hand"):
        move(failing)
    assert sum(failing.staged().values()) == sum(before.values()) + 1


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("null_check", "No check of that name fails: null_check"),
        ("nonsense", r"that fail:\n  user_id, project_id.unique_check"),
    ],
)
def test_a_check_that_does_not_fail_can_be_neither_moved_nor_accepted(failing: Mender, check: str, words: str) -> None:
    with pytest.raises(RepairError, match=words):
        move(failing, check)
    with pytest.raises(RepairError, match=words):
        repair.accept(failing.connect, failing.place, check, "so")


def test_an_accepted_check_holds_for_this_version_of_the_file_alone(failing: Mender) -> None:
    with pytest.raises(RepairError, match="Say why"):
        repair.accept(failing.connect, failing.place, "unique_check", "")
    repair.accept(failing.connect, failing.place, "user_id, project_id.unique_check", "asked the student")
    for _ in range(2):
        found = verdict(failing)
        assert (found.errors, [one.reason for one in found.accepted]) == ("", ["asked the student"])
        entry = failing.degree.status(SOURCE)
        assert (entry.status, entry.detail) == (
            ledger.PASSED,
            "user_id, project_id.unique_check is accepted: asked the student",
        )
        failing.degree.load(SOURCE)
        failing.settle()
    failing.degree.load(SOURCE, TWICE + "3,11,1546300800000,new,1\n")
    failing.settle()
    assert "unique_check" in verdict(failing).errors


def test_a_month_that_was_loaded_meanwhile_is_not_called_passed(failing: Mender, monkeypatch: Any) -> None:
    original = quality.lock

    def load_meanwhile(cursor: Any, *tables: str) -> None:
        failing.degree.load(SOURCE)
        original(cursor, *tables)

    monkeypatch.setattr(quality, "lock", load_meanwhile)
    with pytest.raises(quality.NotReady, match="was loaded or mended while it was checked"):
        verdict(failing)
    assert failing.degree.status(SOURCE).status == ledger.LOADED
