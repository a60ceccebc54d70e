"""A CSV file on its way to a destination: header, records, and the broken records planted among them."""

from __future__ import annotations

import base64
from bisect import bisect_right
from dataclasses import dataclass
from typing import Sequence

from generator.destination import Sink
from generator.planting import Planted


@dataclass(frozen=True)
class Refused:
    """Where a broken record stands.

    ``line`` is the physical line on which it starts, the header being line 1; ``record`` counts records without the
    header, from 1. ``raw`` is the record without its line end, ``mended`` what it should have said (None: nothing).
    """

    file: str
    line: int
    lines: int
    record: int
    kind: str
    column: str
    raw: bytes
    mended: dict[str, str] | None

    def as_json(self) -> dict[str, object]:
        """The same for the manifest; bytes as base64, since they may be no text."""
        return {**vars(self), "raw": base64.b64encode(self.raw).decode("ascii")}


class CsvFile:
    """Counts what it writes. The students of the rows come in order, and so do those of the broken records."""

    def __init__(self, key: str, sink: Sink, columns: Sequence[str], planted: Sequence[Planted] = ()) -> None:
        self.key = key
        self.rows = self.bytes = self.lines = 0
        self.refused: list[Refused] = []
        self._sink = sink
        self._planted = list(planted)
        self._write(",".join(columns).encode() + b"\n")

    def write(self, rows: list[str], last_student: int) -> None:
        """Write all the records of the students up to ``last_student`` that were not written before."""
        done = 0
        while self._planted and self._planted[0].student <= last_student:
            planted = self._planted.pop(0)
            place = bisect_right(rows, planted.student, lo=done, key=_student)
            self._write_rows(rows[done:place])
            self._write_refused(planted)
            done = place
        self._write_rows(rows[done:] if done else rows)

    def write_block(self, records: bytes, rows: int) -> None:
        """Write records that are put together already, none broken."""
        self.rows += rows
        self._write(records)

    def _write_rows(self, rows: list[str]) -> None:
        self.write_block("".join(rows).encode(), len(rows))

    def _write_refused(self, planted: Planted) -> None:
        raw = planted.kind.raw(planted.record)
        self.rows += 1
        column = planted.kind.column_of(planted.record)
        record = planted.kind.prepared(planted.record)
        mended = dict(zip(record.columns, record.values)) if raw else None
        place = (self.key, self.lines + 1, raw.count(b"\n") + 1, self.rows)
        self.refused.append(Refused(*place, planted.kind.name, column, raw, mended))
        self._write(raw + b"\n")

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self.bytes += len(data)
        self.lines += data.count(b"\n")


def _student(row: str) -> int:
    return int(row[: row.index(",")])
