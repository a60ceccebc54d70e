"""A COPY from S3, run on the client's own PostgreSQL session and so inside its transaction."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from local_aws.postgres import Postgres
from local_aws.redshift.loading import memory
from local_aws.redshift.loading.history import History, LoadOf
from local_aws.redshift.loading.load import Loader
from local_aws.redshift.loading.read_ahead import read_ahead
from local_aws.redshift.loading.s3_source import Authorize, S3Object, S3Source
from local_aws.redshift.loading.target import Target, described_target, table_name, target_query
from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.backend import FAILED, IDLE, Backend, SessionLost
from local_aws.redshift.protocol.query_log import QueryLog, Running
from local_aws.redshift.protocol.tls import Stream
from local_aws.redshift.quoting import quoted
from local_aws.redshift.sql import assume_role
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql_error import INSUFFICIENT_PRIVILEGE, INTERNAL_ERROR, QUERY_CANCELED, SqlError


@dataclass(frozen=True)
class Services:
    """What a session needs beside its sockets."""

    postgres: Postgres
    s3_client: Callable[[], Any]
    authorize: Authorize
    query_log: QueryLog
    forbidden: frozenset[str] = frozenset()  # functions of PostgreSQL's that nobody may call
    # By the session's cancel key: PostgreSQL alone cannot cancel a COPY that waits for its data.
    copying: dict[bytes, threading.Event] = field(default_factory=dict)


class _ServerError(Exception):
    """PostgreSQL itself refused; its own message goes to the client."""

    def __init__(self, message: bytes) -> None:
        super().__init__(wire.report_fields(message[5:]).get("M", ""))
        self.message = message


class S3Copy:
    """One COPY from S3 of one session."""

    def __init__(
        self, services: Services, backend: Backend, client: Stream, statement: CopyStatement, running: Running
    ) -> None:
        self._services = services
        self._backend = backend
        self._client = client
        self._statement = statement
        self._running = running
        self._in_copy = False
        self._cancelled = threading.Event()
        self._alone = backend.status == IDLE

    def run(self) -> bytes:
        """Do the COPY and return what the client shall be told, up to CommandComplete or an error."""
        if self._backend.status == FAILED:
            return self._backend.query("SELECT 1").error or b""
        self._services.copying[self._backend.cancel_key] = self._cancelled
        try:
            return self._load()
        except SqlError as error:
            self._abort()
            return wire.error(error.sqlstate, error.message)
        except _ServerError as error:
            return error.message
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            # The connection that keeps the history: it is lost when the whole server is.
            raise SessionLost("PostgreSQL closed the connection") from error
        finally:
            del self._services.copying[self._backend.cancel_key]
            memory.give_back()

    def _load(self) -> bytes:
        target = self._target()
        self._check_role()
        loader = Loader(self._statement, target.columns)
        source = S3Source(self._services.s3_client(), self._services.authorize, self._statement)
        objects = list(read_ahead(source.objects(), self._watch))
        load = LoadOf(
            user_id=target.user_id,
            session_id=self._backend.process_id,
            database=target.database,
            query_id=self._running.number,
            transaction_id=self._running.xid,
            table_id=target.table_id,
            table_name=self._statement.table,
            source=self._statement.source,
            file_format="CSV" if self._statement.csv else "TEXT",  # the second word is unverified
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
        self._begin(f"COPY {table_name(self._statement)} ({names}) FROM STDIN ({loader.text.options()})")
        for item in objects:
            for text, errors in loader.load(item, read_ahead(source.chunks(item), self._watch)):
                history.refuse(errors)
                if loader.failed:
                    raise self._failed(history)
                if text and not self._statement.no_load:
                    self._backend.send(wire.copy_data_header(len(text)))
                    self._backend.send(text)
                self._watch()
        history.commit_files(loader.files)
        self._finish()

    def _failed(self, history: History) -> SqlError:
        """The load failed on its data: the query id is to be known to the session, where no rollback takes it away."""
        self._abort()
        if self._alone:
            self._remember(self._running.number, 0)
        return SqlError(
            INTERNAL_ERROR,
            f"Load into table '{self._statement.table}' failed.  Check 'stl_load_errors' system table for details.",
        )

    def _report(self, history: History, loader: Loader) -> bytes:
        self._remember(self._running.number, loader.rows)
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

    def _target(self) -> Target:
        answer = self._backend.query(target_query(self._statement))
        if answer.error:
            raise _ServerError(answer.error)
        return described_target(answer.rows, self._statement)

    def _check_role(self) -> None:
        """The user must hold ASSUMEROLE; whether the role may read the objects is IAM's to say."""
        role_arn = self._statement.iam_role
        answer = self._backend.query(assume_role.question(role_arn))
        if answer.error:
            raise _ServerError(answer.error)
        if answer.rows != [("t",)]:
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied to assume role {role_arn} for COPY")

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
        """Look, between two batches or while none comes, whether to go on.

        PostgreSQL may have given up (its disk is full), and the client may have cancelled or be gone.
        """
        if not self._backend.inbox.empty():
            message = self._backend.receive()
            self._in_copy = False
            if message.kind == b"E":
                self._backend.drain()
                raise _ServerError(message.encode())
        if self._cancelled.is_set():
            raise SqlError(QUERY_CANCELED, "canceling statement due to user request")
        # Outside BEGIN … END a COPY goes on without its client: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
        if not self._alone and client_gone(self._client):
            raise SessionLost("the client is gone")


def client_gone(client: Stream) -> bool:
    """Whether the client closed its end."""
    readable, _, _ = select.select([client], [], [], 0)
    if not readable:
        return False
    try:
        return not client.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
