"""The rows of one file, whatever the pieces in which its bytes come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from local_aws.redshift.rows.csv_records import KEPT_OF_TOO_LONG, MAX_RECORD_BYTES, TOO_LONG, Record
from local_aws.redshift.rows.marks import Positions, Reader, Shape
from local_aws.redshift.rows.row_scan import Rows, scan


class FileRows:
    """Cuts the bytes of one file into rows, and knows on which line it is."""

    def __init__(self, shape: Shape, reader: Reader, skip_lines: int = 0) -> None:
        self._shape, self._reader = shape, reader
        self._skip_lines = skip_lines
        self._tail = b""
        self._in_overlong = False
        self._final = False
        self.line = 1  # of the first byte of the rows that were given last

    def feed(self, chunk: bytes, *, final: bool = False) -> Iterator[Rows]:
        """Yield the rows that are complete with this piece; ``line`` is right until the next ones are asked for."""
        data = self._skip(self._tail + chunk if self._tail else chunk, final=final)
        self._final = final
        while data:
            if not final and len(data) <= MAX_RECORD_BYTES and b"\n" not in data:
                break
            rows = scan(data, self._shape, self._reader, final=final)
            if not rows.consumed:
                if len(data) <= MAX_RECORD_BYTES and not final:
                    break
                rows = self._one_row(rows)
            yield rows
            self.line += int(np.searchsorted(rows.line_feeds, rows.consumed))
            data = data[rows.consumed :]
        self._tail = data

    def record(self, rows: Rows, row: int) -> Record:
        """Read a row exactly."""
        start = int(rows.starts[row])
        record = self._reader.record(rows.data, start, final=self._final)
        if record is None:  # more than fits, and no line end yet
            return Record(len(rows.data), rows.data[start : start + KEPT_OF_TOO_LONG], [], TOO_LONG)
        return record

    def lines_of(self, rows: Rows, chosen: Positions) -> Positions:
        """Return the lines on which these rows begin, counted from 1."""
        return self.line + np.searchsorted(rows.line_feeds, rows.starts[chosen])

    def _skip(self, data: bytes, *, final: bool) -> bytes:
        """Leave out header lines, which may hold any quotes, and the rest of an overlong line."""
        at = 0
        while self._skip_lines or self._in_overlong:
            end = data.find(b"\n", at)
            if end < 0:
                return b"" if final or self._in_overlong else data[at:]
            at, self.line = end + 1, self.line + 1
            if self._in_overlong:
                self._in_overlong = False
            else:
                self._skip_lines -= 1
        return data[at:] if at else data

    def _one_row(self, rows: Rows) -> Rows:
        """Return what is left as one row for the exact reader: a last line without its end, or more than fits."""
        record = self._reader.record(rows.data, 0, final=self._final)
        self._in_overlong = record is None
        stop = np.array([record.stop if record else len(rows.data)])
        return replace(rows, starts=np.zeros(1, np.int64), stops=stop, ends=stop, regular=np.zeros(1, np.bool_))
