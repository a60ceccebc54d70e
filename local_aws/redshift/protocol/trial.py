"""Asks PostgreSQL whether it finds all names of a statement, and changes the places where it does not (names.py)."""

from __future__ import annotations

from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.backend import FAILED, IN_TRANSACTION, Backend
from local_aws.redshift.sql import names
from local_aws.redshift.sql_error import QUERY_CANCELED, SqlError

NO_TYPES = b"\0\0"
MOST_PLACES = 500  # an alias may stand for others, each of them twice: such a text would grow without an end
_NAME = b"local_endpoint_trial"
_CLOSE = wire.Message(b"C", b"S" + _NAME + b"\0").encode()
_UNDO = f"ROLLBACK TO SAVEPOINT {_NAME.decode()}"


def with_known_names(backend: Backend, sql: str, types: bytes = NO_TYPES) -> str:
    """Return one statement as PostgreSQL understands its names, the same string where it does so already.

    ``types`` are those of its parameters as a Parse message has them. PostgreSQL only parses here, and a transaction
    goes on as if it had not been asked.
    """
    if not names.doubtful(sql):
        return sql
    head, body = names.split_view(sql)
    known = body
    with backend.taken():
        if backend.status == FAILED:
            return sql
        block = backend.status == IN_TRANSACTION
        if block:
            backend.query(f"SAVEPOINT {_NAME.decode()}")
        for _ in range(MOST_PLACES):
            error = _parse(backend, known, types)
            if error and block:
                backend.query(_UNDO)
            if error.get("C") == QUERY_CANCELED:
                known = backend.refusal(SqlError(QUERY_CANCELED, error["M"]))
                head = ""
                break
            changed = names.mended(known, error)
            if changed is None:
                break
            known = changed
        if block:
            backend.query(f"{_UNDO}; RELEASE SAVEPOINT {_NAME.decode()}")
    return sql if known is body else head + known


def _parse(backend: Backend, sql: str, types: bytes) -> dict[str, str]:
    """Return the fields of PostgreSQL's error, none if it understands the statement."""
    backend.expect_ready()
    backend.send(wire.parse(_NAME, sql, types) + _CLOSE + wire.SYNC)
    error = backend.drain().error
    return wire.report_fields(next(wire.messages(error)).body) if error else {}
