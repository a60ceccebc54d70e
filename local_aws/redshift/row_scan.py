"""The rows of a piece of a file, found for all of it at once: which are plain, and where their fields stand.

A row is regular if nothing in it can be understood in two ways: as many fields as the table has columns, quotes by
RFC 4180, valid UTF-8, no NUL byte. All others are for the exact reader, one by one.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.csv_records import MAX_RECORD_BYTES, Record
from local_aws.redshift.text_records import BACKSLASH, escaped

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

LINE_FEED, RETURN = 10, 13
# Rows this near to either end of a piece are never regular, so that values may be looked at eight bytes at a time.
EDGE_BYTES = 24
# Bytes are checked for UTF-8 in pieces of about this size: a bad one costs a second look at its piece.
UTF8_PIECE_BYTES = 32 * 1024


class Reader(Protocol):
    """Reads one record exactly."""

    def record(self, data: bytes, start: int, *, final: bool) -> Record | None:
        """Return the record that begins at ``start``, or None when more bytes are needed."""


@dataclass(frozen=True)
class Shape:
    """How the rows of a file are written: one byte each for delimiter and quote, and the number of fields.

    ``reserved`` bytes mean something to PostgreSQL that they do not mean in the file. With ``escape`` a backslash takes
    away what the next byte means.
    """

    delimiter: bytes
    quote: bytes | None
    width: int
    reserved: bytes = b""
    escape: bool = False


@dataclass
class Rows:
    """Complete rows, side by side. Positions count from the beginning of ``data``.

    ``begin`` and ``end`` hold the fields of regular rows, one array a column, without their quotes; ``quoted`` says
    which had them (None: not one).
    """

    data: bytes
    starts: Positions
    stops: Positions  # where the next row begins
    ends: Positions  # before the line end
    regular: Flags
    begin: Positions
    end: Positions
    quoted: Flags | None
    line_feeds: Positions

    @property
    def consumed(self) -> int:
        """How many bytes these rows are."""
        return int(self.stops[-1]) if len(self.stops) else 0

    def first_line_end(self) -> bytes:
        """How the first regular row ends; nothing if there is none."""
        row = int(self.regular.argmax())
        return self.data[self.ends[row] : self.stops[row]] if self.regular[row] else b""


class _Marks:
    """Every byte of a piece that may end a field or row, in order: where it stands and what it is."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        self.bytes = np.frombuffer(data, np.uint8)
        wanted = (self.bytes == shape.delimiter[0]) | (self.bytes == LINE_FEED)
        self.has_quotes = shape.quote is not None and shape.quote in data
        self.has_returns = b"\r" in data
        if self.has_quotes and shape.quote:
            wanted |= self.bytes == shape.quote[0]
        if self.has_returns:
            wanted |= self.bytes == RETURN
        self.at = np.flatnonzero(wanted)
        self.kind = self.bytes[self.at]


