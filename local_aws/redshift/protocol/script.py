"""A string of several statements, run one by one where one of them is the endpoint's own to do."""

from __future__ import annotations

from collections.abc import Callable

from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.backend import IDLE, IN_TRANSACTION, Backend
from local_aws.redshift.protocol.trial import with_known_names
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql.statement import Script, Statement

Send = Callable[[bytes], None]
Copy = Callable[[CopyStatement], bool]


class ScriptRun:
    """Runs a script as PostgreSQL runs a string: as one transaction, unless the string itself says otherwise.

    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
    ``copy`` does a COPY from S3, tells the client, and returns whether it worked.
    """

    def __init__(self, backend: Backend, send: Send, copy: Copy) -> None:
        self._backend = backend
        self._send = send
        self._copy = copy
        self._implicit = False

    def run(self, script: Script) -> None:
        """Run all of it up to the first error, and say that we are ready."""
        worked = True
        for statement in script:
            worked = self._statement(statement, alone=len(script) == 1)
            if not worked:
                break
        if self._implicit:
            self._end("COMMIT" if worked else "ROLLBACK")
        self._send(wire.ready_for_query(self._backend.status))

    def _statement(self, statement: Statement | CopyStatement, *, alone: bool) -> bool:
        self._backend.wait()
        begins = isinstance(statement, Statement) and statement.head in ("begin", "start")
        if begins and self._implicit:
            self._implicit = False
            self._send(wire.command_complete("BEGIN"))
            return True
        if self._backend.status == IDLE and not alone and not begins:
            self._own("BEGIN")
            self._implicit = True
        if isinstance(statement, CopyStatement):
            return self._copy(statement)
        known = with_known_names(self._backend, statement.sql)
        self._backend.expect_ready(statement.sql, hidden=True)
        self._backend.send(wire.query(known))
        self._backend.wait()
        if self._backend.failed:
            return False
        if self._backend.status == IDLE:
            self._implicit = False  # it was a COMMIT
        return statement.head != "truncate" or commit_truncate(self._backend, self._send)

    def _end(self, how: str) -> None:
        error = self._own(how)
        if error:
            self._send(error)

    def _own(self, sql: str) -> bytes | None:
        with self._backend.taken():
            return self._backend.query(sql).error


def commit_truncate(backend: Backend, send: Send) -> bool:
    """Commit the transaction block that a TRUNCATE ran in, and begin the next one; return whether that worked.

    TRUNCATE commits the transaction in which it is run: https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html.
    That a new one begins is said of procedures alone (stored-procedure-transaction-management.html).
    """
    if backend.status != IN_TRANSACTION:
        return True
    with backend.taken():
        error = backend.query("COMMIT AND CHAIN").error
    if error:
        send(error)
    return not error
