"""A COPY from S3, run on the client's own PostgreSQL session and so inside its transaction."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.postgres import Postgres
from local_aws.redshift import wire
from local_aws.redshift.backend import FAILED, IDLE, Backend, SessionLost
from local_aws.redshift.columns import Column
from local_aws.redshift.copy_statement import CopyStatement
from local_aws.redshift.history import History, LoadOf
from local_aws.redshift.load import Loader
from local_aws.redshift.s3_source import Authorize, S3Object, S3Source
from local_aws.redshift.sql_error import INTERNAL_ERROR, UNDEFINED_COLUMN, UNDEFINED_TABLE, SqlError, unsupported

ADMIN_SHUTDOWN = "57P01"


@dataclass(frozen=True)
class Services:
    """What a COPY needs beside its session."""

    postgres: Postgres
    s3_client: Callable[[], Any]
    authorize: Authorize


@dataclass(frozen=True)
class Target:
    """The table to load: its id, whose session it is, and the columns in the order of the file's fields."""

    table_id: int
    user_id: int
    database: str
    transaction_id: int
    columns: list[Column]


class _ServerError(Exception):
    """PostgreSQL itself refused; its own message goes to the client."""

    def __init__(self, message: bytes) -> None:
        super().__init__(wire.report_fields(message[5:]).get("M", ""))
        self.message = message


class S3Copy:
    """One COPY from S3 of one session."""

    def __init__(self, services: Services, backend: Backend, client: socket.socket, statement: CopyStatement) -> None:
        self._services = services
        self._backend = backend
        self._client = client
        self._statement = statement
        self._in_copy = False
        self._alone = backend.status == IDLE

    def run(self) -> bytes:
        """Do the COPY and return all that the client shall be told, ReadyForQuery included."""
        if self._backend.status == FAILED:
            answer = self._backend.query("SELECT 1")
            return (answer.error or b"") + wire.ready_for_query(self._backend.status)
        try:
            answer_text = self._load()
        except SqlError as error:
            self._abort()
            answer_text = wire.error(error.sqlstate, error.message)
        except _ServerError as error:
            answer_text = error.message
        return answer_text + wire.ready_for_query(self._backend.status)

    def _load(self) -> bytes:
        target = self._target()
        loader = Loader(self._statement, target.columns)
        source = S3Source(self._services.s3_client(), self._services.authorize, self._statement)
        objects = source.objects()
        load = LoadOf(
            user_id=target.user_id,
            session_id=self._backend.process_id,
            database=target.database,
            transaction_id=target.transaction_id,
            table_id=target.table_id,
            table_name=self._statement.table,
            source=self._statement.source,
        )
        with History(self._services.postgres, load) as history:
            history.begin(len(objects))
            try:
                self._copy(target, source, objects, loader, history)
            except BaseException:
                history.end("aborted", 0, loader.files)
                raise
            history.end("completed", loader.rows, loader.files)
            return self._report(history, loader)

    def _copy(
        self, target: Target, source: S3Source, objects: list[S3Object], loader: Loader, history: History
    ) -> None:
        """Send the rows; whatever goes wrong before the last one leaves none of them."""
        names = ", ".join(quoted(column.name) for column in target.columns)
        self._begin(f"COPY {self._table()} ({names}) FROM STDIN")
        limit = max(1, self._statement.max_error)
        refused = 0
        for item in objects:
            for text, errors in loader.load(item, source.chunks(item)):
                history.refuse(errors[: limit - refused])
                refused += len(errors)
                if refused >= limit:
                    raise self._failed(history)
                if text and not self._statement.no_load:
                    self._backend.send(wire.copy_data(text))
                self._watch()
        history.commit_files(loader.files)
        self._finish()

    def _failed(self, history: History) -> SqlError:
        """The load failed on its data: the query id is to be known to the session, where no rollback takes it away."""
        self._abort()
        if self._alone:
            self._remember(history.query_id, 0)
        return SqlError(
            INTERNAL_ERROR,
            f"Load into table '{self._statement.table}' failed.  Check 'stl_load_errors' system table for details.",
        )

    def _report(self, history: History, loader: Loader) -> bytes:
        self._remember(history.query_id, loader.rows)
        table, refused = self._statement.table, sum(file.errors for file in loader.files)
        texts = [f"Load into table '{table}' completed, {loader.rows} record(s) loaded successfully."]
        if refused:
            texts.append(
                f"Load into table '{table}' completed, {refused} record(s) could not be loaded."
                "  Check 'stl_load_errors' system table for details."
            )
        return b"".join(wire.notice("INFO", text) for text in texts) + wire.command_complete("COPY")

    def _remember(self, query_id: int, rows: int) -> None:
        answer = self._backend.query(
            f"SELECT set_config('local_endpoint.last_copy_id', '{query_id}', false),"
            f" set_config('local_endpoint.last_copy_count', '{rows}', false)"
        )
        if answer.error:
            raise _ServerError(answer.error)

    def _table(self) -> str:
        schema = f"{quoted(self._statement.schema)}." if self._statement.schema else ""
        return schema + quoted(self._statement.table)

    def _target(self) -> Target:
        """Look the table up as the client's session sees it: a temporary table is visible there alone."""
        answer = self._backend.query(_TARGET.format(table=literal(self._table())))
        if answer.error:
            raise _ServerError(answer.error)
        if not answer.rows:
            raise SqlError(UNDEFINED_TABLE, f"Cannot COPY into nonexistent table {self._statement.table}")
        first = answer.rows[0]
        return Target(
            table_id=int(first[0] or 0),
            user_id=int(first[1] or 0),
            database=first[2] or "",
            transaction_id=int(first[3] or 0),
            columns=chosen_columns([row[4:] for row in answer.rows], self._statement),
        )

    def _begin(self, sql: str) -> None:
        error = self._backend.begin_copy(sql)
        if error:
            raise _ServerError(error)
        self._in_copy = True

    def _finish(self) -> None:
        self._backend.send(wire.COPY_DONE)
        self._in_copy = False
        answer = self._backend.drain()
        if answer.error:
            raise _ServerError(answer.error)

    def _abort(self) -> None:
        """Make PostgreSQL fail too, so that it rolls back or holds the transaction as failed."""
        if self._in_copy:
            self._backend.send(wire.copy_fail("the load failed"))
            self._in_copy = False
            self._backend.drain()
        elif self._backend.status not in (IDLE, FAILED):
            self._backend.query("local_endpoint_abort")

    def _watch(self) -> None:
        """Look, between two batches, whether PostgreSQL gave up (cancelled, disk full) or the client is gone."""
        if not self._backend.inbox.empty():
            message = self._backend.receive()
            self._in_copy = False
            if message.kind == b"E":
                self._backend.drain()
                raise _ServerError(message.encode())
        # Outside BEGIN … END a COPY goes on without its client: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
        if not self._alone and client_gone(self._client):
            raise SessionLost("the client is gone")


