"""The rows of a piece of a file, found for all of it at once: which are plain, and where their fields stand.

A row is regular if nothing in it can be understood in two ways: as many fields as the table has columns, quotes by
RFC 4180, valid UTF-8, no NUL byte. All others are for the exact reader, one by one.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np

from local_aws.redshift.rows.csv_records import MAX_RECORD_BYTES
from local_aws.redshift.rows.marks import LINE_FEED, RETURN, Flags, Marks, Positions, Reader, Shape, told_apart
from local_aws.redshift.rows.text_records import BACKSLASH

# Rows this near to either end of a piece are never regular, so that values may be looked at eight bytes at a time.
EDGE_BYTES = 24
# Bytes are checked for UTF-8 in pieces of about this size: a bad one costs a second look at its piece.
UTF8_PIECE_BYTES = 32 * 1024


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


def scan(data: bytes, shape: Shape, reader: Reader, *, final: bool) -> Rows:
    """Return the complete rows of ``data``, which begins where a row does; the last bytes of a file are ``final``."""
    marks = Marks(data, shape)
    outside, separating, broken = told_apart(data, marks, shape, reader, final=final)
    separators = marks.at[separating]
    feeds = np.flatnonzero(marks.kind[separating] == LINE_FEED)
    counts = np.diff(feeds, prepend=-1)
    stops = separators[feeds] + 1
    starts = np.concatenate(([0], stops))[:-1]
    ends = stops - 1
    if marks.has_returns:
        ends = ends - ((marks.bytes[ends - 1] == RETURN) & (ends > starts))
    line_feeds = marks.at[marks.kind == LINE_FEED]
    rows = Rows(data, starts, stops, ends, counts == shape.width, starts, starts, None, line_feeds)
    _take_out_odd_rows(rows, marks, shape, outside, broken)
    _cut_at_overlong(rows, reader, final=final)
    chosen = np.repeat(rows.regular, counts[: len(rows.regular)]).nonzero()
    _set_fields(rows, marks, shape, separators[chosen].reshape(-1, shape.width))
    return rows


def _take_out_odd_rows(rows: Rows, marks: Marks, shape: Shape, outside: Flags, broken: list[tuple[int, int]]) -> None:
    """Leave regular only those rows of the right number of fields in which nothing else is odd."""
    regular = rows.regular
    regular &= rows.ends > rows.starts
    regular &= (rows.starts >= EDGE_BYTES) & (rows.stops <= len(rows.data) - EDGE_BYTES)
    for start, _ in broken:
        regular[np.searchsorted(rows.starts, start)] = False
    _mark_odd_bytes(rows.data, shape, rows.stops, regular)
    if marks.has_returns:
        bare = marks.at[outside & (marks.kind == RETURN)]
        mark_rows(regular, rows.stops, bare[marks.bytes.take(bare + 1, mode="clip") != LINE_FEED])


def _set_fields(rows: Rows, marks: Marks, shape: Shape, separators: Positions) -> None:
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
