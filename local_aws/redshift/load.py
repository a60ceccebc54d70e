"""The rows of a COPY: records of its files become PostgreSQL's COPY text, refused ones become load errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from local_aws.redshift.columns import Column, Format, converter
from local_aws.redshift.copy_statement import CopyStatement
from local_aws.redshift.csv_records import CsvReader, Fault, Record, field_offsets
from local_aws.redshift.s3_source import S3Object

BATCH_RECORDS = 4000

EXTRA_COLUMNS = Fault(1202, "Extra column(s) found")
# Seen on clusters as 1214 for VARCHAR; that it is 1201 for other types follows from AWS's list and is unverified.
NO_DELIMITER_TEXT = Fault(1214, "Delimiter not found")
NO_DELIMITER = Fault(1201, "Delimiter not found")


@dataclass(frozen=True)
class LoadError:
    """One refused record: where it stands, what it is, and the first thing wrong with it."""

    url: str
    line: int
    raw: bytes
    fault: Fault
    column: Column | None = None
    value: bytes = b""
    position: int = 0


@dataclass
class FileCount:
    """What was read of one file."""

    url: str
    size: int = 0
    lines: int = 0
    errors: int = 0


class Loader:
    """Turns the bytes of files into rows for one table, and keeps count."""

    def __init__(self, statement: CopyStatement, columns: list[Column]) -> None:
        self._statement = statement
        self._columns = columns
        form = Format(statement.time_format, statement.date_format, statement.empty_as_null, statement.blanks_as_null)
        self._converters = [converter(column, form) for column in columns]
        self.rows = 0
        self.files: list[FileCount] = []

    def load(self, item: S3Object, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, list[LoadError]]]:
        """Yield the rows of one file as PostgreSQL's COPY text, and the refused records, batch by batch."""
        statement = self._statement
        reader = CsvReader(statement.delimiter, statement.quote, statement.ignore_header)
        count = FileCount(item.url)
        self.files.append(count)
        for chunk in chunks:
            count.size += len(chunk)
            yield from self._batches(reader.feed(chunk), count)
        yield from self._batches(reader.feed(b"", final=True), count)

    def _batches(self, records: list[Record], count: FileCount) -> Iterator[tuple[bytes, list[LoadError]]]:
        rest = iter(records)
        while batch := list(islice(rest, BATCH_RECORDS)):
            text, errors, rows = self._batch(batch, count.url)
            count.lines += len(batch)
            count.errors += len(errors)
            self.rows += rows
            yield text, errors

    def _batch(self, batch: list[Record], url: str) -> tuple[bytes, list[LoadError], int]:
        width = len(self._columns)
        whole = [record for record in batch if record.fault is None and len(record.fields) == width]
        errors = []
        if len(whole) < len(batch):
            errors = [
                self._structure_error(record, url) for record in batch if record.fault or len(record.fields) != width
            ]
        if not whole:
            return b"", errors, 0
        columns = []
        bad: dict[int, LoadError] = {}
        for index, values in enumerate(zip(*(record.fields for record in whole))):
            converted, faults = self._converters[index](list(values))
            columns.append(converted)
            for row, fault in faults.items():
                if row not in bad:
                    bad[row] = self._value_error(whole[row], index, fault, url)
        rows = list(map(b"\t".join, zip(*columns)))
        if bad:
            rows = [row for index, row in enumerate(rows) if index not in bad]
            errors = sorted([*errors, *bad.values()], key=lambda error: error.line)
        return b"\n".join([*rows, b""]), errors, len(rows)

    def _structure_error(self, record: Record, url: str) -> LoadError:
        width, found = len(self._columns), len(record.fields)
        if record.fault:
            return LoadError(url, record.line, record.raw, record.fault)
        if found > width:
            return LoadError(url, record.line, record.raw, EXTRA_COLUMNS)
        column = self._columns[found - 1]
        fault = NO_DELIMITER_TEXT if column.type in ("varchar", "bpchar") else NO_DELIMITER
        return self._value_error(record, found - 1, fault, url)

    def _value_error(self, record: Record, index: int, fault: Fault, url: str) -> LoadError:
        offsets = field_offsets(record.raw, self._statement.delimiter, self._statement.quote)
        position = next(islice(offsets, index, None), 0)
        return LoadError(url, record.line, record.raw, fault, self._columns[index], record.fields[index], position)
