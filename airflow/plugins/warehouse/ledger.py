"""The ledger: what became of every file, month and fact. Rows are added and never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Mapping, Sequence

from psycopg2 import sql

from warehouse.ddl import create_table
from warehouse.model import Column, Table
from warehouse.redshift import Cursor

LOADED = "loaded"  # copied into staging; refused rows not looked at yet
REFUSED = "refused"  # rows wait in the error table, or records are nowhere: the degree's facts wait
SETTLED = "settled"  # every record of the file is accounted for
FAILED = "failed"  # a quality check failed: the degree's facts wait
PASSED = "passed"  # every error-level quality check holds
BUILT = "built"  # a fact, from the copies that built_from names

LEDGER = Table(
    "load_ledger",
    (
        Column("table_name", "VARCHAR(127)", "staging, dimension or fact table", required=True),
        Column("load_month", "DATE", "day one of the month", required=True),
        Column("status", "VARCHAR(16)", "loaded, refused, settled, failed, passed; built for a fact", required=True),
        Column("s3_url", "VARCHAR(2048)", "the file"),
        Column("etag", "VARCHAR(128)", "S3's fingerprint of the version that was loaded"),
        Column("version_id", "VARCHAR(1024)", "that version, where the bucket keeps versions"),
        Column("copy_query_id", "BIGINT", "the COPY, as in stl_load_errors.query"),
        Column("records", "BIGINT", "records in the file by our own count; rows of a fact"),
        Column("loaded", "BIGINT", "rows that COPY loaded"),
        Column("refused", "BIGINT", "records that COPY refused"),
        Column("repaired", "BIGINT", "refused records that a person put back"),
        Column("discarded", "BIGINT", "refused records that a person gave up"),
        Column("built_from", "VARCHAR(4096)", "of a fact: JSON, each table read and the COPY that filled it"),
        Column("detail", "VARCHAR(4096)", "what is wrong, in words"),
        Column("recorded_by", "VARCHAR(512)", "who: task and run, or a person"),
        # The server's clock, so that people's and workers' clocks need not agree.
        Column("recorded_at", "TIMESTAMP DEFAULT SYSDATE", "when, UTC", required=True),
    ),
    sortkey=("load_month", "table_name"),
)

_STATUS_VIEW = """
CREATE OR REPLACE VIEW load_status AS
SELECT {columns}
FROM (
    SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY table_name, load_month ORDER BY recorded_at DESC) AS newest
    FROM load_ledger
) AS ranked
WHERE newest = 1
"""


class NotLoaded(Exception):
    """The ledger knows nothing of the table and month."""


@dataclass(frozen=True)
class Entry:
    """A row of the ledger; counts are of records. None: does not apply."""

    table_name: str
    load_month: str
    status: str
    recorded_by: str
    s3_url: str | None = None
    etag: str | None = None
    version_id: str | None = None
    copy_query_id: int | None = None
    records: int | None = None
    loaded: int | None = None
    refused: int | None = None
    repaired: int = 0
    discarded: int = 0
    built_from: str | None = None
    detail: str | None = None


_FIELDS = tuple(Entry.__dataclass_fields__)


def create(cursor: Cursor) -> None:
    """Create the ledger and its view ``load_status``: the newest row for each table and month."""
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in LEDGER.columns)
    cursor.execute(create_table(LEDGER))
    cursor.execute(sql.SQL(_STATUS_VIEW).format(columns=columns))


def newest(cursor: Cursor, table_name: str, load_month: str) -> Entry:
    """The newest row of the table for the month. Raises NotLoaded: there is none."""
    entry = status(cursor, [table_name], load_month).get(table_name)
    if entry is None:
        raise NotLoaded(f"{table_name} was not loaded for {load_month[:7]}: clear its load task.")
    return entry


def add(cursor: Cursor, entry: Entry) -> None:
    """Add a row."""
    statement = sql.SQL("INSERT INTO load_ledger ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, _FIELDS)), sql.SQL(", ").join(sql.Placeholder() * len(_FIELDS))
    )
    cursor.execute(statement, [_cut(getattr(entry, field)) for field in _FIELDS])


def status(cursor: Cursor, table_names: Sequence[str], load_month: str) -> dict[str, Entry]:
    """The newest row of each of these tables for the month; a table that never was loaded is absent."""
    if not table_names:
        return {}
    entries = _newest(cursor, "load_month = %s AND table_name IN %s", (load_month, tuple(table_names)))
    return {entry.table_name: entry for entry in entries}


def waiting(cursor: Cursor) -> list[Entry]:
    """The newest rows that hold facts back until a person has done something, by month and table."""
    return _newest(cursor, "status IN %s", ((REFUSED, FAILED),))


def _newest(cursor: Cursor, condition: str, parameters: tuple[object, ...]) -> list[Entry]:
    names = sql.SQL(", ").join(map(sql.Identifier, _FIELDS))
    statement = sql.SQL("SELECT {} FROM load_status WHERE {} ORDER BY load_month, table_name")
    cursor.execute(statement.format(names, sql.SQL(condition)), parameters)
    rows = (dict(zip(_FIELDS, row)) for row in cursor.fetchall())
    return [Entry(**{**row, "load_month": str(row["load_month"])}) for row in rows]


def not_passed(entries: Mapping[str, Entry], table_names: Sequence[str]) -> list[str]:
    """For each table that is not ``passed``: a line that says why and what to do."""
    return [
        _why(name, entries.get(name)) for name in table_names if name not in entries or entries[name].status != PASSED
    ]


def not_built(entries: Mapping[str, Entry], facts: Mapping[str, Sequence[str]]) -> list[str]:
    """For each fact not built from the newest copies of the tables that it reads (``facts``): a line that says so."""
    problems = []
    for fact, reads in facts.items():
        entry = entries.get(fact)
        if entry is None or entry.built_from is None:
            problems.append(f"{fact}: not built for this month. See the log of its tasks.")
        elif json.loads(entry.built_from) != built_from(entries, reads):
            problems.append(f"{fact}: older than what it reads. See the log of its tasks.")
    return problems


def built_from(entries: Mapping[str, Entry], reads: Sequence[str]) -> dict[str, int | None]:
    """Each table read and the COPY that its newest row tells of."""
    return {name: entries[name].copy_query_id if name in entries else None for name in reads}


def _why(table_name: str, entry: Entry | None) -> str:
    if entry is None:
        return f"{table_name}: not loaded for this month. See the log of its load task."
    if entry.status in (REFUSED, FAILED):
        return f"{table_name}: {entry.detail}"
    return f"{table_name}: {entry.status}, not yet {PASSED}. See the log of the task after that."


def _cut(value: object) -> object:
    """Texts within their column: a long list of problems must not be lost to its own length (bytes, not characters)."""
    return value.encode()[:4096].decode(errors="ignore") if isinstance(value, str) else value
