"""Refused records are found again in the file, whether Redshift counts lines or records, and however little it says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from warehouse import rejects
from warehouse.catalog import STAGED
from warehouse.records import Record, read
from warehouse.rejects import Reject

FEEDBACK = STAGED["project_feedback"]
LONG = ("é" * 300 + 'x" ') * 4
GOOD = b'1,10,1546300800000,"a\nb\nc",3'
RECORDS = [
    b"user_id,project_id,submit_date,text,rating",
    GOOD,
    b"x,10,1546300800000,naught,3",
    GOOD,
    b'2,10,1546300800000,"three\nlines ""quoted"",\nb\xe9d",three',
    f'3,10,1546300800000,"{LONG.replace(chr(34), chr(34) * 2)}",four'.encode(),
    GOOD,
    b"",
    b"4,10,1546300800000,fine,3,extra",
    b"5,10,1546300800000,same,x",
    b"5,10,1546300800000,same,x",
]
BAD = {2: "user_id", 4: "rating", 5: "rating", 7: "", 8: "", 9: "rating", 10: "rating"}
FILE = b"\n".join(RECORDS) + b"\n"


def shown(raw: bytes, *, by_character: bool) -> str:
    """A record as raw_line shows it: a period for each byte, or for each character, that is not ASCII; then cut."""
    pattern = rb"[\xc0-\xff][\x80-\xbf]*|[\x80-\xbf]" if by_character else rb"[\x80-\xff]"
    return re.sub(pattern, b".", raw)[:1024].decode("ascii").rstrip()


def told(*, lines: bool, stl: bool = True, by_character: bool = False) -> list[Reject]:
    """What Redshift says of the bad records: by line or by record, with raw_line or as Serverless does."""
    said = []
    for record in read([FILE]):
        if record.number - 1 in BAD:
            column = BAD[record.number - 1]
            reject = Reject("s3://b/f", record.line if lines else record.number, column, 1207, "bad")
            raw_line = shown(record.raw, by_character=by_character)
            said.append(replace(reject, raw_field_value="v", raw_line=raw_line) if stl else reject)
    return said


def found(said: list[Reject]) -> list[tuple[int, bytes]]:
    """Line and bytes of what is found; nothing may be without a record."""
    result = list(rejects.find(said, FEEDBACK, lambda: [FILE]))
    assert all(reject.record for reject in result)
    return [(reject.line_number, reject.record.raw) for reject in result if reject.record]


EXPECTED = [(record.line, record.raw) for record in read([FILE]) if record.number - 1 in BAD]


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("stl", [True, False])
@pytest.mark.parametrize("by_character", [True, False])
def test_lines_or_records_with_a_raw_line_or_without(lines: bool, stl: bool, by_character: bool) -> None:
    assert found(told(lines=lines, stl=stl, by_character=by_character)) == EXPECTED


def test_a_raw_line_that_ends_with_the_record_s_first_line() -> None:
    said = [replace(one, raw_line=(one.raw_line or "").split("\n")[0]) for one in told(lines=True)]
    assert found(said) == EXPECTED


def test_of_a_file_that_was_read_in_parts_the_text_tells() -> None:
    said = [replace(one, line_number=-1) for one in told(lines=True)]
    assert sorted(found(said)) == EXPECTED
    beyond = [replace(one, line_number=-1, start_offset=len(FILE)) for one in told(lines=True)]
    assert all(one.record is None for one in rejects.find(beyond, FEEDBACK, lambda: [FILE]))


def test_what_is_not_proved_is_not_taken() -> None:
    wrong_text, wrong_line = told(lines=True)[:1], told(lines=True, stl=False)[:1]
    for said in (
        [replace(wrong_text[0], raw_line="y,10,1546300800000,naught,3")],
        [replace(wrong_line[0], line_number=2)],  # that record is a good one
        [replace(wrong_line[0], colname="project_id")],  # its project is right
        [replace(wrong_line[0], line_number=999)],
        [replace(wrong_line[0], line_number=-1)],
    ):
        (one,) = rejects.find(said, FEEDBACK, lambda: [FILE])
        assert (one.record, one.line_number) == (None, -1)
        assert "not found in the file" in one.err_reason


def test_the_refused_value_is_read_from_the_file_where_redshift_does_not_say_it() -> None:
    values = [one.raw_field_value for one in rejects.find(told(lines=True, stl=False), FEEDBACK, lambda: [FILE])]
    assert values == ["x", "three", "four", None, None, "x", "x"]


def test_nothing_refused_reads_no_file() -> None:
    def never() -> list[bytes]:
        raise AssertionError("the file was read")

    assert list(rejects.find([], FEEDBACK, never)) == []


def test_the_record_is_whole_beyond_what_redshift_keeps() -> None:
    long = next(one for one in rejects.find(told(lines=True), FEEDBACK, lambda: [FILE]) if one.line_number == 12)
    assert isinstance(long.record, Record)
    assert len(long.record.raw) > 2000
    assert long.record.raw == RECORDS[5]
