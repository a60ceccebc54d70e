"""``load_repairs``: what persons did about records that were refused or failed a check. Rows are added, never changed.

A repair belongs to one version of a file (its ETag). When that version is loaded again its repairs are applied again;
another version leaves them as history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Sequence

from psycopg2 import sql

from warehouse import ddl
from warehouse.error_table import RAW
from warehouse.ledger import Entry
from warehouse.model import Column, Table
from warehouse.redshift import Cursor, insert_rows

PUT_BACK = "put_back"  # the mended record was put into staging
DISCARD = "discard"  # the record was given up
UNACCOUNTED = "unaccounted"  # records that COPY and our own count do not agree on were settled
ACCEPT = "accept"  # a quality check may fail for this file

REPAIRS = Table(
    "load_repairs",
    (
        Column("table_name", "VARCHAR(127)", "the staging table", required=True),
        Column("load_month", "DATE", "day one of the month", required=True),
        Column("etag", "VARCHAR(128)", "the version of the file that it is about", required=True),
        Column("action", "VARCHAR(16)", "put_back, discard, unaccounted or accept", required=True),
        Column("line_number", "BIGINT", "the line of the record; none where it is not about one"),
        Column("raw_record", RAW, "the record's bytes in the file"),
        Column("mended_record", RAW, "the record as it was put back, as CSV"),
        Column("records", "BIGINT", "how many of the file's records are out of the count by it", required=True),
        Column("check_name", "VARCHAR(512)", "the quality check that was accepted"),
        Column("reason", "VARCHAR(4096)", "why"),
        Column("recorded_by", "VARCHAR(512)", "who", required=True),
        Column("recorded_at", "TIMESTAMP DEFAULT SYSDATE", "when, UTC", required=True),
    ),
    sortkey=("load_month", "table_name"),
)


@dataclass(frozen=True)
class Repair:
    """One row. ``records`` is 1 for a discarded record, N for N unaccounted ones, else 0."""

    table_name: str
    load_month: str
    etag: str
    action: str
    recorded_by: str
    line_number: int | None = None
    raw_record: bytes | None = None
    mended_record: bytes | None = None
    records: int = 0
    check_name: str | None = None
    reason: str | None = None


_FIELDS = tuple(Repair.__dataclass_fields__)
_BYTES = ("raw_record", "mended_record")


def create(cursor: Cursor) -> None:
    """Create the table unless it exists."""
    cursor.execute(ddl.create_table(REPAIRS))


def add(cursor: Cursor, repairs: Iterable[Repair]) -> int:
    """Add rows; return how many."""
    into = sql.SQL("load_repairs ({})").format(ddl.identifiers(_FIELDS))
    marks = ["FROM_HEX(%s)" if field in _BYTES else "%s" for field in _FIELDS]
    return insert_rows(cursor, into, f"({', '.join(marks)})", map(_values, repairs))


def of_version(cursor: Cursor, entry: Entry) -> list[Repair]:
    """What was done about this version of the file, oldest first."""
    columns = [
        sql.SQL("TO_HEX({})" if field in _BYTES else "{}").format(sql.Identifier(field))
        for field in _FIELDS
        if field not in ("table_name", "load_month", "etag")
    ]
    cursor.execute(
        sql.SQL(
            "SELECT {} FROM load_repairs WHERE table_name = %s AND load_month = %s AND etag = %s ORDER BY recorded_at"
        ).format(sql.SQL(", ").join(columns)),
        (entry.table_name, entry.load_month, entry.etag),
    )
    about = (entry.table_name, entry.load_month, entry.etag or "")
    return [_repair(about, row) for row in cursor.fetchall()]


def newest_by_line(repairs: Sequence[Repair]) -> dict[int, Repair]:
    """For each record that was put back or discarded, what was done last."""
    return {repair.line_number: repair for repair in repairs if repair.line_number is not None}


def discarded(repairs: Sequence[Repair]) -> int:
    """How many of the file's records are given up, or settled without being anywhere."""
    records = sum(repair.records for repair in newest_by_line(repairs).values())
    return records + sum(repair.records for repair in repairs if repair.action == UNACCOUNTED)


def accepted(repairs: Sequence[Repair]) -> dict[str, Repair]:
    """The quality checks that may fail for this file, by name."""
    return {repair.check_name: repair for repair in repairs if repair.action == ACCEPT and repair.check_name}


def _values(repair: Repair) -> list[object]:
    found = [getattr(repair, field) for field in _FIELDS]
    return [value.hex() if isinstance(value, bytes) else value for value in found]


def _repair(about: tuple[str, str, str], row: Sequence[object]) -> Repair:
    names = [field for field in _FIELDS if field not in ("table_name", "load_month", "etag")]
    found = dict(zip(names, row))
    for field in _BYTES:
        found[field] = bytes.fromhex(str(found[field])) if found[field] is not None else None
    return Repair(*about, **found)  # type: ignore[arg-type]  # as the table's columns say
