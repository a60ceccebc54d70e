"""Values of each type: what loads, and what is refused with which code."""

from __future__ import annotations

import pytest

from local_aws.redshift.rows.columns import Column, Format, Value, converter
from local_aws.redshift.rows.csv_records import Fault

EPOCH = Format(time_format="epochmillisecs")
AUTO = Format(time_format="auto", date_format="auto")
INT2, INT4, INT8 = (Column("c", name) for name in ("int2", "int4", "int8"))
DECIMAL = Column("c", "numeric", 6, 2)
REAL, DOUBLE, BOOL, DATE = (Column("c", name) for name in ("float4", "float8", "bool", "date"))
TIME, TIME_TZ = Column("c", "timestamp"), Column("c", "timestamptz")
TEXT, CHAR = Column("c", "varchar", 5), Column("c", "bpchar", 3)

# https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html and the pages of each type;
# a form that they do not show is refused (unverified).
GOOD = [
    (INT2, Format(), b"-32768", b"-32768"),
    (INT4, Format(), b"0007", b"0007"),
    (INT4, Format(), b"2147483647", b"2147483647"),
    (INT8, Format(), b"9223372036854775807", b"9223372036854775807"),
    (INT4, Format(), b"", None),
    (DECIMAL, Format(), b"-1234.569", b"-1234.56"),
    (DECIMAL, Format(), b"00001234", b"1234"),
    (DECIMAL, Format(), b".5", b"0.5"),
    (DECIMAL, Format(), b"5.", b"5"),
    (REAL, Format(), b"1e10", b"1e10"),
    (DOUBLE, Format(), b"-0.0e5", b"-0.0e5"),
    (BOOL, Format(), b"TRUE", b"t"),
    (BOOL, Format(), b"0", b"f"),
    (DATE, Format(), b"2020-02-29", b"2020-02-29"),
    (DATE, AUTO, b"20190131", b"2019-01-31"),
    (TIME, Format(), b"2019-01-02 03:04:05.123456", b"2019-01-02 03:04:05.123456"),
    (TIME, AUTO, b"2019-01-02T03:04:05", b"2019-01-02 03:04:05"),
    (TIME, AUTO, b"2019-01-02", b"2019-01-02 00:00:00"),
    (TIME_TZ, AUTO, b"2019-01-02 03:04:05+02:30", b"2019-01-02 03:04:05+02:30"),
    # The examples of https://docs.aws.amazon.com/redshift/latest/dg/automatic-recognition.html, and their parts.
    (TIME, AUTO, b"2019-02-11T05:09:12.195Z", b"2019-02-11 05:09:12.195000"),
    (TIME_TZ, AUTO, b"2019-02-11T05:09:12.195Z", b"2019-02-11 05:09:12.195000Z"),
    (DATE, AUTO, b"J2451187", b"J2451187"),
    (TIME, AUTO, b"J2345678 04:05:06.789", b"J2345678 04:05:06.789000"),
    (DATE, AUTO, b"Jan-08-95 BC", b"0095-01-08 BC"),
    (TIME_TZ, AUTO, b"Feb-29-5 BC", b"0005-02-29 00:00:00Z BC"),
    (TIME, AUTO, b"19960108 040809", b"1996-01-08 04:08:09"),
    (TIME, AUTO, b"960108 040809", b"1996-01-08 04:08:09"),
    (DATE, AUTO, b"690108", b"2069-01-08"),
    (DATE, AUTO, b"1996.008", b"1996-01-08"),
    (DATE, AUTO, b"1996.366 04:05:06", b"1996-12-31"),
    (TIME, AUTO, b"1996-01-08 04:05:06.789", b"1996-01-08 04:05:06.789000"),
    (TIME, AUTO, b"17 Dec 07:37:16 1997 PST", b"1997-12-17 07:37:16"),
    (TIME_TZ, AUTO, b"17 Dec 07:37:16 1997 PST", b"1997-12-17 07:37:16-08"),
    (DATE, AUTO, b"17 december 1997", b"1997-12-17"),
    (TIME_TZ, AUTO, b"12/17/1997 07:37:16.00 EDT", b"1997-12-17 07:37:16-04"),
    (TIME_TZ, AUTO, b"1997-12-17 07:37:16-08", b"1997-12-17 07:37:16-08"),
    (TIME, EPOCH, b"1546300800123", b"2019-01-01 00:00:00.123"),
    (TIME, EPOCH, b"-1", b"1969-12-31 23:59:59.999"),
    (TIME, Format(time_format="epochsecs"), b"1546300800", b"2019-01-01 00:00:00"),
    (TEXT, Format(), "ééa".encode(), "ééa".encode()),
    (TEXT, Format(), b"", b""),
    (TEXT, Format(empty_as_null=True), b"", None),
    (TEXT, Format(blanks_as_null=True), b"  ", None),
    (TEXT, Format(), b"a\\\t\n", b"a\\\t\n"),
    (CHAR, Format(), b"ab", b"ab"),
]
BAD = [
    *((INT4, Format(), value, 1207) for value in (b"x", b"1.5", b" 1", b"1 ", b"0x1F", b"1_000", b"1e3", b"+", b"--1")),
    (INT4, Format(), "१".encode(), 1207),  # a digit of another script
    (INT4, Format(), b"1\n2", 1207),
    (INT2, Format(), b"32768", 1222),
    (INT4, Format(), b"-2147483649", 1222),
    (INT8, Format(), b"9223372036854775808", 1222),
    (INT8, Format(), b"9" * 5000, 1222),
    *((DECIMAL, Format(), value, 1209) for value in (b"12345", b"x", b".", b"1e3", b"1_0", b"NaN", b"1.2.3", b"-")),
    *((DOUBLE, Format(), value, 1208) for value in (b"x", b"inf", b"nan", b"1e400", b"1e-400", b"1_0", b"0x1p3")),
    *((REAL, Format(), value, 1208) for value in (b"1e39", b"1e-50")),
    *((BOOL, Format(), value, 1210) for value in (b"maybe", b"2", b"on")),
    *(
        (DATE, Format(), value, 1205)
        for value in (b"epoch", b"infinity", b"2019-02-29", b"19-01-01", b"2019-1-1", b"now")
    ),
    *((DATE, AUTO, value, 1205) for value in (b"today", b"2019-13-01", b"1546300800000")),
    *((DATE, AUTO, value, 1205) for value in (b"1997.366", b"1997.000", b"Feb-29-02 BC", b"Jan-08-0 BC")),
    *((TIME, Format(), value, 1206) for value in (b"infinity", b"2019-01-01", b"2019-01-01 24:00:00", b"now")),
    *((TIME, AUTO, value, 1206) for value in (b"12.17.1997 07:37:16", b"2019-01-01 00:00:60", b"allballs", b"x")),
    *((TIME, EPOCH, value, 1206) for value in (b"2019-01-01 00:00:00", b"1.5", b"x", b"9" * 15, b"9" * 30)),
    (TIME_TZ, AUTO, b"2019-01-01 00:00:00+99", 1206),
    (TIME, AUTO, b"2019-01-01 00:00:00 CET", 1206),
    (TIME, Format(), b"2019-01-01 00:00:00Z", 1206),
    (TEXT, Format(), "ééé".encode(), 1204),
    (TEXT, Format(), b"a\0b", 1218),
    (TEXT, Format(), b"\xff", 1220),
    (TEXT, Format(), b"\xc3", 1220),
    (TEXT, Format(), b"\xed\xa0\x80", 1220),  # half a surrogate pair
    (INT4, Format(), b"\0", 1218),
    (CHAR, Format(), "é".encode(), 1220),
    (CHAR, Format(), b"abcd", 1204),
]


