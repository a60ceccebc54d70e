"""A value of a file as its column's type: what COPY takes, and what is wrong with what it does not take.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html and
https://docs.aws.amazon.com/redshift/latest/dg/automatic-recognition.html. A form that AWS says nothing of is wrong.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Callable, NamedTuple, Sequence

from warehouse import records
from warehouse.model import Column, Source

REPLACEMENT = "\ufffd"

_INTEGERS = {"SMALLINT": 15, "INTEGER": 31, "BIGINT": 63}
_SIZED = re.compile(r"(?P<name>VARCHAR|CHAR|DECIMAL)\((?P<size>\d+)(?:,\s*(?P<scale>\d+))?\)")
_INTEGER = re.compile(r"-?[0-9]{1,40}")
_DECIMAL = re.compile(r"-?(?=\.?[0-9])[0-9]*(?:\.[0-9]*)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?", re.ASCII)
_TRUTH = {**dict.fromkeys(("t", "true", "y", "yes", "1"), True), **dict.fromkeys(("f", "false", "n", "no", "0"), False)}
_EPOCH = datetime(1970, 1, 1)


class BadValue(ValueError):
    """A value that does not fit its column; the text says why."""


class Fault(NamedTuple):
    """What is wrong with a record: in which column (None: the record as a whole), and why."""

    column: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}" if self.column else self.reason


def parse(column: Column, text: str | None, time_format: str, *, by_hand: bool = False) -> object:
    """The value as psycopg2 gives it back; an empty one is None, as COPY's EMPTYASNULL has it.

    ``time_format`` is the file's ("auto" or "epochmillisecs"); ``by_hand``: a date and time is taken too where the file
    has epoch milliseconds, since a person wrote it. Raises BadValue.
    """
    if not text:
        if column.required:
            raise BadValue("is empty, and must not be")
        return None
    if "\0" in text:
        raise BadValue("has a NUL byte")
    sized = _SIZED.fullmatch(column.type)
    if sized and sized["name"] == "DECIMAL":
        return _decimal(text, int(sized["size"]), int(sized["scale"] or 0))
    if sized:
        return _text(text, int(sized["size"]))
    if column.type in _INTEGERS:
        return _integer(text, column.type)
    if column.type == "TIMESTAMP" and time_format == "epochmillisecs" and not (by_hand and "-" in text[1:]):
        return _epoch(text)
    return _PLAIN[column.type](text)


def parse_record(source: Source, raw: bytes) -> tuple[tuple[object, ...], list[Fault]]:
    """The values of a record of the source's file, and why COPY refuses it: nothing, if it takes it."""
    found = records.fields(raw)
    if not records.is_well_formed(raw):
        return (), [Fault(None, "quotes are broken")]
    if len(found) != len(source.columns):
        return (), [Fault(None, f"{len(found)} fields, not {len(source.columns)}")]
    return _parse_all(source, found, by_hand=False)


def parse_row(source: Source, texts: Sequence[str | None]) -> tuple[tuple[object, ...], list[Fault]]:
    """The values of a row that a person has mended, and what is still wrong with it."""
    return _parse_all(source, texts, by_hand=True)


def parse_mended(source: Source, raw: bytes) -> tuple[object, ...]:
    """The values of a mended record, CSV, that was put back once and so has no fault."""
    return parse_row(source, [field.decode("utf-8") for field in records.fields(raw)])[0]


def _parse_all(
    source: Source, texts: Sequence[str | bytes | None], *, by_hand: bool
) -> tuple[tuple[object, ...], list[Fault]]:
    found: list[object] = []
    faults: list[Fault] = []
    for column, text in zip(source.columns, texts):
        try:
            decoded = text.decode("utf-8") if isinstance(text, bytes) else text
            found.append(parse(column, decoded, source.time_format, by_hand=by_hand))
        except UnicodeDecodeError:
            faults.append(Fault(column.name, "is not UTF-8"))
        except BadValue as bad:
            faults.append(Fault(column.name, f"{shown(decoded)} {bad}" if decoded else str(bad)))
    return tuple(found), faults


def shown(text: str | None, most: int = 40) -> str:
    """A value for a message: in quotes, short, on one line."""
    return repr(text if text is None or len(text) <= most else text[: most - 1] + "…")


def _integer(text: str, kind: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadValue(f"is no {kind}")
    limit = 1 << _INTEGERS[kind]
    if not -limit <= int(text) < limit:
        raise BadValue(f"is too large for {kind}")
    return int(text)


def _decimal(text: str, precision: int, scale: int) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise BadValue(f"is no DECIMAL({precision},{scale})")
    whole, _, fraction = text.partition(".")
    if len(whole.lstrip("-0")) > precision - scale:
        raise BadValue(f"is too large for DECIMAL({precision},{scale})")
    return Decimal(f"{whole}.{fraction[:scale]}0")  # cut, as COPY does, not rounded


def _text(text: str, size: int) -> str:
    length = len(text.encode("utf-8"))
    if length > size:
        raise BadValue(f"is {length} bytes long, {size} fit")
    return text


def _epoch(text: str) -> datetime:
    try:
        if _INTEGER.fullmatch(text):
            return _EPOCH + timedelta(milliseconds=int(text))
    except OverflowError as error:
        raise BadValue("is beyond the year 9999") from error
    raise BadValue("is no number of milliseconds since 1970")


def _moment(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    try:
        if match:
            whole = datetime.strptime(f"{match[1]} {match[2] or '00:00:00'}", "%Y-%m-%d %H:%M:%S")
            return whole.replace(microsecond=int((match[3] or "0").ljust(6, "0")))
    except ValueError as error:
        raise BadValue("is no such moment") from error
    raise BadValue("is no date and time like 2019-01-31 23:59:59")


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise BadValue("is no date like 2019-01-31") from error


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise BadValue("is neither true nor false")
    return _TRUTH[text.lower()]


_PLAIN: dict[str, Callable[[str], object]] = {"TIMESTAMP": _moment, "DATE": _date, "BOOLEAN": _boolean}
