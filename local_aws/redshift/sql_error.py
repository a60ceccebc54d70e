"""Errors that the endpoint raises in PostgreSQL's terms."""

from __future__ import annotations

FEATURE_NOT_SUPPORTED = "0A000"
INSUFFICIENT_PRIVILEGE = "42501"
SYNTAX_ERROR = "42601"
QUERY_CANCELED = "57014"
UNDEFINED_OBJECT = "42704"
UNDEFINED_TABLE = "42P01"
UNDEFINED_COLUMN = "42703"
INTERNAL_ERROR = "XX000"  # what Redshift gives for nearly everything that goes wrong in a COPY


class SqlError(Exception):
    """An error for the client: an SQLSTATE, a message and perhaps a detail."""

    def __init__(self, sqlstate: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


def unsupported(what: str) -> SqlError:
    """Return the refusal of something that Redshift may know and this endpoint does not."""
    return SqlError(FEATURE_NOT_SUPPORTED, f"{what} is not supported by the local endpoint")