# One row a column of the table, or none where there is no such table.
_TARGET = """
SELECT a.attrelid, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),
       current_database(), pg_catalog.txid_current(), a.attname, t.typname, a.atttypmod, a.attnotnull,
       a.atthasdef, a.attidentity
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def chosen_columns(rows: list[tuple[str | None, ...]], statement: CopyStatement) -> list[Column]:
    """Return the columns to load in the order of the fields."""
    columns = {str(row[0]): described_column(row) for row in rows}
    identities = {str(row[0]) for row in rows if row[5]}
    names = statement.columns if statement.columns is not None else tuple(columns)
    for name in names:
        if name not in columns:
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}" of relation "{statement.table}" does not exist')
        if name in identities:
            raise unsupported(f"COPY into the IDENTITY column {name} (leave it out of a column list)")
    for row in rows:
        if row[0] not in names and row[3] == "t" and row[4] != "t" and not row[5]:
            raise SqlError(INTERNAL_ERROR, "NOT NULL column without DEFAULT must be included in column list")
    return [columns[name] for name in names]


def described_column(row: tuple[str | None, ...]) -> Column:
    """Return a column from its row of the catalog; a type modifier holds length plus four, or precision and scale."""
    name, type_name, typmod, not_null = str(row[0]), str(row[1]), int(row[2] or -1), row[3] == "t"
    if type_name == "numeric":
        precision, scale = ((typmod - 4) >> 16, (typmod - 4) & 0x7FF) if typmod >= 4 else (38, 37)
        return Column(name, type_name, precision, scale, not_null)
    return Column(name, type_name, typmod - 4 if typmod >= 4 else 65_535, 0, not_null)


def client_gone(client: socket.socket) -> bool:
    """Whether the client closed its end."""
    readable, _, _ = select.select([client], [], [], 0)
    if not readable:
        return False
    try:
        return not client.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def quoted(name: str) -> str:
    """Return an identifier for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string literal for PostgreSQL in the mode where a backslash escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
