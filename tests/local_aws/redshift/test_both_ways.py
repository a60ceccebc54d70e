"""Rows that are checked many at a time load as they would one by one: same rows, same errors, same lines."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from local_aws.redshift.loading.load import Loader
from local_aws.redshift.loading.s3_source import S3Object
from local_aws.redshift.rows.batch import EXTRA_COLUMNS, NO_DELIMITER, NO_DELIMITER_TEXT
from local_aws.redshift.rows.columns import Column, Value, converter
from local_aws.redshift.rows.copy_text import CopyText
from local_aws.redshift.rows.csv_records import CsvReader, Fault
from local_aws.redshift.rows.marks import Reader
from local_aws.redshift.rows.text_records import TextReader
from local_aws.redshift.sql.copy_statement import CopyStatement

PLAIN = CopyStatement(None, "t", None, "s3://b/k", csv=True, delimiter=",", max_error=100_000)
TEXT = replace(PLAIN, csv=False, delimiter="|")
EPOCH = replace(PLAIN, time_format="epochmillisecs", date_format="auto", empty_as_null=True)
ODD = replace(
    PLAIN, delimiter="|", quote="'", null_as="NA", blanks_as_null=True, fill_record=True, ignore_blank_lines=True
)
STATEMENTS = [
    *(PLAIN, EPOCH, ODD, replace(PLAIN, time_format="epochsecs", ignore_header=1)),
    replace(PLAIN, time_format="auto", date_format="auto"),
    *(replace(EPOCH, null_as="0"), replace(ODD, null_as="7")),
    replace(PLAIN, time_format="MM/DD/YYYY HH:MI:SS", date_format="DD.MM.YYYY"),
    replace(TEXT, time_format="YYYYMMDD HH24", date_format="MON-DD-YYYY", null_as="0"),
    replace(PLAIN, trim_blanks=True, truncate_columns=True, replace_invalid="^", round_decimals=True),
    *(TEXT, replace(TEXT, escape=True), replace(TEXT, escape=True, null_as="", fill_record=True)),
]
COLUMNS = {
    "numbers": [
        Column("a", "int4"),
        Column("b", "int2", not_null=True),
        Column("c", "int8"),
        Column("d", "numeric", 6, 2),
    ],
    "texts": [Column("a", "varchar", 5), Column("b", "varchar", 12, not_null=True), Column("c", "bpchar", 3)],
    "times": [Column("a", "date"), Column("b", "timestamp"), Column("c", "timestamptz"), Column("d", "bool")],
    "floats": [Column("a", "float4"), Column("b", "float8"), Column("c", "numeric", 38, 10)],
    "one": [Column("a", "varchar", 12)],
}
GOOD: dict[str, list[str]] = {
    "int": ["0", "7", "-3", "42", "00012", "32767", "-32768", "123456789", "2147483647", "-2147483648", "99999999"],
    "numeric": ["1", "-1.5", "1234.56", ".5", "5.", "0.129", "00001.2", "9999", "-0", "12345678.123456789"],
    "float": ["1", "1.25", "-.5", "1e3", "0.30000000000000004", "123456789012345678901234", "-0.0"],
    "text": ["", "a", "naïve", "abc", "ab cde", " ", "NA", "\\N", "☃", "x'y", "tab\there", "12"],
    "bool": ["t", "f", "true", "FALSE", "Yes", "no", "1", "0", "True"],
    "date": ["2019-01-31", "2020-02-29", "0001-01-01", "9999-12-31", "20190131"],
    "time": [
        *("2019-01-02 03:04:05", "2019-01-02 03:04:05.6", "2019-01-02 23:59:59.123456", "2019-01-02T03:04:05"),
        *("2019-01-02T03:04:05Z", "2019-01-02T03:04:05.678Z", "2019-01-02 03:04:05.678Z", "17 Dec 07:37:16 1997 PST"),
        *("1546300800", "1546300800123", "-1", "0", "253402300799999", "2019-01-02 03:04:05+02"),
    ],
}
# The same for a DATEFORMAT or TIMEFORMAT.
GOOD_FORMS = {
    "DD.MM.YYYY": ["29.02.2020", "31.12.9999", "01.01.0001", "30.04.2019"],
    "MON-DD-YYYY": ["Jan-31-2019", "february-29-2020", "DEC-31-9999"],
    "MM/DD/YYYY HH:MI:SS": ["01/31/2019 03:04:05", "01/31/2019 03:04:05.5", "12/31/9999 23:59:59"],
    "YYYYMMDD HH24": ["20200229 23", "00010101 00", "20190430 01"],
}
BAD = [
    *("x", "-", ".", "1.2.3", "--1", "1_0", "0x1", "+", "01", "10", "00t", "32768", "2147483648", "-2147483649"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999", "1" * 30),
    *(
        "2019-02-29",
        "1900-02-29",
        "2021-02-29",
        "2019-04-31",
        "2019-13-01",
        "0000-01-01",
        "2019-1-1",
        "2019/01/01",
        "29.02.2019",
        "31.04.2019",
        "00.01.2019",
        "02/29/2019 00:00:00",
        "13/01/2019 00:00:00",
        "01/31/2019 24:00:00",
        "01/31/0000 00:00:00",
        "20190131 2x",
        "2019-01-01 24:00:00",
        "2019-01-01 00:60:00",
    ),
    *("2019-01-01 00:00:00.", "2019-01-01 00:00:00.1234567", "2019-01-01x00:00:00", "2019-01-01 00-00:00", "1e400"),
    *("253402300800000", "-62135596800001", "abcdefghijklm", "ééé", "a\rb", "a\0b", "\x01", "\x02", "a\nb", "१", "-\0"),
]
KINDS = {"int2": "int", "int4": "int", "int8": "int", "numeric": "numeric", "float4": "float", "float8": "float"}
KINDS |= {
    "varchar": "text",
    "bpchar": "text",
    "bool": "bool",
    "date": "date",
    "timestamp": "time",
    "timestamptz": "time",
}


def field(draw: random.Random, column: Column, statement: CopyStatement, oddness: float) -> bytes:
    """One field of a file, mostly good; sometimes with quotes that break the rules."""
    odd = draw.random() < oddness
    kind = KINDS[column.type]
    form = {"date": statement.date_format, "time": statement.time_format}.get(kind) or ""
    text = draw.choice(BAD) if odd else draw.choice(["", *GOOD_FORMS.get(form, GOOD[kind])])
    value, mark = text.encode(), statement.quote.encode()
    if odd and draw.random() < 0.1:
        value += draw.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", mark))
    if not statement.csv:
        return text_field(draw, value, statement)
    special = set(value) & set(b"\r\n" + mark + statement.delimiter.encode())
    if (special and not (odd and draw.random() < 0.2)) or draw.random() < 0.15:
        if draw.random() < 0.1:
            value += draw.choice((mark, statement.delimiter.encode(), b"\r\n"))
        value = mark + value.replace(mark, mark * 2) + mark
        if odd and draw.random() < 0.1:
            value = draw.choice((value[:-1], value + b"x", b" " + value, value + mark, value + b"\r", value + b" "))
    return value


def text_field(draw: random.Random, value: bytes, statement: CopyStatement) -> bytes:
    """A field without quotes; with ESCAPE anything may be escaped, and what means something mostly is."""
    if not statement.escape:
        return value.replace(b"\n", b" ")
    pieces = [value[at : at + 1] for at in range(len(value))]
    marked = [b"\\" + piece if piece in b"|\n\\" and draw.random() < 0.95 else piece for piece in pieces]
    if marked and draw.random() < 0.05:
        marked.insert(draw.randrange(len(marked)), b"\\")
    return value if value == b"\\N" else b"".join(marked)


def file_of(draw: random.Random, columns: list[Column], statement: CopyStatement) -> bytes:
    oddness = draw.choice((0.0, 0.005, 0.05, 0.3))
    line_end = draw.choice((b"\n", b"\r\n"))
    lines = []
    for _ in range(draw.randint(0, 60)):
        fields = [field(draw, column, statement, oddness) for column in columns]
        if draw.random() < oddness / 3:
            fields = draw.choice((fields[:-1], [*fields, b""], []))
        end = (b"\n", b"\r\n", b"\r\r\n")[draw.randrange(3)] if draw.random() < oddness / 3 else line_end
        lines.append(statement.delimiter.encode().join(fields) + end)
    data = b"".join(lines)
    return data.removesuffix(line_end) if draw.random() < 0.3 else data


Error = tuple[int, bytes, Fault, "str | None", bytes, int]


def one_by_one(data: bytes, columns: list[Column], statement: CopyStatement) -> tuple[list[list[Value]], list[Error]]:
    """What the exact reader and the exact converters make of a file."""
    delimiter, null = statement.delimiter.encode(), statement.null_as.encode() or None
    reader: Reader = TextReader(delimiter, null, escape=statement.escape)
    if statement.csv:
        reader = CsvReader(delimiter, statement.quote.encode(), null)
    converters = [converter(column, statement.value_format) for column in columns]
    rows, errors, at, line = [], [], 0, 1
    for _ in range(statement.ignore_header):
        end = data.find(b"\n", at)
        at, line = (end + 1, line + 1) if end >= 0 else (len(data), line)
    while at < len(data):
        record = reader.record(data, at, final=True)
        assert record is not None
        begin, at = at, record.stop
        here, line = line, line + data.count(b"\n", begin, at)
        values = list(record.fields)
        if statement.ignore_blank_lines and not record.raw:
            continue
        if statement.fill_record and not record.fault:
            values += [b"" if column.type == "varchar" else None for column in columns[len(values) :]]
        if record.fault or len(values) > len(columns):
            errors.append((here, record.raw, record.fault or EXTRA_COLUMNS, None, b"", 0))
            continue
        if len(values) < len(columns):
            wrong, fault = len(values) - 1, NO_DELIMITER_TEXT if columns[len(values) - 1].is_text else NO_DELIMITER
        else:
            outcomes = [convert([value])[0] for convert, value in zip(converters, values)]
            faults = [(index, outcome) for index, outcome in enumerate(outcomes) if isinstance(outcome, Fault)]
            if not faults:
                rows.append([outcome for outcome in outcomes if not isinstance(outcome, Fault)])
                continue
            wrong, fault = faults[0]
        shown = values[wrong]
        value = statement.null_as.encode() if shown is None and wrong < len(record.fields) else shown or b""
        errors.append((here, record.raw, fault, columns[wrong].name, value, place(record.raw, wrong, statement)))
    return rows, errors


def place(raw: bytes, index: int, statement: CopyStatement) -> int:
    inside, fields = False, 0
    for at, byte in enumerate(raw):
        if fields == index:
            return at
        if statement.csv and byte == ord(statement.quote):
            inside = not inside
        elif byte == ord(statement.delimiter) and not inside:
            fields += 1
    return len(raw) if fields == index else 0


def many_at_a_time(
    draw: random.Random, data: bytes, columns: list[Column], statement: CopyStatement, seen: Counter[str]
) -> tuple[list[list[Value]], list[Error]]:
    """What the loader makes of a file that comes in pieces."""
    loader = Loader(statement, columns)
    step = draw.choice((1, 7, 50, 200, 100_000))
    chunks = (data[at : at + step] for at in range(0, len(data), step))
    text, errors = b"", []
    for rows, refused in loader.load(S3Object("b", "k", len(data)), chunks):
        text += rows
        errors += [
            (*(one.line, one.raw, one.fault), one.column.name if one.column else None, one.value, one.position)
            for one in refused
        ]
    found = list(postgres_rows(text, loader.text))
    assert len(found) == loader.rows
    assert loader.files[0].lines == loader.rows + len(errors)
    seen.update(rows=len(found), errors=len(errors))
    return found, errors


def postgres_rows(text: bytes, how: CopyText) -> Iterator[list[Value]]:
    """Read rows as the CSV mode of PostgreSQL's COPY does: https://www.postgresql.org/docs/current/sql-copy.html."""
    line_end = b""  # as the first line ends, all must
    row: list[Value] = []
    value, quoted, at = b"", False, 0
    while at < len(text):
        byte = text[at : at + 1]
        if byte == how.quote:
            quoted = True
            end = at + 1
            while text[end : end + 1] != how.quote or text[end + 1 : end + 2] == how.quote:
                end += 1 if text[end : end + 1] != how.quote else 2
            value += text[at + 1 : end].replace(how.quote * 2, how.quote)
            at = end + 1
        elif not line_end and byte in (b"\r", b"\n"):
            line_end = b"\r\n" if byte == b"\r" else byte
        elif byte == how.delimiter or (line_end and text.startswith(line_end, at)):
            row.append(None if value == how.null and not quoted else value)
            value, quoted = b"", False
            if byte != how.delimiter:
                yield row
                row = []
            at += 1 if byte == how.delimiter else len(line_end)
        else:
            assert byte not in (b"\r", b"\n", b"\0")
            value += byte
            at += 1
    assert (row, value) == ([], b"")


