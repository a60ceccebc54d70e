"""One record of a CSV file after the other, as Redshift's COPY reads them: RFC 4180 over bytes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-csv
Where a record ends that breaks the rules of quoting is unverified; here it ends where the lenient ``csv`` module of
Python ends it, so that a reader of the same file who uses that module counts the same records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_RECORD_BYTES = 4 * 1024 * 1024  # https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-max-row.html
KEPT_OF_TOO_LONG = 1024  # no system table shows more


class Fault(NamedTuple):
    """Why a record or value is refused: a code of STL_LOAD_ERRORS and its words."""

    code: int
    reason: str


class Record(NamedTuple):
    """One record: where the next one begins, its bytes without the line end, and its fields.

    A field that stands for NULL is None. The fields of a record that breaks the rules (it has a fault) mean nothing.
    """

    stop: int
    raw: bytes
    fields: list[bytes | None]
    fault: Fault | None = None


# Which of its codes Redshift gives the first two is unverified; the words are its own.
STRAY_QUOTE = Fault(1216, "Invalid quote formatting for CSV")
UNCLOSED_QUOTE = Fault(1214, "Delimited value missing end quote")
TOO_LONG = Fault(1216, f"Record is longer than {MAX_RECORD_BYTES} bytes")
EMPTY_LINE = Fault(1211, "Line is empty")


class CsvReader:
    """Reads single records: exact, and slow."""

    def __init__(self, delimiter: bytes, quote: bytes, null: bytes | None = None) -> None:
        self._delimiter, self._quote, self._null = delimiter, quote, null
        d, q = re.escape(delimiter), re.escape(quote)
        # The quoted part is written without nested repetition, so that an unclosed one fails in linear time.
        inner = b"[^%s]*(?:%s%s[^%s]*)*" % (q, q, q, q)
        # "When a field is enclosed in quotes, white space between the delimiters and the quote characters is ignored."
        self._blanks = b" \t".replace(delimiter, b"")
        self._quoted = re.compile(b"%s(%s)%s[%s]*(%s|\r?\n|\\Z)" % (q, inner, q, self._blanks, d))
        self._lenient = re.compile(b"(?:%s%s%s)?[^%s\n]*(%s|\n|\\Z)" % (q, inner, q, d, d))
        self._unclosed = re.compile(b"%s[^%s]*(?:%s%s[^%s]*)*\\Z" % (q, q, q, q, q))

    def record(self, data: bytes, start: int, *, final: bool) -> Record | None:
        """Return the record that begins at ``start``, or None when more bytes are needed; the last are ``final``."""
        fields: list[bytes | None] = []
        stop, fault = self._fields(data, start, fields)
        if fault:
            stop, fields = self._lenient_end(data, stop), []
        complete = stop >= 0 and data[stop - 1 : stop] == b"\n" and fault is not UNCLOSED_QUOTE
        if complete or final:
            stop = stop if stop >= 0 else len(data)
            raw = without_line_end(data[start:stop])
            if len(raw) <= MAX_RECORD_BYTES:
                return Record(stop, raw, fields, fault or (None if raw else EMPTY_LINE))
        return too_long(data, start, final=final)

    def _fields(self, data: bytes, at: int, fields: list[bytes | None]) -> tuple[int, Fault | None]:
        """Read the fields of one record; return where it ends, or where and why it breaks the rules."""
        mark, delimiter = self._quote, self._delimiter
        while True:
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            quote = data.find(mark, at, stop)
            if quote < 0:  # no quote in the rest of the record
                fields += self._unquoted(data[at:stop].removesuffix(b"\r"))
                return min(stop + 1, len(data)), None
            before, blanks = data[at:quote], b""
            if before and not before.endswith(delimiter):
                before, blanks = self._without_blanks(before)
                if before and not before.endswith(delimiter):
                    return at, STRAY_QUOTE
            if before:
                fields += self._unquoted(before[:-1])
                at += len(before)
            match = self._quoted.match(data, quote)
            # Python's csv module sees no quotes behind blanks: it would find another end of the record in these.
            if blanks and (match is None or b"\n" in match.group(1) or delimiter + mark in match.group()):
                return at, STRAY_QUOTE
            if match is None:
                return at, UNCLOSED_QUOTE if self._unclosed.match(data, at) else STRAY_QUOTE
            value, terminator = match.groups()
            fields.append(value.replace(mark + mark, mark) if mark in value else value)
            at = match.end()
            if terminator != delimiter:
                return at, None

    def _without_blanks(self, text: bytes) -> tuple[bytes, bytes]:
        rest = text.rstrip(self._blanks)
        return rest, text[len(rest) :]

    def _unquoted(self, text: bytes) -> list[bytes | None]:
        """Return fields without quotes; only there the null string is no text."""
        fields = text.split(self._delimiter)
        return [None if field == self._null else field for field in fields]

    def _lenient_end(self, data: bytes, at: int) -> int:
        """Return where a record with broken quotes ends: at the first line end outside what still reads as quotes."""
        while True:
            match = None if self._unclosed.match(data, at) else self._lenient.match(data, at)
            if match is None:
                return -1  # not before the end of what is here
            at = match.end()
            if match.group(1) != self._delimiter:
                return at


def too_long(data: bytes, start: int, *, final: bool) -> Record | None:
    """Return a record that has grown too long; it ends with the line in which it did."""
    if len(data) - start <= MAX_RECORD_BYTES:
        return None
    end = data.find(b"\n", start + MAX_RECORD_BYTES)
    if end < 0 and not final:
        return None
    return Record(end + 1 if end >= 0 else len(data), data[start : start + KEPT_OF_TOO_LONG], [], TOO_LONG)


def without_line_end(line: bytes) -> bytes:
    """Return a line without its line feed, or carriage return and line feed."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def field_offsets(raw: bytes, delimiter: bytes, quote: bytes | None) -> Iterator[int]:
    """Return where each field of a record begins, in bytes."""
    inside = False
    yield 0
    mark, split = ord(quote) if quote else -1, ord(delimiter)
    for at, byte in enumerate(raw):
        if byte == mark:
            inside = not inside
        elif byte == split and not inside:
            yield at + 1
