"""Settle a loaded file: set its refused records aside, apply what persons did about them, account for every record."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Sequence

import psycopg2

from warehouse import error_table, ledger, objects, rejects, repairs, staging, values
from warehouse.error_table import Row
from warehouse.model import Source, Table
from warehouse.redshift import Connect, Cursor, count_month, in_transaction, lock
from warehouse.rejects import Reject
from warehouse.repairs import Repair

log = logging.getLogger(__name__)


class Overtaken(Exception):
    """The file was loaded again, or somebody mended rows, while this looked at it."""


@dataclass(frozen=True)
class Balance:
    """Where a file's records are: in staging, in the error table, given up; counts of records."""

    records: int
    staged: int
    waiting: int
    discarded: int

    @property
    def missing(self) -> int:
        """How many are nowhere; below 0: how many rows are too many."""
        return self.records - self.staged - self.waiting - self.discarded


@dataclass(frozen=True)
class Settlement:
    """The ledger's new row, what it was judged by, and what Redshift refused of the copy that it tells of."""

    entry: ledger.Entry
    balance: Balance
    rejects: tuple[Reject, ...]


def settle(
    connect: Connect, s3: objects.S3Client, source: Source, degree: str, load_month: str, recorded_by: str
) -> Settlement:
    """Say where the month's file stands; add it to the ledger.

    After a load the records that Redshift refused are read again from that version of the file and set aside in the
    error table, and repairs of the same version are applied again. On a re-run nothing is moved. ``settled``: nothing
    waits and every record is accounted for; else ``refused``, with the reason as the entry's detail.

    Raises ObjectChanged: the version that was loaded is gone, so that its refused records cannot be read.
    Overtaken: tried three times, somebody was quicker each time. NotLoaded.
    """
    name = source.table_name(degree)
    for _ in range(3):
        entry, found = in_transaction(connect, lambda cursor: _look(cursor, name, load_month))
        if entry.status == ledger.LOADED:
            found = _find(s3, source, entry, found)
        decide = partial(_settle, source=source, degree=degree, entry=entry, found=found, recorded_by=recorded_by)
        try:
            return Settlement(*in_transaction(connect, decide), tuple(found))
        except Overtaken as overtaken:
            log.warning("%s: looking again", overtaken)
    raise Overtaken(f"{name}: somebody else works on {load_month[:7]}. Clear this task when they are done.")


def _look(cursor: Cursor, table_name: str, load_month: str) -> tuple[ledger.Entry, Sequence[Reject]]:
    entry = ledger.newest(cursor, table_name, load_month)
    return entry, rejects.of_copy(cursor, entry.copy_query_id) if entry.copy_query_id else []


def held(cursor: Cursor, table_name: str, load_month: str) -> ledger.Entry:
    """Keep everybody off the table and the ledger, and return the newest row. Raises NotLoaded."""
    try:
        lock(cursor, table_name, ledger.LEDGER.name)
    except psycopg2.errors.UndefinedTable as error:
        raise ledger.NotLoaded(f"{table_name} was not loaded for {load_month[:7]}: there is no such table.") from error
    return ledger.newest(cursor, table_name, load_month)


def balance(cursor: Cursor, entry: ledger.Entry, done: Sequence[Repair]) -> Balance:
    """Count where the file's records are now; ``done`` is what persons did about this version of it."""
    return Balance(
        records=entry.records or 0,
        staged=count_month(cursor, entry.table_name, entry.load_month),
        waiting=error_table.waiting(cursor, error_table.name(entry.table_name), entry.load_month),
        discarded=repairs.discarded(done),
    )


def judged(entry: ledger.Entry, counted: Balance, recorded_by: str) -> ledger.Entry:
    """The ledger's next row: ``settled``, or ``refused`` with the reason as its detail."""
    problem = " ".join(_problems(entry, counted)) or None
    return replace(
        entry,
        status=ledger.REFUSED if problem else ledger.SETTLED,
        repaired=max(0, counted.staged - (entry.loaded or 0)),
        discarded=counted.discarded,
        detail=problem,
        recorded_by=recorded_by,
    )


