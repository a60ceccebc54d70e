"""Records of a CSV file as Redshift's COPY reads them: RFC 4180 over bytes, each with its line number and raw bytes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-csv
Where a record ends that breaks the rules of quoting is unverified; here it ends where the lenient ``csv`` module of
Python ends it, so that a reader of the same file who uses that module counts the same records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_RECORD_BYTES = 4 * 1024 * 1024  # https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-max-row.html


class Fault(NamedTuple):
    """Why a record or value is refused: a code of STL_LOAD_ERRORS and its words."""

    code: int
    reason: str


@dataclass
class Records:
    """Records side by side: the line each begins at (from 1), its bytes without the line end, and its fields.

    ``faults`` says by position which ones break the rules; their fields mean nothing. One list each, since an object a
    record would cost more than reading it.
    """

    lines: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    fields: list[list[bytes]] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)

    def add(self, line: int, raw: bytes, fields: list[bytes], fault: Fault | None = None) -> None:
        """Take in one record."""
        if fault:
            self.faults[len(self.raws)] = fault
        self.lines.append(line)
        self.raws.append(raw)
        self.fields.append(fields)


# Which of its codes Redshift gives the first two is unverified; the words are its own.
STRAY_QUOTE = Fault(1216, "Invalid quote formatting for CSV")
UNCLOSED_QUOTE = Fault(1214, "Delimited value missing end quote")
TOO_LONG = Fault(1216, f"Record is longer than {MAX_RECORD_BYTES} bytes")
EMPTY_LINE = Fault(1211, "Line is empty")


class CsvReader:
    """Cuts the bytes of one file into records, whatever the pieces in which they come."""

    def __init__(self, delimiter: str = ",", quote: str = '"', skip_lines: int = 0) -> None:
        self._delimiter, self._quote = delimiter.encode(), quote.encode()
        d, q = re.escape(self._delimiter), re.escape(self._quote)
        # The quoted part is written without nested repetition, so that an unclosed one fails in linear time.
        inner = b"[^%s]*(?:%s%s[^%s]*)*" % (q, q, q, q)
        self._quoted = re.compile(b"%s(%s)%s(%s|\r?\n|\\Z)" % (q, inner, q, d))
        self._lenient = re.compile(b"(?:%s%s%s)?[^%s\n]*(%s|\n|\\Z)" % (q, inner, q, d, d))
        self._unclosed = re.compile(b"%s[^%s]*(?:%s%s[^%s]*)*\\Z" % (q, q, q, q, q))
        self._skip_lines = skip_lines
        self._tail = b""
        self._line = 1
        self._overlong = False

    def feed(self, chunk: bytes, *, final: bool = False) -> Records:
        """Return the records that are complete with this piece; the last piece is ``final``."""
        data = self._tail + chunk
        at = self._skip_header(data, final=final)
        records = Records()
        while at < len(data):
            end = data.find(b"\n", at)
            if end < 0 and not final:
                break
            end = len(data) if end < 0 else end
            if self._quote not in data[at:end] and not self._overlong:
                at = self._plain_lines(data, at, records, final=final)
                continue
            record_end = self._quoted_record(data, at, records, final=final)
            if record_end < 0:
                break
            at = record_end
        self._tail = data[at:]
        if len(self._tail) > MAX_RECORD_BYTES:
            self._begin_overlong(records)
        return records

    def _skip_header(self, data: bytes, *, final: bool) -> int:
        """Header lines are lines of text, whatever quotes they hold."""
        at = 0
        while self._skip_lines:
            end = data.find(b"\n", at)
            if end < 0:
                return len(data) if final else at
            at, self._skip_lines, self._line = end + 1, self._skip_lines - 1, self._line + 1
        return at

    def _plain_lines(self, data: bytes, at: int, records: Records, *, final: bool) -> int:
        """Read all lines up to the first one with a quote: each is a record, and splitting it is all there is to do."""
        quote = data.find(self._quote, at)
        end = data.rfind(b"\n", at, quote if quote >= 0 else len(data)) + 1
        if final and quote < 0:
            end = len(data)
        text = data[at:end]
        raws = text.removesuffix(b"\n").split(b"\n")
        if b"\r" in text:
            raws = [raw.removesuffix(b"\r") for raw in raws]
        if b"" in raws:
            first = len(records.raws)
            records.faults.update((first + index, EMPTY_LINE) for index, raw in enumerate(raws) if not raw)
        delimiter = self._delimiter
        records.raws += raws
        records.fields += [raw.split(delimiter) for raw in raws]
        records.lines += range(self._line, self._line + len(raws))
        self._line += len(raws)
        return end

    def _quoted_record(self, data: bytes, start: int, records: Records, *, final: bool) -> int:
        """Read one record that has quotes; return where the next one begins, or -1 when more bytes are needed."""
        if self._overlong:
            return self._end_overlong(data, start)
        fields: list[bytes] = []
        at, fault = self._fields(data, start, fields)
        if fault:
            at = self._lenient_end(data, at)
            fields = []
        if not final and (at < 0 or data[at - 1 : at] != b"\n" or fault is UNCLOSED_QUOTE):
            return -1
        at = len(data) if at < 0 else at
        raw = data[start:at]
        lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        records.add(self._line, raw.removesuffix(b"\n").removesuffix(b"\r"), fields, fault)
        self._line += lines
        return at

    def _fields(self, data: bytes, at: int, fields: list[bytes]) -> tuple[int, Fault | None]:
        """Read the fields of one record; return where it ends, or where and why it breaks the rules."""
        mark, delimiter = self._quote, self._delimiter
        while True:
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            quote = data.find(mark, at, stop)
            if quote < 0:  # no quote in the rest of the record
                fields += data[at:stop].removesuffix(b"\r").split(delimiter)
                return min(stop + 1, len(data)), None
            if quote > at:
                if data[quote - 1 : quote] != delimiter:
                    return at, STRAY_QUOTE
                fields += data[at : quote - 1].split(delimiter)
                at = quote
            match = self._quoted.match(data, at)
            if match is None:
                return at, UNCLOSED_QUOTE if self._unclosed.match(data, at) else STRAY_QUOTE
            value, terminator = match.groups()
            fields.append(value.replace(mark + mark, mark) if mark in value else value)
            at = match.end()
            if terminator != delimiter:
                return at, None

    def _lenient_end(self, data: bytes, at: int) -> int:
        """Return where a record with broken quotes ends: at the first line end outside what still reads as quotes."""
        while True:
            match = None if self._unclosed.match(data, at) else self._lenient.match(data, at)
            if match is None:
                return -1  # not before the end of what is here
            at = match.end()
            if match.group(1) != self._delimiter:
                return at

    def _begin_overlong(self, records: Records) -> None:
        if not self._overlong:
            records.add(self._line, self._tail[:1024], [], TOO_LONG)
        self._overlong = True
        # Reading goes on at the next line end; what came before it only counts for the line numbers.
        self._line += self._tail.count(b"\n")
        self._tail = b""

    def _end_overlong(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            return len(data)
        self._overlong = False
        self._line += 1
        return end + 1


def field_offsets(raw: bytes, delimiter: str, quote: str) -> Iterator[int]:
    """Return where each field of a record begins, in bytes."""
    inside, at = False, 0
    yield 0
    mark, split = ord(quote), ord(delimiter)
    for at, byte in enumerate(raw):
        if byte == mark:
            inside = not inside
        elif byte == split and not inside:
            yield at + 1