@pytest.mark.parametrize(("column", "form", "value", "expected"), GOOD)
def test_good_values(column: Column, form: Format, value: bytes, expected: Value) -> None:
    assert converter(column, form)([value]) == [expected]


@pytest.mark.parametrize(("column", "form", "value", "code"), BAD)
def test_bad_values(column: Column, form: Format, value: bytes, code: int) -> None:
    before, outcome, after = converter(column, form)([b"", value, b""])
    assert isinstance(outcome, Fault)
    assert outcome.code == code
    assert not isinstance(before, Fault)
    assert not isinstance(after, Fault)


MISSING = Fault(1213, "Missing data for not-null field")


@pytest.mark.parametrize("value", [None, b""])
def test_nulls_where_none_may_be(value: Value) -> None:
    assert converter(Column("c", "int4", not_null=True), Format())([b"1", value])[1] == MISSING
    text = Column("c", "varchar", 5, not_null=True)
    assert converter(text, Format())([b"1", value])[1] == (MISSING if value is None else b"")
    assert converter(text, Format(empty_as_null=True))([b"1", value])[1] == MISSING


def only_fault(column: Column, value: bytes) -> Fault:
    (fault,) = converter(column, Format())([value])
    assert isinstance(fault, Fault)
    return fault


def test_the_digit_that_is_wrong_is_named() -> None:
    assert only_fault(INT4, b"12a4").reason == "Invalid digit, Value 'a', Pos 2, Type: Integer"


def test_a_bad_sequence_is_named() -> None:
    expected = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)"
    assert only_fault(TEXT, b"a\xa4").reason == expected
