"""The rows of a COPY: what its files hold becomes rows for PostgreSQL, refused records become load errors.

Nearly all rows are checked many at a time and passed on as the bytes that they are. What cannot be proved to be plain
goes through the exact reader and converters, one by one; both ways give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from local_aws.redshift.loading.s3_source import S3Object
from local_aws.redshift.rows.batch import Batch, ColumnPlan, LoadError, Plan
from local_aws.redshift.rows.columns import Column
from local_aws.redshift.rows.compressed import plain
from local_aws.redshift.rows.copy_text import CopyText
from local_aws.redshift.rows.csv_records import CsvReader
from local_aws.redshift.rows.file_rows import FileRows
from local_aws.redshift.rows.marks import Reader, Shape
from local_aws.redshift.rows.row_scan import Rows
from local_aws.redshift.rows.text_records import TextReader
from local_aws.redshift.sql.copy_statement import CopyStatement


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
        delimiter, quote = statement.delimiter.encode(), statement.quote.encode() if statement.csv else None
        null = statement.null_as.encode() or None
        self.text = CopyText(delimiter, quote, null)
        self._shape = Shape(delimiter, quote, len(columns), self.text.reserved, escape=statement.escape)
        self._reader: Reader
        if quote:
            self._reader = CsvReader(delimiter, quote, null)
        else:
            self._reader = TextReader(delimiter, null, escape=statement.escape)
        self._compression = statement.compression
        self._skip_lines = statement.ignore_header
        self._plan = Plan(
            columns=[ColumnPlan.of(column, statement.value_format) for column in columns],
            text=self.text,
            quote=quote,
            null=null,
            fill_record=statement.fill_record,
            ignore_blank_lines=statement.ignore_blank_lines,
        )
        self._line_end = b""
        self._limit, self._refused = max(1, statement.max_error), 0
        self.rows = 0
        self.files: list[FileCount] = []

    def load(self, item: S3Object, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, list[LoadError]]]:
        """Yield the rows of one file as PostgreSQL is given them, and the refused records, batch by batch."""
        file = FileRows(self._shape, self._reader, self._skip_lines)
        count = FileCount(item.url)
        self.files.append(count)
        for chunk in plain(chunks, self._compression, item.url):
            count.size += len(chunk)
            for rows in file.feed(chunk):
                yield self._batch(file, rows, count)
        for rows in file.feed(b"", final=True):
            yield self._batch(file, rows, count)

    def _batch(self, file: FileRows, rows: Rows, count: FileCount) -> tuple[bytes, list[LoadError]]:
        if not self._line_end:  # PostgreSQL wants all lines to end as the first one does
            self._line_end = rows.first_line_end() or b"\n"
        batch = Batch(self._plan, file, rows, count.url, self._line_end).run()
        count.lines += batch.lines
        self.rows += batch.lines - len(batch.errors)
        errors = batch.errors[: self._limit - self._refused]
        count.errors += len(errors)
        self._refused += len(errors)
        return batch.text, errors

    @property
    def failed(self) -> bool:
        """Whether errors reached MAXERROR; 0 and 1 both mean the first one."""
        return self._refused >= self._limit
