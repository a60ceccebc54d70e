"""Rows that wait as a CSV file for a spreadsheet, and back: a person mends the columns and changes nothing else."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

from warehouse import error_table, repairs
from warehouse.error_table import EXTRA, Row
from warehouse.model import MONTH_COLUMN
from warehouse.redshift import Connect, Cursor, in_transaction
from warehouse.repair import Place, RepairError, hold, waiting_rows

_NUMBER = re.compile("-?[0-9]+")
STREAM = Path("-")
_FIRST = (MONTH_COLUMN, "line_number", "colname", "err_reason")


def export(connect: Connect, place: Place, path: Path) -> int:
    """Write the month's rows to a new file (``-``: to stdout), UTF-8 with a mark that spreadsheets know; how many.

    Raises RepairError: nothing waits, or the file exists.
    """

    def read(cursor: Cursor) -> list[Row]:
        return waiting_rows(cursor, place, hold(cursor, place))

    rows = in_transaction(connect, read)
    try:
        with _open(path, "x", sys.stdout) as file:
            writer = csv.writer(file)
            writer.writerow(_header(place))
            for row in rows:
                told = (row.load_month, row.line_number, row.colname, row.err_reason)
                writer.writerow([*told, *(text or "" for text in (*row.texts, row.extra))])
    except FileExistsError as error:
        raise RepairError(f"{path} exists, and may hold somebody's work: name another file.") from error
    except OSError as error:
        raise RepairError(f"{path}: {error.strerror}.") from error
    return len(rows)


def bring_back(connect: Connect, place: Place, path: Path) -> tuple[int, int]:
    """Write the columns of a file (``-``: of stdin) into the error table; how many rows changed, how many are settled.

    Rows that the file lacks stay; those that were put back or given up since are passed over.
    Raises RepairError: it is no such file, or has a row that never waited. Then nothing is changed.
    """
    sheet = _read(place, path)

    def write(cursor: Cursor) -> tuple[int, int]:
        entry = hold(cursor, place)
        waits = {row.line_number: row for row in waiting_rows(cursor, place, entry)}
        settled = set(repairs.newest_by_line(repairs.of_version(cursor, entry))) - set(waits)
        unknown = sorted(set(sheet) - set(waits) - settled)
        if unknown:
            lines = ", ".join(map(str, unknown))
            raise RepairError(f"{path}: line_number {lines} does not wait in {place.errors.name}.")
        changed = [
            replace(waits[line], texts=tuple(texts), extra=extra)
            for line, (*texts, extra) in sheet.items()
            if line in waits and [text or "" for text in (*waits[line].texts, waits[line].extra)] != [*texts, extra]
        ]
        for row in changed:
            error_table.update(cursor, place.errors, row)
        return len(changed), len(settled & set(sheet))

    return in_transaction(connect, write)


def _open(path: Path, mode: str, stream: IO[str]) -> IO[str]:
    """The file, or for ``-`` the stream, which stays open: containers have no file that a person could get at."""
    if path == STREAM:
        return open(stream.fileno(), stream.mode, encoding="utf-8-sig", newline="", closefd=False)
    return path.open(mode, encoding="utf-8-sig", newline="")


def _header(place: Place) -> list[str]:
    return [*_FIRST, *(column.name for column in place.source.columns), EXTRA]


def _read(place: Place, path: Path) -> dict[int, list[str]]:
    """By line number, the texts of the columns and the extra fields."""
    header = _header(place)
    try:
        with _open(path, "r", sys.stdin) as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RepairError(f"{path}: {error}. It must be the exported file, saved as CSV in UTF-8.") from error
    if not rows or rows[0] != header:
        raise RepairError(f"{path}: its first line must be {','.join(header)}\n(with commas, as it was exported).")
    found: dict[int, list[str]] = {}
    for number, row in enumerate(rows[1:], 2):
        if (
            len(row) != len(header)
            or not _NUMBER.fullmatch(row[1])
            or int(row[1]) in found
            or row[0] != place.load_month
        ):
            raise RepairError(
                f"{path}, row {number}: it needs {len(header)} fields, load_month {place.load_month} and a line_number"
                " of its own. Export again and mend the columns alone."
            )
        found[int(row[1])] = row[len(_FIRST) :]
    return found
