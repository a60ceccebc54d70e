"""A column's values from a CSV file: which Redshift's COPY refuses, and the others as PostgreSQL's COPY takes them.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html. Where AWS says nothing of a
form of a value it is refused: a refused row can be mended, but nobody later finds a row that a real cluster refuses.
Codes: https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html; most of the words are unverified.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from local_aws.redshift import scalars
from local_aws.redshift.csv_records import Fault
from local_aws.redshift.scalars import BadValue
from local_aws.redshift.sql_error import unsupported

NULL = b"\\N"
MISSING = Fault(1213, "Missing data for not-null field")

_ESCAPES = re.compile(rb"[\\\t\r\n\b\f\v]")
_ESCAPED = {b"\\": b"\\\\", b"\t": b"\\t", b"\r": b"\\r", b"\n": b"\\n", b"\b": b"\\b", b"\f": b"\\f", b"\v": b"\\v"}


@dataclass(frozen=True)
class Column:
    """A column of the table to load: its name, PostgreSQL type and declared size."""

    name: str
    type: str
    length: int = 0
    scale: int = 0
    not_null: bool = False

    @property
    def stl_length(self) -> str:
        """The length as STL_LOAD_ERRORS writes it."""
        if self.type == "numeric":
            return f"{self.length}, {self.scale}"
        return str(self.length) if self.type in ("varchar", "bpchar") else "0"


class Format(NamedTuple):
    """The options of a COPY that say how a value reads."""

    time_format: str | None = None
    date_format: str | None = None
    empty_as_null: bool = False
    blanks_as_null: bool = False


Converted = tuple["list[bytes]", "dict[int, Fault]"]
Converter = Callable[["list[bytes]"], Converted]


def converter(column: Column, form: Format) -> Converter:
    """Return the function that turns one column's values into PostgreSQL's text form, and names the bad ones."""
    if column.type in ("varchar", "bpchar"):
        return lambda values: _texts(values, column, form)
    convert = _scalar(column, form)
    fast = _FAST.get("int8" if form.time_format == "epochmillisecs" and "stamp" in column.type else column.type)

    def convert_all(values: list[bytes]) -> Converted:
        # One regular expression over the joined column is several times as fast as a call for each value. A value
        # that holds a line end itself would read as two.
        joined = b"\n".join(values)
        if fast and joined.count(b"\n") == len(values) - 1 and fast.fullmatch(joined):
            whole = values if column.type in scalars.INTEGERS else scalars.epoch_milliseconds(values)
            if whole is not None:
                return whole, {}
        return _each(values, convert, MISSING if column.not_null else None)

    return convert_all


_FAST = {
    "int2": re.compile(rb"(?:-?[0-9]{1,4}\n)*-?[0-9]{1,4}"),
    "int4": re.compile(rb"(?:-?[0-9]{1,9}\n)*-?[0-9]{1,9}"),
    "int8": re.compile(rb"(?:-?[0-9]{1,18}\n)*-?[0-9]{1,18}"),
}


def _scalar(column: Column, form: Format) -> Callable[[bytes], bytes]:
    if column.type in scalars.INTEGERS:
        return lambda value: scalars.integer(value, column.type)
    if column.type == "numeric":
        return lambda value: scalars.decimal(value, column.length, column.scale)
    if column.type in ("float4", "float8"):
        return lambda value: scalars.floating(value, column.type)
    if column.type == "bool":
        return scalars.boolean
    if column.type == "date":
        return lambda value: scalars.date(value, form.date_format)
    if column.type in ("timestamp", "timestamptz"):
        return lambda value: scalars.timestamp(value, form.time_format, with_zone=column.type == "timestamptz")
    raise unsupported(f"COPY into a column of type {column.type.upper()}")


def _each(values: list[bytes], convert: Callable[[bytes], bytes], missing: Fault | None) -> Converted:
    faults: dict[int, Fault] = {}
    # Dates, flags and small numbers repeat: each form is converted once a batch.
    seen: dict[bytes, bytes | Fault] = {}
    result: list[bytes] = []
    for row, value in enumerate(values):
        outcome = seen.get(value)
        if outcome is None:
            outcome = seen[value] = _one(value, convert, missing)
        if isinstance(outcome, Fault):
            faults[row] = outcome
            outcome = NULL
        result.append(outcome)
    return result, faults


def _one(value: bytes, convert: Callable[[bytes], bytes], missing: Fault | None) -> bytes | Fault:
    if not value:
        return missing or NULL
    if b"\0" in value:
        return nul_byte()
    try:
        return convert(value)
    except BadValue as bad:
        return Fault(bad.code, bad.reason)


def _texts(values: list[bytes], column: Column, form: Format) -> Converted:
    """Check text: first the whole column, since nearly all columns pass, else value by value."""
    joined = b"\n".join(values)
    plain = _is_utf8(joined) and b"\0" not in joined and (column.type == "varchar" or joined.isascii())
    nulls = (form.empty_as_null and b"" in values) or form.blanks_as_null
    if plain and not nulls and max(map(len, values), default=0) <= column.length:
        if joined.count(b"\n") == len(values) - 1 and not re.search(rb"[\\\t\r\b\f\v]", joined):
            return values, {}
        return [escape(value) for value in values], {}
    faults: dict[int, Fault] = {}
    result = []
    for row, value in enumerate(values):
        outcome = _text(value, column, form)
        if isinstance(outcome, Fault):
            faults[row] = outcome
            outcome = NULL
        result.append(outcome)
    return result, faults


def _text(value: bytes, column: Column, form: Format) -> bytes | Fault:
    if (form.empty_as_null and not value) or (form.blanks_as_null and value and not value.strip(b" \t")):
        return MISSING if column.not_null else NULL
    if b"\0" in value:
        return nul_byte()
    if not _is_utf8(value):
        return bad_utf8(value)
    if column.type == "bpchar" and not value.isascii():
        # https://docs.aws.amazon.com/redshift/latest/dg/multi-byte-character-load-errors.html
        bad = " ".join(f"{byte:02x}" for byte in value if byte > 127)
        return Fault(1220, f"Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {bad}")
    if len(value) > column.length:
        kind = "String" if column.type == "varchar" else "Char"
        return Fault(1204, f"{kind} length exceeds DDL length")
    return escape(value)


def nul_byte() -> Fault:
    """Return the fault of a value with a NUL byte, which no type can hold."""
    return Fault(1218, "Invalid null byte - field longer than 1 byte")


def bad_utf8(value: bytes) -> Fault:
    """Return the fault of bytes that are not UTF-8, with the first of them."""
    try:
        value.decode()
    except UnicodeDecodeError as error:
        bad = " ".join(f"{byte:02x}" for byte in value[error.start : max(error.end, error.start + 1)])
        number = 2 if "end of data" in error.reason else 4 if "continuation" in error.reason else 3
        text = (
            f"String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: {bad} (error {number})"
        )
        return Fault(1220, text)
    raise ValueError("these bytes are UTF-8")


def _is_utf8(value: bytes) -> bool:
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def escape(value: bytes) -> bytes:
    """Return text as the text format of PostgreSQL's COPY writes it."""
    return _ESCAPES.sub(lambda match: _ESCAPED[match.group()], value)
