"""Records of CSV files, whatever the pieces in which the bytes come."""

from __future__ import annotations

import csv
import io
import random
import re
from typing import NamedTuple

import numpy as np
import pytest

from local_aws.redshift.rows.csv_records import (
    EMPTY_LINE,
    MAX_RECORD_BYTES,
    STRAY_QUOTE,
    TOO_LONG,
    UNCLOSED_QUOTE,
    CsvReader,
    Fault,
    field_offsets,
)
from local_aws.redshift.rows.file_rows import FileRows
from local_aws.redshift.rows.marks import Shape


class Record(NamedTuple):
    line: int
    raw: bytes
    fields: list[bytes | None]
    fault: Fault | None = None


def read(data: bytes, step: int = 0, skip_lines: int = 0, delimiter: bytes = b",", quote: bytes = b'"') -> list[Record]:
    """All records by the exact reader, where the rows that came in pieces of ``step`` bytes begin."""
    file = FileRows(Shape(delimiter, quote, width=2), CsvReader(delimiter, quote), skip_lines)
    step = step or len(data) or 1
    found = []
    for at in range(0, len(data) + 1, step):
        piece = data[at : at + step]
        for rows in file.feed(piece, final=not piece or at + step > len(data)):
            lines = file.lines_of(rows, np.arange(len(rows.starts))).tolist()
            for row, line in enumerate(lines):
                record = file.record(rows, row)
                assert record.stop == rows.stops[row]
                found.append(Record(line, record.raw, record.fields, record.fault))
    return found


CASES = [
    (b"1,a\n2,b\n", [Record(1, b"1,a", [b"1", b"a"]), Record(2, b"2,b", [b"2", b"b"])]),
    (b"1,a\r\n2,b", [Record(1, b"1,a", [b"1", b"a"]), Record(2, b"2,b", [b"2", b"b"])]),
    (b'1,"a\r\nb"\r\n2,c\n', [Record(1, b'1,"a\r\nb"', [b"1", b"a\r\nb"]), Record(3, b"2,c", [b"2", b"c"])]),
    (b'1,"a""b",c\n', [Record(1, b'1,"a""b",c', [b"1", b'a"b', b"c"])]),
    (b'"",""""\n', [Record(1, b'"",""""', [b"", b'"'])]),
    (b"a\rb,c\n", [Record(1, b"a\rb,c", [b"a\rb", b"c"])]),
    (b"\n1\n\n", [Record(1, b"", [b""], EMPTY_LINE), Record(2, b"1", [b"1"]), Record(3, b"", [b""], EMPTY_LINE)]),
    (b"", []),
    (b'ab"c,1\n2,d\n', [Record(1, b'ab"c,1', [], STRAY_QUOTE), Record(2, b"2,d", [b"2", b"d"])]),
    (b'"a"b,1\n2,d\n', [Record(1, b'"a"b,1', [], STRAY_QUOTE), Record(2, b"2,d", [b"2", b"d"])]),
    (b'1,"he said "hi"\n5,6\n', [Record(1, b'1,"he said "hi"', [], STRAY_QUOTE), Record(2, b"5,6", [b"5", b"6"])]),
    (b'1,"abc\n2,"def",6\n3,x\n', [Record(1, b'1,"abc\n2,"def",6', [], STRAY_QUOTE), Record(3, b"3,x", [b"3", b"x"])]),
    (b' "a,b" \t,c\n2,d\n', [Record(1, b' "a,b" \t,c', [b"a,b", b"c"]), Record(2, b"2,d", [b"2", b"d"])]),
    (b'1, "a\nb"\n', [Record(1, b'1, "a', [], STRAY_QUOTE), Record(2, b'b"', [], STRAY_QUOTE)]),
    (b'0,x\n1,"abc\n2,d\n', [Record(1, b"0,x", [b"0", b"x"]), Record(2, b'1,"abc\n2,d', [], UNCLOSED_QUOTE)]),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_records(data: bytes, expected: list[Record]) -> None:
    for step in (0, 1, 2, 3):
        assert read(data, step) == expected


def test_any_text_in_any_pieces_reads_as_with_pythons_csv_module() -> None:
    draw = random.Random(20190101)  # noqa: S311
    good = 0
    for _ in range(5000):
        data = bytes(draw.choice(b'ab,"\n ') for _ in range(draw.randint(0, 18)))
        found = read(data)
        assert read(data, draw.randint(1, 4)) == found, data
        expected = list(csv.reader(io.StringIO(data.decode(), newline="")))
        assert len(expected) == len(found), data
        for fields, record in zip(expected, found):
            # Blanks around quotes are left out by COPY alone.
            if record.fault is None and not re.search(b' "|" ', record.raw):
                assert [(field or b"").decode() for field in record.fields] == fields, data
                good += 1
    assert good > 1000  # the comparison compared something


def test_header_lines_count_but_are_not_read() -> None:
    data = b'a,"unclosed\nb\n1,2\n'
    assert read(data, 2, skip_lines=2) == [Record(3, b"1,2", [b"1", b"2"])]
    assert read(b"header alone", skip_lines=1) == []


def test_other_quotes_and_delimiters() -> None:
    assert read(b"|a;|||;b\n", delimiter=b";", quote=b"|") == [Record(1, b"|a;|||;b", [b"a;|", b"b"])]


@pytest.mark.parametrize("opening", [b'"', b""])
def test_a_record_beyond_the_limit_is_refused_and_reading_goes_on(opening: bytes) -> None:
    data = b"0,x\n" + opening + b"y" * (MAX_RECORD_BYTES + 300_000) + b'"\n2,z\n'
    first, long, last = read(data, 256 * 1024)
    assert (first.fields, last) == ([b"0", b"x"], Record(3, b"2,z", [b"2", b"z"]))
    assert (long.line, long.fault, len(long.raw)) == (2, TOO_LONG, 1024)


@pytest.mark.parametrize("step", [100_000, 1_000_000, 10_000_000])
def test_an_overlong_record_ends_at_the_same_place_in_any_pieces(step: int) -> None:
    data = b'0,x\n1,"' + b"y\n" * (MAX_RECORD_BYTES // 2 + 10) + b'",z\n2,z\n'
    first, long, *rest = read(data, step)
    assert (first.line, long.line, long.fault) == (1, 2, TOO_LONG)
    assert [record.raw for record in rest] == [b"y"] * 11 + [b'",z\n2,z']
    assert rest[0].line == MAX_RECORD_BYTES // 2 + 1


def test_an_unclosed_quote_costs_linear_time() -> None:
    (record,) = read(b'"' + b'""a' * 300_000)
    assert record.fault in (UNCLOSED_QUOTE, STRAY_QUOTE)


@pytest.mark.parametrize(
    ("raw", "offsets"), [(b"a,bc,d", [0, 2, 5]), (b'"a,b",c', [0, 6]), (b"", [0]), (b'a,"x""y",', [0, 2, 9])]
)
def test_where_fields_begin(raw: bytes, offsets: list[int]) -> None:
    assert list(field_offsets(raw, b",", b'"')) == offsets