def _problems(entry: ledger.Entry, counted: Balance) -> list[str]:
    problems, month, errors_name = [], entry.load_month[:7], error_table.name(entry.table_name)
    if counted.waiting:
        problems.append(
            f"{counted.waiting} refused rows of {entry.load_month} stand in {errors_name}. Mend them there and put them"
            f" back (`repair show {entry.table_name}` begins), then clear stl_check with its downstream."
        )
    missing = counted.missing
    if missing:
        words = f"{missing} rows are nowhere" if missing > 0 else f"{-missing} rows are too many"
        problems.append(
            f"{words}: {entry.s3_url} has {counted.records} records; {entry.table_name} has {counted.staged} rows of"
            f" {month}, {counted.waiting} wait in {errors_name}, {counted.discarded} were discarded. Load the file anew"
            f" (`repair rebuild {entry.table_name} --month {month}`), or if the difference is as it should be:"
            f" `repair discard {entry.table_name} --month {month} --unaccounted {missing} --why …`."
        )
    return problems


def _find(s3: objects.S3Client, source: Source, entry: ledger.Entry, told: Sequence[Reject]) -> Sequence[Reject]:
    version = objects.version(entry)
    return list(rejects.find(told, source, lambda: objects.read(s3, version)))


def _settle(
    cursor: Cursor, source: Source, degree: str, entry: ledger.Entry, found: Sequence[Reject], recorded_by: str
) -> tuple[ledger.Entry, Balance]:
    if held(cursor, entry.table_name, entry.load_month) != entry:
        raise Overtaken(f"{entry.table_name} was loaded or mended meanwhile")
    done = repairs.of_version(cursor, entry)
    if entry.status == ledger.LOADED:
        errors = error_table.table(source, degree)
        fresh = [
            error_table.row_of(one, source, entry.load_month, entry.etag or "", entry.copy_query_id) for one in found
        ]
        entry = replace(entry, refused=len(fresh))
        _set_aside(cursor, source, entry, errors, fresh, done)
    counted = balance(cursor, entry, done)
    settled = judged(entry, counted, recorded_by)
    ledger.add(cursor, settled)
    return settled, counted


def _set_aside(
    cursor: Cursor, source: Source, entry: ledger.Entry, errors: Table, fresh: Sequence[Row], done: Sequence[Repair]
) -> None:
    """Bring error table and staging to where they stood before this version of the file was loaded again.

    Rows that wait keep a person's edits; those of another version go; what was put back or discarded is so again.
    """
    refused = {row.line_number for row in fresh}
    before = error_table.read(cursor, errors, entry.load_month)
    waits = {
        row.line_number
        for row in before
        if row.etag == entry.etag and (row.line_number in refused or row.err_code is None)
    }
    gone = [row.line_number for row in before if row.line_number not in waits or row.etag != entry.etag]
    again = {line: repair for line, repair in repairs.newest_by_line(done).items() if line not in waits}
    error_table.remove(cursor, errors, entry.load_month, gone)
    new = [row for row in fresh if row.line_number not in waits and row.line_number not in again]
    error_table.add(cursor, errors, new)
    # COPY has loaded these; a person had set them aside, or mended or discarded them afterwards.
    raws = [row.raw for row in before if row.line_number in waits - refused]
    raws += [repair.raw_record for line, repair in again.items() if line not in refused]
    _take_out(cursor, source, entry, [raw for raw in raws if raw is not None])
    mended = [repair.mended_record for repair in again.values() if repair.action == repairs.PUT_BACK]
    _put_in(cursor, source, entry, [raw for raw in mended if raw is not None])
    error_table.drop_if_empty(cursor, errors)


def _take_out(cursor: Cursor, source: Source, entry: ledger.Entry, raws: Sequence[bytes]) -> None:
    rows = [values.parse_record(source, raw)[0] for raw in raws]
    staging.take_out(cursor, source, entry.table_name, entry.load_month, rows)


def _put_in(cursor: Cursor, source: Source, entry: ledger.Entry, mended: Sequence[bytes]) -> None:
    rows = [values.parse_mended(source, raw) for raw in mended]
    staging.insert(cursor, source, entry.table_name, entry.load_month, rows)
