"""Rows that Redshift refused: found by their COPY, moved into the error table, counted against the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Sequence

from psycopg2 import sql

from warehouse import ddl, ledger
from warehouse.model import MONTH_COLUMN, Column, Table
from warehouse.redshift import Cursor, delete_month, table_exists

_SHOWN = 10


@dataclass(frozen=True)
class Reject:
    """One refused record as ``stl_load_errors`` tells of it; ``raw_line`` is cut at 1,024 bytes by Redshift."""

    filename: str
    line_number: int
    colname: str
    col_type: str
    raw_line: str
    raw_field_value: str
    err_code: int
    err_reason: str


_FIELDS = tuple(Reject.__dataclass_fields__)
# Redshift pads its CHAR columns with blanks.
_OF_COPY = """
SELECT RTRIM(filename), line_number, RTRIM(colname), RTRIM(type), RTRIM(raw_line), RTRIM(raw_field_value), err_code,
       RTRIM(err_reason)
FROM stl_load_errors
WHERE query = %s
"""
_SET_ASIDE = (
    """
INSERT INTO {errors} ({fields}, copy_query_id, load_month)
SELECT refused.*, %s, %s::DATE FROM ("""
    + _OF_COPY
    + """) AS refused
"""
)


def error_table(table_name: str) -> Table:
    """``<table>_errors``: what Redshift said of each refused record. Several months may stand in it."""
    return Table(
        f"{table_name}_errors",
        (
            Column(MONTH_COLUMN, "DATE", "day one of the month of the file", required=True),
            Column("filename", "VARCHAR(256)", "the file", required=True),
            Column("line_number", "BIGINT", "its line, as Redshift counts", required=True),
            Column("colname", "VARCHAR(127)", "the column that was refused"),
            Column("col_type", "VARCHAR(16)", "its type"),
            Column("raw_line", "VARCHAR(4096)", "the record, cut at 1,024 bytes by Redshift"),
            Column("raw_field_value", "VARCHAR(4096)", "the value that was refused"),
            Column("err_code", "INTEGER", "Redshift's number of the reason"),
            Column("err_reason", "VARCHAR(512)", "the reason"),
            Column("copy_query_id", "BIGINT", "the COPY that refused it"),
            Column("created_at", "TIMESTAMP DEFAULT SYSDATE", "when it was set aside, UTC"),
        ),
        sortkey=(MONTH_COLUMN,),
    )


def of_copy(cursor: Cursor, query_id: int) -> list[Reject]:
    """The records that this COPY refused, in the file's order.

    https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
    """
    cursor.execute(_OF_COPY + " ORDER BY line_number", (query_id,))
    return [Reject(*row) for row in cursor.fetchall()]


def settle(cursor: Cursor, entry: ledger.Entry, recorded_by: str) -> ledger.Entry:
    """Set this copy's refused rows aside once, and say where the file stands: the ledger's new row. Does not commit.

    ``entry`` is the newest row of the ledger for the table and month. The new row is ``settled`` when no refused row
    is left and every record of the file is in staging, else ``refused`` with the reason as its detail.
    """
    errors = error_table(entry.table_name)
    refused = entry.refused
    if entry.status == ledger.LOADED:
        refused = _set_aside(cursor, entry, errors)
    waiting = _count_month(cursor, errors.name, entry.load_month) if table_exists(cursor, errors.name) else 0
    staged = _count_month(cursor, entry.table_name, entry.load_month)
    problem = _problem(entry, errors.name, waiting, staged)
    status = ledger.REFUSED if problem else ledger.SETTLED
    repaired = max(0, staged - (entry.loaded or 0))
    return replace(entry, status=status, refused=refused, repaired=repaired, detail=problem, recorded_by=recorded_by)


def report(cursor: Cursor, entry: ledger.Entry) -> str:
    """What Redshift said of this copy, as a table for the task's log."""
    return as_text(of_copy(cursor, entry.copy_query_id)) if entry.copy_query_id else ""


def as_text(rejects: Sequence[Reject]) -> str:
    """The first ten refused records, one a line, then how many for each reason."""
    lines = [
        f"  {reject.filename} line {reject.line_number}: {reject.colname or '(whole record)'} ({reject.col_type}):"
        f" {reject.raw_field_value[:60]!r}: {reject.err_reason} ({reject.err_code})"
        for reject in rejects[:_SHOWN]
    ]
    if len(rejects) > _SHOWN:
        lines.append(f"  … and {len(rejects) - _SHOWN} more")
    reasons = Counter(reject.err_reason for reject in rejects)
    return "\n".join(lines + [f"  {count} x {reason}" for reason, count in reasons.most_common()])


def _set_aside(cursor: Cursor, entry: ledger.Entry, errors: Table) -> int:
    cursor.execute("SELECT COUNT(*) FROM stl_load_errors WHERE query = %s", (entry.copy_query_id,))
    refused = int(cursor.fetchone()[0])
    if refused:
        cursor.execute(ddl.create_table(errors))
    if refused or table_exists(cursor, errors.name):
        delete_month(cursor, errors.name, entry.load_month)
    if refused:
        statement = sql.SQL(_SET_ASIDE).format(errors=sql.Identifier(errors.name), fields=ddl.identifiers(_FIELDS))
        cursor.execute(statement, (entry.copy_query_id, entry.load_month, entry.copy_query_id))
    return refused


def _problem(entry: ledger.Entry, errors_name: str, waiting: int, staged: int) -> str | None:
    problems = []
    if waiting:
        problems.append(
            f"{waiting} refused rows of {entry.load_month} stand in {errors_name}. Mend them, insert them into"
            f" {entry.table_name}, delete them there (or drop the table), then clear stl_check and its downstream."
        )
    nowhere = (entry.records or 0) - staged - waiting - entry.discarded
    if nowhere:
        balance = f"{nowhere} rows are nowhere" if nowhere > 0 else f"{-nowhere} rows are too many"
        problems.append(
            f"{balance}: {entry.s3_url} has {entry.records} records; {entry.table_name} has {staged} rows of"
            f" {entry.load_month}, {waiting} wait in {errors_name}, {entry.discarded} were discarded."
            " Clear the load task to load the file anew."
        )
    return " ".join(problems) or None


def _count_month(cursor: Cursor, table_name: str, load_month: str) -> int:
    cursor.execute(
        sql.SQL("SELECT COUNT(*) FROM {} WHERE {} = %s").format(
            sql.Identifier(table_name), sql.Identifier(MONTH_COLUMN)
        ),
        (load_month,),
    )
    return int(cursor.fetchone()[0])
