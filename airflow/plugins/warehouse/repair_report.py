"""What waits for a person, in words: of all tables, and of one."""

from __future__ import annotations

from typing import Sequence

from warehouse import checks, error_table, ledger, values
from warehouse.error_table import Row
from warehouse.redshift import Cursor
from warehouse.repair import Place

_SHOWN = 50


def overview(cursor: Cursor) -> str:
    """A paragraph for each table and month that holds facts back; empty if none does."""
    paragraphs = []
    for entry in ledger.waiting(cursor):
        count = error_table.waiting(cursor, error_table.name(entry.table_name), entry.load_month)
        head = f"{entry.load_month[:7]}  {entry.table_name}: {entry.status}, {count} rows wait"
        paragraphs.append("\n    ".join([head, *(entry.detail or "").splitlines()]))
    return "\n".join(paragraphs)


def details(cursor: Cursor, place: Place) -> str:
    """The rows of the month that wait, with their fields, and the checks that fail."""
    rows = error_table.read(cursor, place.errors, place.load_month)
    entry = ledger.newest(cursor, place.table_name, place.load_month)
    parts = [_row(place, row) for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        parts.append(f"… and {len(rows) - _SHOWN} more: `repair export {place.table_name} FILE` writes all.")
    if entry.status == ledger.FAILED:
        parts += map(str, checks.run(cursor, place.source, place.degree, place.load_month))
    parts.append(f"{len(rows)} rows of {place.load_month[:7]} wait in {place.errors.name}.")
    return "\n".join([*parts, *_what_next(place, rows)])


def rows_left(cursor: Cursor, place: Place) -> int:
    """How many rows of the month wait."""
    return error_table.waiting(cursor, place.errors.name, place.load_month)


def _row(place: Place, row: Row) -> str:
    head = f"line {row.line_number}: {row.colname or '(whole record)'}: {row.err_reason}"
    fields = [
        f"    {column.name:<16} {values.shown(text, 100) if text is not None else '(no such field)'}"
        for column, text in zip(place.source.columns, row.texts)
    ]
    if row.extra:
        fields.append(f"    {error_table.EXTRA:<16} {values.shown(row.extra, 100)}")
    if row.raw is None:
        fields.append("    The record was not found again in the file: fill the columns in by hand, or discard it.")
    return "\n".join([head, *fields])


def _what_next(place: Place, rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    return [
        "Mend their columns",
        f"  by SQL: UPDATE {place.errors.name} …",
        f"  or in a spreadsheet: repair export {place.table_name} rows.csv, repair import {place.table_name} rows.csv",
        f"Then: repair put-back {place.table_name}",
        f"What nobody can mend: repair discard {place.table_name} --line {rows[0].line_number} --why …",
    ]