def meaning(column: Column, value: Value) -> Any:
    """What PostgreSQL reads of a value: 007 is 7, and .60 is .6."""
    if value is None or column.is_text:
        return value
    text = value.decode()
    if column.type.startswith("int"):
        return int(text)
    if column.type == "numeric":
        return Decimal(text)
    if column.type.startswith("float"):
        return float(text)
    if column.type == "bool":
        return text.lower() in ("t", "true", "y", "yes", "1")
    zone = text[-1:] == "Z" and column.type == "timestamptz"  # a TIMESTAMP has none, whatever the text says
    seconds, _, fraction = text.replace("T", " ").rstrip("Z").partition(".")
    return seconds, fraction.rstrip("0"), zone


def meanings(columns: list[Column], rows: list[list[Value]]) -> list[list[Any]]:
    return [[meaning(column, value) for column, value in zip(columns, row)] for row in rows]


@pytest.mark.parametrize("statement", STATEMENTS, ids=map(str, range(len(STATEMENTS))))
@pytest.mark.parametrize("table", COLUMNS)
def test_any_file_loads_the_same_both_ways(table: str, statement: CopyStatement) -> None:
    draw = random.Random(f"{table} {statement}")  # noqa: S311
    columns, seen = COLUMNS[table], Counter[str]()
    for _ in range(80):
        data = file_of(draw, columns, statement)
        expected_rows, expected_errors = one_by_one(data, columns, statement)
        rows, errors = many_at_a_time(draw, data, columns, statement, seen)
        assert errors == expected_errors, data
        assert meanings(columns, rows) == meanings(columns, expected_rows), data
    assert min(seen["rows"], seen["errors"]) > 30  # enough of both sorts


def test_a_field_that_fillrecord_adds_has_no_value_to_tell() -> None:
    statement = replace(PLAIN, null_as="a", fill_record=True)
    columns = [Column("a", "int4"), Column("b", "int4", not_null=True)]
    _, errors = many_at_a_time(random.Random(1), b"a,a\na\n", columns, statement, Counter())  # noqa: S311
    assert [(line, column, value, position) for line, _, _, column, value, position in errors] == [
        (1, "b", b"a", 2),
        (2, "b", b"", 0),
    ]
