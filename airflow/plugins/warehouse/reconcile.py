"""Name the records that the counts miss: those of a file that are nowhere, and rows that are in no file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable, Iterable

from warehouse import error_table, ledger, records, repairs, staging, values
from warehouse.model import Source
from warehouse.records import Record
from warehouse.redshift import Cursor

_SHOWN = 10


@dataclass(frozen=True)
class Difference:
    """Records of the file that are neither staged, waiting nor discarded, and staged rows that no record accounts for.

    A refused record that somebody mended by SQL is in both: nothing says which row it became.
    """

    missing: tuple[Record, ...]
    surplus: tuple[tuple[object, ...], ...]

    def __str__(self) -> str:
        """The first ten of each, a line for each."""
        records_shown = [f"line {record.line}: {_shown(record.raw)}" for record in self.missing]
        rows_shown = [", ".join(map(str, row))[:200] for row in self.surplus]
        return _listed("Records of the file that are nowhere", records_shown) + _listed(
            "Staged rows that no record accounts for", rows_shown
        )


def difference(
    cursor: Cursor, source: Source, degree: str, entry: ledger.Entry, read: Callable[[], Iterable[bytes]]
) -> Difference:
    """Compare the month's rows with the records of the version that was loaded, value by value."""
    done = repairs.newest_by_line(repairs.of_version(cursor, entry))
    errors = error_table.table(source, degree)
    settled = {row.line_number for row in error_table.read(cursor, errors, entry.load_month)} | set(done)
    staged = Counter(map(hash, staging.read(cursor, source, entry.table_name, entry.load_month)))
    for repair in done.values():
        if repair.mended_record is not None:
            staged[hash(values.parse_mended(source, repair.mended_record))] -= 1
    missing = []
    for record in records.read(read()):
        if record.line > 1 and record.line not in settled:
            row, faults = values.parse_record(source, record.raw)
            if not faults and staged[hash(row)] > 0:
                staged[hash(row)] -= 1
            else:
                missing.append(record)
    surplus = []
    for row in staging.read(cursor, source, entry.table_name, entry.load_month):
        if staged[hash(row)] > 0:
            staged[hash(row)] -= 1
            surplus.append(row)
    return Difference(tuple(missing), tuple(surplus))


def _listed(head: str, lines: list[str]) -> str:
    return "".join(f"  {line}\n" for line in [f"{head} ({len(lines)}):", *lines[:_SHOWN]]) if lines else ""


def _shown(raw: bytes, most: int = 100) -> str:
    text = raw.decode("utf-8", "replace").replace("\n", "⏎")
    return text if len(text) <= most else text[: most - 1] + "…"