def scan(data: bytes, shape: Shape, reader: Reader, *, final: bool) -> Rows:
    """Return the complete rows of ``data``, which begins where a row does; the last bytes of a file are ``final``."""
    marks = _Marks(data, shape)
    line_feeds = marks.at[marks.kind == LINE_FEED]
    broken: list[tuple[int, int]] = []
    if marks.has_quotes and shape.quote:
        broken, limit = _broken_records(data, marks, shape, reader, final=final)
        outside, separating = _outside_quotes(marks, shape.quote[0], broken, limit)
    else:
        outside = np.ones(len(marks.at), np.bool_)
        separating = marks.kind != RETURN if marks.has_returns else outside
    if shape.escape and BACKSLASH in data:
        separating = separating & ~_escaped_marks(data, marks)
    separators = marks.at[separating]
    feeds = np.flatnonzero(marks.kind[separating] == LINE_FEED)
    stops = separators[feeds] + 1
    starts = np.concatenate(([0], stops))[:-1]
    ends = stops - 1
    if marks.has_returns:
        ends = ends - ((marks.bytes[ends - 1] == RETURN) & (ends > starts))
    counts = np.diff(feeds, prepend=-1)
    regular = (counts == shape.width) & (ends > starts)
    regular &= (starts >= EDGE_BYTES) & (stops <= len(data) - EDGE_BYTES)
    for start, _ in broken:
        regular[np.searchsorted(starts, start)] = False
    _mark_odd_bytes(data, shape, stops, regular)
    if marks.has_returns:
        bare = marks.at[outside & (marks.kind == RETURN)]
        bare = bare[marks.bytes.take(bare + 1, mode="clip") != LINE_FEED]
        mark_rows(regular, stops, bare)
    rows = Rows(data, starts, stops, ends, regular, starts, starts, None, line_feeds)
    _cut_at_overlong(rows, reader, final=final)
    regular = rows.regular
    separators = separators[np.repeat(regular, counts[: len(regular)]).nonzero()]
    _set_fields(rows, marks, shape, separators.reshape(-1, shape.width))
    return rows


def _escaped_marks(data: bytes, marks: _Marks) -> Flags:
    behind_backslash = (marks.bytes[marks.at - 1] == BACKSLASH[0]) & (marks.at > 0)
    found = np.zeros(len(marks.at), np.bool_)
    for mark in np.flatnonzero(behind_backslash).tolist():
        found[mark] = escaped(data, int(marks.at[mark]))
    return found


def _set_fields(rows: Rows, marks: _Marks, shape: Shape, separators: Positions) -> None:
    rows.end = np.ascontiguousarray(separators.T)
    rows.begin = np.empty_like(rows.end)
    rows.begin[0] = rows.starts[rows.regular]
    rows.begin[1:] = rows.end[:-1] + 1
    rows.end[-1] = rows.ends[rows.regular]
    if marks.has_quotes and shape.quote:
        # The byte after an empty field is a separator, never a quote.
        rows.quoted = marks.bytes.take(rows.begin, mode="clip") == shape.quote[0]
        rows.begin += rows.quoted
        rows.end -= rows.quoted


def _broken_records(
    data: bytes, marks: _Marks, shape: Shape, reader: Reader, *, final: bool
) -> tuple[list[tuple[int, int]], int]:
    """Return the spans of records whose quotes break the rules, and up to where rows can be told at all.

    A quote outside quotes must follow a separator (or the quote that it doubles), one inside must come before one.
    Which is which alternates, and begins anew after each broken record: so both cases are worked out beforehand.
    """
    quotes = marks.at[marks.kind == (shape.quote or b"")[0]]
    mark, delimiter = (shape.quote or b"")[0], shape.delimiter[0]
    before = marks.bytes[quotes - 1]
    before[quotes == 0] = LINE_FEED
    after = _byte_at(marks.bytes, quotes + 1)
    opens = (before == delimiter) | (before == LINE_FEED) | (before == mark)
    closes = (after == delimiter) | (after == LINE_FEED) | (after == mark)
    if marks.has_returns:
        closes |= (after == RETURN) & (_byte_at(marks.bytes, quotes + 2) == LINE_FEED)
    opening = np.arange(len(quotes)) % 2 == 0
    bad = [np.flatnonzero(~np.where(opening == first, opens, closes)) for first in (True, False)]
    if not len(bad[0]):
        return [], len(data)
    return _broken_spans(data, quotes.tolist(), bad, marks, reader, final=final)


def _broken_spans(
    data: bytes, quotes: list[int], bad: list[Positions], marks: _Marks, reader: Reader, *, final: bool
) -> tuple[list[tuple[int, int]], int]:
    spans: list[tuple[int, int]] = []
    candidates = [found.tolist() for found in bad]
    line_feeds = marks.at[marks.kind == LINE_FEED].tolist()
    first, base = 0, 0  # the first quote and the first byte after the last broken record
    while True:
        wrong = candidates[first % 2]
        found = bisect_left(wrong, first)
        if found == len(wrong):
            return spans, len(data)
        start = _row_start(quotes, line_feeds, first, base, quotes[wrong[found]])
        record = reader.record(data, start, final=final)
        if record is None or data[record.stop - 1 : record.stop] != b"\n":
            return spans, start
        base = record.stop
        spans.append((start, base))
        first = bisect_left(quotes, base)


