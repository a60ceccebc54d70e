"""What STL and SYS tables keep of a load, written on a connection of its own so that it survives a rollback."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

import psycopg2

from local_aws.postgres import Postgres
from local_aws.redshift.loading.load import FileCount
from local_aws.redshift.rows.batch import LoadError

CUT = 1024
PENDING_ERRORS = 500  # written while PostgreSQL is busy with rows that it has already
PERIOD = ord(".")
# Characters of more than one byte become a period a byte; so does NUL, which PostgreSQL cannot keep.
_PERIODS = bytes(PERIOD if byte == 0 or byte > 127 else byte for byte in range(256))


@dataclass(frozen=True)
class LoadOf:
    """Whose load it is and where it goes."""

    query_id: int
    user_id: int
    session_id: int
    database: str
    transaction_id: int
    table_id: int
    table_name: str
    source: str
    file_format: str


class History:
    """The record of one load, from its begin to its end."""

    def __init__(self, postgres: Postgres, load: LoadOf) -> None:
        self._load = load
        self._connection = postgres.connect(load.database)
        self._connection.autocommit = True
        self._pending: list[str] = []
        self._now: datetime | None = None

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, file_count: int) -> None:
        """Show the load as running."""
        load = self._load
        with self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO pg_local.load_history (user_id, query_id, transaction_id, session_id, database_name,"
                " status, table_name, start_time, data_source, file_format, loaded_rows, loaded_bytes,"
                " source_file_count, source_file_bytes, file_count_scanned, file_bytes_scanned, error_count)"
                " VALUES (%s, %s, %s, %s, %s, 'running', %s, localtimestamp, %s, %s, 0, 0,"
                " %s, 0, 0, 0, 0) RETURNING start_time",
                (
                    *(load.user_id, load.query_id, load.transaction_id, load.session_id, load.database),
                    *(load.table_name, load.source, load.file_format, file_count),
                ),
            )
            row = cursor.fetchone()
            # Begin and end wait for the disk, what is written in between does not.
            cursor.execute("SET synchronous_commit = off")
        assert row is not None  # RETURNING gives a row
        self._now = row[0]

    def refuse(self, errors: Iterable[LoadError]) -> None:
        """Keep refused records; they can be seen from time to time, and all of them after ``end``."""
        self._pending += map(self._error_line, errors)
        if len(self._pending) >= PENDING_ERRORS:
            self._keep_pending()

    def _keep_pending(self) -> None:
        if self._pending:
            with self._connection.cursor() as cursor:
                # Many times as fast as INSERT, and a file may have a hundred thousand of them.
                cursor.copy_expert(_KEEP_ERRORS, io.StringIO("".join(self._pending)))
            self._pending.clear()

    def end(self, status: str, rows: int, files: list[FileCount]) -> None:
        """Show the load as completed or aborted."""
        self._keep_pending()
        size, errors = sum(file.size for file in files), sum(file.errors for file in files)
        with self._connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(
                "UPDATE pg_local.load_history SET status = %s, end_time = localtimestamp,"
                " duration = pg_catalog.extract_numeric('epoch', localtimestamp - start_time) * 1000000,"
                " loaded_rows = %s, loaded_bytes = %s, source_file_bytes = %s, file_count_scanned = %s,"
                " file_bytes_scanned = %s, error_count = %s WHERE query_id = %s",
                (status, rows, size if rows else 0, size, len(files), size, errors, self._load.query_id),
            )

    def commit_files(self, files: list[FileCount]) -> None:
        """Keep one row for every file that was read: https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_COMMITS.html."""
        with self._connection.cursor() as cursor:
            for file in files:
                cursor.execute(
                    "INSERT INTO pg_local.load_commits"
                    " VALUES (%s, %s, 0, '', %s, %s, %s, %s, localtimestamp, 1, 'CSV', 0, 0)",
                    (
                        self._load.user_id,
                        self._load.query_id,
                        file.url[:256],
                        file.size % 2**31,
                        file.lines,
                        file.errors,
                    ),
                )

    def _error_line(self, error: LoadError) -> str:
        column, load = error.column, self._load
        name, kind, length = (column.name, column.type, column.stl_length) if column else ("", "", "")
        values = (
            *(
                load.user_id,
                0,
                load.table_id,
                self._now,
                load.session_id,
                self._load.query_id,
                _escaped(error.url),
                error.line,
            ),
            *(_escaped(name), kind, length, error.position, _escaped(printable(error.raw))),
            *(_escaped(printable(error.value)), error.fault.code, _escaped(error.fault.reason), load.transaction_id),
        )
        return "\t".join(map(str, values)) + "\n"


_KEEP_ERRORS = """
COPY pg_local.load_errors (userid, slice, tbl, starttime, session, query, filename, line_number, colname, type,
  col_length, position, raw_line, raw_field_value, err_code, error_message, transaction_id) FROM STDIN
"""


def printable(raw: bytes) -> str:
    """Return raw bytes as STL_LOAD_ERRORS shows them: its first 1,024, a period for each byte that is not ASCII."""
    return raw[:CUT].translate(_PERIODS).decode("ascii")


def _escaped(text: str) -> str:
    """Return text as the text format of PostgreSQL's COPY writes it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def forget_unfinished(connection: psycopg2.extensions.connection) -> None:
    """Mark loads that were running when their endpoint was killed: their transactions are gone."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_local.load_history SET status = 'aborted' WHERE status = 'running'")
    connection.commit()
