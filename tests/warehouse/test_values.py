"""Values are taken and refused as COPY does it: the local endpoint, which has its own code for it, agrees."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from warehouse import values
from warehouse.catalog import STAGED
from warehouse.model import Column
from warehouse.values import BadValue, Fault

FEEDBACK = STAGED["project_feedback"]
NEW_YEAR = datetime(2019, 1, 1)


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("INTEGER", "-7", -7),
        ("INTEGER", "007", 7),
        ("INTEGER", "2147483647", 2147483647),
        ("SMALLINT", "-32768", -32768),
        ("BIGINT", "9223372036854775807", 9223372036854775807),
        ("INTEGER", "", None),
        ("VARCHAR(4)", "éé", "éé"),
        ("VARCHAR(4)", " ", " "),
        ("CHAR(2)", "ab", "ab"),
        ("DECIMAL(4,2)", "12.349", Decimal("12.34")),
        ("DECIMAL(4,2)", "-.5", Decimal("-0.5")),
        ("TIMESTAMP", "2019-01-01 00:00:00", NEW_YEAR),
        ("TIMESTAMP", "2019-01-01T00:00:00.5", NEW_YEAR.replace(microsecond=500_000)),
        ("TIMESTAMP", "2019-01-01", NEW_YEAR),
        ("DATE", "2019-01-31", date(2019, 1, 31)),
        ("BOOLEAN", "yes", True),
    ],
)
def test_values_that_fit(type_name: str, text: str, value: Any) -> None:
    assert values.parse(Column("c", type_name, ""), text, "auto") == value


@pytest.mark.parametrize(
    ("type_name", "text", "words"),
    [
        ("INTEGER", "three", "is no INTEGER"),
        ("INTEGER", "1.5", "is no INTEGER"),
        ("INTEGER", "1_000", "is no INTEGER"),
        ("INTEGER", "0x1F", "is no INTEGER"),
        ("INTEGER", " 1", "is no INTEGER"),
        ("INTEGER", "٣", "is no INTEGER"),
        ("INTEGER", "2147483648", "is too large for INTEGER"),
        ("VARCHAR(4)", "ééé", "is 6 bytes long, 4 fit"),
        ("VARCHAR(4)", "a\0", "has a NUL byte"),
        ("DECIMAL(4,2)", "123", r"is too large for DECIMAL\(4,2\)"),
        ("DECIMAL(4,2)", ".", r"is no DECIMAL\(4,2\)"),
        ("TIMESTAMP", "2019-02-30 10:00:00", "is no such moment"),
        ("TIMESTAMP", "2019-01-01T00:00:00Z", "is no date and time"),
        ("TIMESTAMP", "epoch", "is no date and time"),
        ("DATE", "31.1.2019", "is no date"),
        ("BOOLEAN", "maybe", "neither true nor false"),
    ],
)
def test_values_that_do_not_fit(type_name: str, text: str, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        values.parse(Column("c", type_name, ""), text, "auto")


def test_an_empty_value_is_null_unless_the_column_must_have_one() -> None:
    with pytest.raises(BadValue, match="is empty, and must not be"):
        values.parse(Column("c", "INTEGER", "", required=True), "", "auto")
    with pytest.raises(BadValue, match="is empty"):
        values.parse(Column("c", "VARCHAR(9)", "", required=True), None, "auto")


def test_a_person_may_write_a_date_where_the_file_has_milliseconds() -> None:
    column = Column("c", "TIMESTAMP", "")
    assert values.parse(column, "1546300800000", "epochmillisecs") == NEW_YEAR
    assert values.parse(column, "-1", "epochmillisecs", by_hand=True).year == 1969  # type: ignore[attr-defined]
    assert values.parse(column, "2019-01-01 00:00:00", "epochmillisecs", by_hand=True) == NEW_YEAR
    with pytest.raises(BadValue, match="is no number of milliseconds"):
        values.parse(column, "2019-01-01 00:00:00", "epochmillisecs")
    with pytest.raises(BadValue, match="is beyond the year 9999"):
        values.parse(column, "9" * 20, "epochmillisecs")


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (b"1,10,1546300800000,fine,3", []),
        (b'1,10,1546300800000,"two\nlines",', []),
        (b"x,10,1546300800000,fine,y", [Fault("user_id", "'x' is no INTEGER"), Fault("rating", "'y' is no INTEGER")]),
        (b"1,10,1546300800000,caf\xe9,3", [Fault("text", "is not UTF-8")]),
        (b"1,10,1546300800000,fine,3,4", [Fault(None, "6 fields, not 5")]),
        (b"", [Fault(None, "0 fields, not 5")]),
        (b'1,10,1546300800000,so "fine",3', [Fault(None, "quotes are broken")]),
    ],
)
def test_what_is_wrong_with_a_record(raw: bytes, faults: list[Fault]) -> None:
    found, wrong = values.parse_record(FEEDBACK, raw)
    assert wrong == faults
    assert len(found) == 5 or wrong