def _row_start(quotes: list[int], line_feeds: list[int], first: int, base: int, at: int) -> int:
    """Return where the row begins that ``at`` stands in: after the last line feed before it that is outside quotes."""
    feed = bisect_left(line_feeds, at) - 1
    while feed >= 0 and line_feeds[feed] >= base:
        if (bisect_left(quotes, line_feeds[feed]) - first) % 2 == 0:
            return line_feeds[feed] + 1
        feed -= 1
    return base


def _byte_at(data: NDArray[np.uint8], at: Positions) -> NDArray[np.uint8]:
    """Return the bytes at these positions, and line feeds beyond the end, where everything is still open."""
    found = data.take(at, mode="clip")
    found[at >= len(data)] = LINE_FEED
    return found


def _outside_quotes(marks: _Marks, quote: int, broken: list[tuple[int, int]], limit: int) -> tuple[Flags, Flags]:
    """Return which marks stand outside quotes, and which of them separate fields or rows."""
    is_quote = marks.kind == quote
    spans = [np.searchsorted(marks.at, span) for span in broken]
    for first, last in spans:
        is_quote[first:last] = False
    # Only odd or even matters, and counting modulo 256 keeps that.
    outside = (np.cumsum(is_quote, dtype=np.uint8) & 1) == 0
    separating = outside & (marks.kind != quote) & (marks.kind != RETURN)
    for first, last in spans:
        separating[first : last - 1] = False  # but for the line feed that ends it
        outside[first:last] = False
    outside[marks.at >= limit] = False
    separating[marks.at >= limit] = False
    return outside, separating


def _mark_odd_bytes(data: bytes, shape: Shape, stops: Positions, regular: Flags) -> None:
    for byte in (0, *shape.reserved, *(BACKSLASH if shape.escape else b"")):
        if byte in data:
            mark_rows(regular, stops, np.flatnonzero(np.frombuffer(data, np.uint8) == byte))
    if data.isascii():
        return
    begin, view = 0, memoryview(data)
    consumed = int(stops[-1]) if len(stops) else 0
    while begin < consumed:
        row = min(int(np.searchsorted(stops, begin + UTF8_PIECE_BYTES)), len(stops) - 1)
        end = int(stops[row])
        try:
            codecs.utf_8_decode(view[begin:end], "strict", True)
        except UnicodeDecodeError as error:
            row = int(np.searchsorted(stops, begin + error.start, "right"))
            regular[row] = False
            end = int(stops[row])
        begin = end


def mark_rows(regular: Flags, stops: Positions, positions: Positions) -> None:
    """Take the rows in which these bytes stand out of the regular ones."""
    rows = np.searchsorted(stops, positions, "right")
    regular[rows[rows < len(regular)]] = False


def _cut_at_overlong(rows: Rows, reader: Reader, *, final: bool) -> None:
    """End the rows with the first that is too long: it ends elsewhere than its quotes say."""
    overlong = np.flatnonzero(rows.ends - rows.starts > MAX_RECORD_BYTES)
    if not len(overlong):
        return
    row = int(overlong[0])
    record = reader.record(rows.data, int(rows.starts[row]), final=final)
    assert record is not None  # a row that long is complete with the line end that follows
    kept = slice(0, row + 1)
    rows.starts, rows.stops, rows.ends = rows.starts[kept], rows.stops[kept].copy(), rows.ends[kept]
    rows.stops[row] = record.stop
    rows.regular = rows.regular[kept]
    rows.regular[row] = False
