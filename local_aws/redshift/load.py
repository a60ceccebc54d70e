"""The rows of a COPY: records of its files become PostgreSQL's COPY text, refused ones become load errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from local_aws.redshift.columns import Column, Format, converter
from local_aws.redshift.copy_statement import CopyStatement
from local_aws.redshift.csv_records import CsvReader, Fault, Records, field_offsets
from local_aws.redshift.s3_source import S3Object

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
            yield self._batch(reader.feed(chunk), count)
        yield self._batch(reader.feed(b"", final=True), count)

    def _batch(self, records: Records, count: FileCount) -> tuple[bytes, list[LoadError]]:
        """Return the good rows as PostgreSQL's COPY text, and what is wrong with each of the others."""
        width, bad = len(self._columns), {}
        for row, found in enumerate(records.fields):
            if len(found) != width or row in records.faults:
                bad[row] = self._structure_error(records, row, count.url)
        whole = [row for row in range(len(records.raws)) if row not in bad] if bad else range(len(records.raws))
        fields = [records.fields[row] for row in whole] if bad else records.fields
        columns = []
        for index, values in enumerate(zip(*fields)):
            converted, faults = self._converters[index](list(values))
            columns.append(converted)
            for at, fault in faults.items():
                if whole[at] not in bad:
                    bad[whole[at]] = self._value_error(records, whole[at], index, fault, count.url)
        texts = list(map(b"\t".join, zip(*columns)))
        if bad:
            texts = [text for row, text in zip(whole, texts) if row not in bad]
        count.lines += len(records.raws)
        count.errors += len(bad)
        self.rows += len(texts)
        return b"\n".join([*texts, b""]), [bad[row] for row in sorted(bad)]

    def _structure_error(self, records: Records, row: int, url: str) -> LoadError:
        width, found = len(self._columns), len(records.fields[row])
        fault = records.faults.get(row)
        if fault or found > width:
            return LoadError(url, records.lines[row], records.raws[row], fault or EXTRA_COLUMNS)
        column = self._columns[found - 1]
        fault = NO_DELIMITER_TEXT if column.type in ("varchar", "bpchar") else NO_DELIMITER
        return self._value_error(records, row, found - 1, fault, url)

    def _value_error(self, records: Records, row: int, index: int, fault: Fault, url: str) -> LoadError:
        raw = records.raws[row]
        offsets = field_offsets(raw, self._statement.delimiter, self._statement.quote)
        position = next(islice(offsets, index, None), 0)
        value = records.fields[row][index]
        return LoadError(url, records.lines[row], raw, fault, self._columns[index], value, position)
