"""Every byte of a piece of a file that may end a field or row, and which of them do: quotes are told apart here."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.rows.csv_records import Record
from local_aws.redshift.rows.text_records import BACKSLASH, escaped

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

LINE_FEED, RETURN = 10, 13


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


class Marks:
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


def told_apart(
    data: bytes, marks: Marks, shape: Shape, reader: Reader, *, final: bool
) -> tuple[Flags, Flags, list[tuple[int, int]]]:
    """Return which marks stand outside quotes, which of those separate fields or rows, and the broken records."""
    broken: list[tuple[int, int]] = []
    if marks.has_quotes and shape.quote:
        broken, limit = _broken_records(data, marks, shape, reader, final=final)
        outside, separating = _outside_quotes(marks, shape.quote[0], broken, limit)
    else:
        outside = np.ones(len(marks.at), np.bool_)
        separating = marks.kind != RETURN if marks.has_returns else outside
    if shape.escape and BACKSLASH in data:
        separating = separating & ~_escaped_marks(data, marks)
    return outside, separating, broken


def _escaped_marks(data: bytes, marks: Marks) -> Flags:
    behind_backslash = (marks.bytes[marks.at - 1] == BACKSLASH[0]) & (marks.at > 0)
    found = np.zeros(len(marks.at), np.bool_)
    for mark in np.flatnonzero(behind_backslash).tolist():
        found[mark] = escaped(data, int(marks.at[mark]))
    return found


def _broken_records(
    data: bytes, marks: Marks, shape: Shape, reader: Reader, *, final: bool
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
    data: bytes, quotes: list[int], bad: list[Positions], marks: Marks, reader: Reader, *, final: bool
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


def _outside_quotes(marks: Marks, quote: int, broken: list[tuple[int, int]], limit: int) -> tuple[Flags, Flags]:
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
