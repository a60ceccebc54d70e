"""Move rows that COPY took but a check does not into the error table: the one place where things are mended."""

from __future__ import annotations

from collections import Counter
from typing import Callable, Iterable, Iterator, Sequence, Tuple

from warehouse import checks, error_table, ledger, records, repairs, staging, values
from warehouse.checks import Finding
from warehouse.error_table import Row
from warehouse.ledger import Entry
from warehouse.model import Check
from warehouse.redshift import Connect, Cursor, in_transaction
from warehouse.repair import Place, RepairError, failed_check, hold, note
from warehouse.repairs import Repair

Values = Tuple[object, ...]  # of one row, as psycopg2 gives them


def set_aside(connect: Connect, place: Place, check_name: str, read: Callable[[Entry], Iterable[bytes]]) -> int:
    """Move the rows that fail a check from staging into the error table; return how many.

    ``read`` gives the bytes of the version of the file that the ledger's row tells of: there the rows' lines and bytes
    are looked up, so that they wait like refused ones. Raises RepairError: the check holds; a row is not in the file.
    """

    def look(cursor: Cursor) -> tuple[Entry, Finding, list[Values], list[Repair]]:
        entry = hold(cursor, place, ledger.FAILED)
        finding = failed_check(cursor, place, check_name)
        return entry, finding, _offending(cursor, place, finding.check), repairs.of_version(cursor, entry)

    entry, finding, offending, done = in_transaction(connect, look)
    rows = list(_found(place, entry, finding, offending, done, read))

    def move(cursor: Cursor) -> int:
        if hold(cursor, place, ledger.FAILED) != entry or _offending(cursor, place, finding.check) != offending:
            raise RepairError(f"Somebody else works on {place.table_name}. Try again.")
        staging.take_out(cursor, place.source, place.table_name, place.load_month, offending)
        error_table.add(cursor, place.errors, rows)
        note(cursor, place, entry, [])
        return len(rows)

    return in_transaction(connect, move)


def _offending(cursor: Cursor, place: Place, check: Check) -> list[Values]:
    if place.degree is None or check.kind == "row_count":
        raise RepairError(f"{check.name} of {place.table_name} is about the file as a whole: mend and upload that.")
    found = checks.offending_rows(cursor, place.source, place.degree, place.load_month, check)
    return sorted(found, key=repr)


def _found(
    place: Place,
    entry: Entry,
    finding: Finding,
    offending: Sequence[Values],
    done: Sequence[Repair],
    read: Callable[[Entry], Iterable[bytes]],
) -> Iterator[Row]:
    """Each of the rows as a row of the error table: found among those mended before, or in the file."""
    wanted, repaired = Counter(offending), repairs.newest_by_line(done)
    for line, repair in repaired.items():
        if repair.mended_record is not None and _take(wanted, values.parse_mended(place.source, repair.mended_record)):
            yield _row(place, entry, finding, line, repair.mended_record, repair.raw_record)
    for record in records.read(read(entry)):
        if record.line > 1 and record.line not in repaired and +wanted:
            parsed, faults = values.parse_record(place.source, record.raw)
            if not faults and _take(wanted, parsed):
                yield _row(place, entry, finding, record.line, record.raw, record.raw)
    if +wanted:
        rows = "\n".join(f"  {', '.join(map(str, row))}" for row in list(+wanted)[:5])
        raise RepairError(f"Not in {entry.s3_url}, and so to be mended in {place.table_name} itself:\n{rows}")


def _take(wanted: Counter[Values], row: Values) -> bool:
    wanted[row] -= 1
    if wanted[row] < 0:
        wanted[row] = 0
        return False
    return True


def _row(place: Place, entry: Entry, finding: Finding, line: int, shown: bytes, raw: bytes | None) -> Row:
    texts, extra = error_table.split(place.source, shown)
    reason = f"{finding.check.name}: expected {finding.expected}"
    told = (", ".join(finding.check.columns), None, reason, entry.s3_url or "")
    return Row(texts, extra, place.load_month, line, *told, entry.etag or "", raw, entry.copy_query_id)
