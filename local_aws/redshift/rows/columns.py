"""A column's values from a CSV file: which Redshift's COPY refuses, and the others in PostgreSQL's words.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html. Where AWS says nothing of a
form of a value it is refused: a refused row can be mended, but nobody later finds a row that a real cluster refuses.
Codes: https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html; most of the words are unverified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Optional

from local_aws.redshift.rows import scalars
from local_aws.redshift.rows.csv_records import Fault
from local_aws.redshift.rows.scalars import BadValue
from local_aws.redshift.sql_error import unsupported

MISSING = Fault(1213, "Missing data for not-null field")
BLANKS = b" \t"


@dataclass(frozen=True)
class Column:
    """A column of the table to load: its name, PostgreSQL type and declared size."""

    name: str
    type: str
    length: int = 0
    scale: int = 0
    not_null: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it holds text, for which an empty field is no NULL."""
        return self.type in ("varchar", "bpchar")

    @property
    def stl_length(self) -> str:
        """The length as STL_LOAD_ERRORS writes it."""
        if self.type == "numeric":
            return f"{self.length}, {self.scale}"
        return str(self.length) if self.is_text else "0"


class Format(NamedTuple):
    """The options of a COPY that say how a value reads."""

    time_format: str | None = None
    date_format: str | None = None
    empty_as_null: bool = False
    blanks_as_null: bool = False
    trim_blanks: bool = False
    truncate: bool = False
    replace_invalid: bytes | None = None
    round_decimals: bool = False


Value = Optional[bytes]  # None is NULL
Converter = Callable[["list[Value]"], "list[Value | Fault]"]


def converter(column: Column, form: Format) -> Converter:
    """Return the function that says of each value of a column what PostgreSQL is given for it, or what is wrong."""
    convert = _text_converter(column, form) if column.is_text else _nullable(_scalar(column, form))

    def one(value: Value) -> Value | Fault:
        if value is not None and b"\0" in value:
            return nul_byte()
        try:
            converted = None if value is None else convert(value)
        except BadValue as bad:
            return Fault(bad.code, bad.reason)
        return MISSING if converted is None and column.not_null else converted

    def convert_all(values: list[Value]) -> list[Value | Fault]:
        # Dates, flags and small numbers repeat: each form is converted once a batch.
        outcomes = {value: one(value) for value in set(values)}
        return [outcomes[value] for value in values]

    return convert_all


def _nullable(convert: Callable[[bytes], bytes]) -> Callable[[bytes], Value]:
    # "Blank fields for other data types, such as INT, are always loaded with NULL", says AWS's page of BLANKSASNULL.
    return lambda value: convert(value) if value.strip(BLANKS) else None


def _scalar(column: Column, form: Format) -> Callable[[bytes], bytes]:
    if column.type in scalars.INTEGERS:
        return lambda value: scalars.integer(value, column.type)
    if column.type == "numeric":
        return lambda value: scalars.decimal(value, column.length, column.scale, rounding=form.round_decimals)
    if column.type in ("float4", "float8"):
        return lambda value: scalars.floating(value, column.type)
    if column.type == "bool":
        return scalars.boolean
    if column.type == "date":
        return lambda value: scalars.date(value, form.date_format)
    if column.type in ("timestamp", "timestamptz"):
        return lambda value: scalars.timestamp(value, form.time_format, with_zone=column.type == "timestamptz")
    raise unsupported(f"COPY into a column of type {column.type.upper()}")


def _text_converter(column: Column, form: Format) -> Callable[[bytes], Value]:
    def convert(value: bytes) -> Value:
        if (form.empty_as_null and not value) or (form.blanks_as_null and value and not value.strip(BLANKS)):
            return None
        value = _checked_bytes(value, column, form)
        if form.trim_blanks and column.type == "varchar":
            value = value.rstrip(BLANKS)
        if form.truncate:
            return cut(value, column.length)
        if len(value) > column.length:
            raise BadValue(1204, f"{'String' if column.type == 'varchar' else 'Char'} length exceeds DDL length")
        return value

    return convert


def _checked_bytes(value: bytes, column: Column, form: Format) -> bytes:
    if value.isascii():
        return value
    if not _is_utf8(value):
        if form.replace_invalid is None or column.type == "bpchar":
            fault = bad_utf8(value)
            raise BadValue(fault.code, fault.reason)
        value = _with_replacements(value, form.replace_invalid)
    if column.type == "bpchar" and not value.isascii():
        # https://docs.aws.amazon.com/redshift/latest/dg/multi-byte-character-load-errors.html
        bad = " ".join(f"{byte:02x}" for byte in value if byte > 127)
        raise BadValue(
            1220, f"Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {bad}"
        )
    return value


def _with_replacements(value: bytes, mark: bytes) -> bytes:
    """Put a mark for each byte of what is not UTF-8."""
    at, parts = 0, []
    while True:
        try:
            value[at:].decode()
        except UnicodeDecodeError as error:
            parts += [value[at : at + error.start], mark * (error.end - error.start)]
            at += error.end
        else:
            return b"".join([*parts, value[at:]])


def cut(value: bytes, size: int) -> bytes:
    """Return at most so many bytes of a text, and no half of a character."""
    if len(value) <= size:
        return value
    while size and value[size] & 0xC0 == 0x80:
        size -= 1
    return value[:size]


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
