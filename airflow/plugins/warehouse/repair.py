"""What a person does about rows that were refused or fail a check: mend, put back, give up, accept.

Each verb is one transaction that holds the staging table and the ledger, is written to ``load_repairs``, and survives a
second load of the same file. None of them lets the facts go on: that is for ``stl_check`` and ``data_quality``, which
are to be cleared afterwards and look for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Sequence

from warehouse import catalog, checks, error_table, ledger, records, repairs, settlement, staging, values
from warehouse.error_table import Row
from warehouse.ledger import Entry
from warehouse.model import Check, Source, Table
from warehouse.redshift import Connect, Cursor, in_transaction
from warehouse.repairs import Repair


class RepairError(Exception):
    """It cannot be done; the text says why and what to do. Nothing was changed."""


@dataclass(frozen=True)
class Place:
    """A staging table (or dimension) and a month of it: where something is to be mended, and by whom."""

    source: Source
    degree: str | None
    load_month: str
    who: str

    @property
    def table_name(self) -> str:
        """The staging table's name."""
        return self.source.table_name(self.degree)

    @property
    def errors(self) -> Table:
        """Its error table."""
        return error_table.table(self.source, self.degree)

    def task(self, name: str) -> str:
        """The task of that name, as it stands in its SubDAG (on Airflow 3 its group)."""
        return f"stage_{self.source.name}.{self.degree}_{name}" if self.degree else f"stage_{self.source.name}.{name}"


@dataclass(frozen=True)
class Wrong:
    """A row that cannot be put back yet: its line, and what is wrong with it, a line for each column."""

    line_number: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class PutBack:
    """How many rows were put back, which are still wrong, and whether the error table was dropped."""

    rows: int
    wrong: tuple[Wrong, ...]
    dropped: bool


def find_table(name: str) -> tuple[Source, str | None]:
    """The source and degree of a staging table's, dimension's or error table's name. Raises RepairError."""
    plain = name[: -len("_errors")] if name.endswith("_errors") else name
    for source in catalog.DIMENSIONS:
        if source.name == plain:
            return source, None
    for source in catalog.SOURCES:
        if plain.endswith(f"_{source.name}") and len(plain) > len(source.name) + 1:
            return source, plain[: -len(source.name) - 1]
    sources = ", ".join(source.name for source in catalog.SOURCES)
    raise RepairError(
        f"{name} is no staging table. Staging tables are called <degree>_<source>; the sources: {sources}."
    )


def put_back(connect: Connect, place: Place) -> PutBack:
    """Put the month's mended rows into staging and delete them from the error table; those still wrong stay.

    A row is mended when each value fits its column (bounds and forms as for COPY; a date and time is taken as well
    where the file has epoch milliseconds), no extra field is left and, if Redshift refused it, something was changed.
    Raises RepairError, NotLoaded.
    """

    def work(cursor: Cursor) -> PutBack:
        entry = hold(cursor, place)
        rows = waiting_rows(cursor, place, entry)
        judged = [(row, *_judge(place.source, row)) for row in rows]
        ready = [(row, mended) for row, mended, faults in judged if not faults]
        staging.insert(cursor, place.source, place.table_name, place.load_month, (mended for _, mended in ready))
        note(cursor, place, entry, [_put_back(place, row) for row, _ in ready])
        wrong = tuple(Wrong(row.line_number, tuple(faults)) for row, _, faults in judged if faults)
        return PutBack(len(ready), wrong, error_table.drop_if_empty(cursor, place.errors))

    return in_transaction(connect, work)


def discard(connect: Connect, place: Place, lines: Sequence[int], why: str) -> int:
    """Give records up, by their lines; return how many. Raises RepairError: no such row waits, or no reason given."""

    def work(cursor: Cursor) -> int:
        entry = hold(cursor, place)
        rows = {row.line_number: row for row in waiting_rows(cursor, place, entry)}
        unknown = sorted(set(lines) - set(rows))
        if unknown:
            raise RepairError(f"No row of line {', '.join(map(str, unknown))} waits in {place.errors.name}.")
        done = [
            replace(_about(place, rows[line], repairs.DISCARD), records=1, reason=why) for line in sorted(set(lines))
        ]
        note(cursor, place, entry, done)
        error_table.drop_if_empty(cursor, place.errors)
        return len(done)

    _require_reason(why)
    return in_transaction(connect, work)


def discard_unaccounted(connect: Connect, place: Place, count: int, why: str) -> None:
    """Settle records that are nowhere (a negative count: rows that are too many). Raises RepairError: not that many."""

    def work(cursor: Cursor) -> None:
        entry = hold(cursor, place)
        missing = settlement.balance(cursor, entry, repairs.of_version(cursor, entry)).missing
        if missing != count or not count:
            raise RepairError(f"{missing} records of {place.table_name} are unaccounted for, not {count}.")
        note(cursor, place, entry, [replace(_about_file(place, entry, repairs.UNACCOUNTED), records=count, reason=why)])

    _require_reason(why)
    in_transaction(connect, work)


def accept(connect: Connect, place: Place, check_name: str, why: str) -> Check:
    """Let a check fail for this month's file; return the check. Raises RepairError: it holds, or there is none such."""

    def work(cursor: Cursor) -> Check:
        entry = hold(cursor, place, ledger.FAILED)
        check = failed_check(cursor, place, check_name).check
        about = replace(_about_file(place, entry, repairs.ACCEPT), check_name=check.name, reason=why)
        repairs.add(cursor, [about])
        ledger.add(cursor, replace(entry, recorded_by=place.who, detail=f"{check.name} is accepted: {why}"))
        return check

    _require_reason(why)
    return in_transaction(connect, work)


def hold(cursor: Cursor, place: Place, *statuses: str) -> Entry:
    """Lock, and return the newest row of the ledger if there is something to mend."""
    try:
        entry = settlement.held(cursor, place.table_name, place.load_month)
    except ledger.NotLoaded as error:
        raise RepairError(str(error)) from error
    if entry.status not in (statuses or (ledger.REFUSED, ledger.FAILED)):
        why_not = _WHY_NOT.get(entry.status, "there is nothing to mend")
        raise RepairError(f"{place.table_name} of {place.load_month[:7]} is {entry.status}: {why_not}.")
    return entry


_WHY_NOT = {
    ledger.LOADED: "its refused rows are not set aside yet. Clear stl_check first",
    ledger.REFUSED: "rows wait or are missing. Mend those first, then clear stl_check",
}


def waiting_rows(cursor: Cursor, place: Place, entry: Entry) -> list[Row]:
    """The month's rows in the error table. Raises RepairError: none, or they are of another version of the file."""
    rows = error_table.read(cursor, place.errors, place.load_month)
    if not rows:
        raise RepairError(f"No row of {place.load_month[:7]} waits in {place.errors.name}. {entry.detail}")
    if any(row.etag != entry.etag for row in rows):
        raise RepairError(f"{place.errors.name} has rows of another version of the file. Clear stl_check first.")
    return rows


def _judge(source: Source, row: Row) -> tuple[tuple[object, ...], list[str]]:
    """The values of a row, and what keeps it from being put back."""
    mended, found = values.parse_row(source, row.texts)
    faults = [str(fault) for fault in found]
    if row.extra:
        faults.append(
            f"{error_table.EXTRA}: {values.shown(row.extra)} is still there: empty it when the others are right"
        )
    for column, text in zip(source.columns, row.texts):
        if text and values.REPLACEMENT in text and row.raw is not None and not _has_replacement(row.raw):
            faults.append(f"{column.name}: {values.shown(text)} has U+FFFD in place of a byte that is no text")
    if not faults and row.err_code is not None and row.raw is not None and _is_unchanged(source, row):
        faults.append(f"{row.colname or 'the record'}: nothing was changed since it was refused ({row.err_reason})")
    return mended, faults


def _has_replacement(raw: bytes) -> bool:
    return values.REPLACEMENT.encode("utf-8") in raw


def _is_unchanged(source: Source, row: Row) -> bool:
    texts, extra = error_table.split(source, row.raw or b"")
    return [text or "" for text in texts] == [text or "" for text in row.texts] and (extra or "") == (row.extra or "")


def note(cursor: Cursor, place: Place, entry: Entry, done: Sequence[Repair]) -> None:
    """Write repairs down, take their rows out of the error table, and note in the ledger how it stands."""
    repairs.add(cursor, done)
    lines = [repair.line_number for repair in done if repair.line_number is not None]
    error_table.remove(cursor, place.errors, place.load_month, lines)
    counted = settlement.balance(cursor, entry, repairs.of_version(cursor, entry))
    judged = settlement.judged(entry, counted, place.who)
    # However it stands: only stl_check lets it go on.
    detail = judged.detail or f"All is mended: clear {place.task('stl_check')} with its downstream."
    ledger.add(cursor, replace(judged, status=ledger.REFUSED, detail=detail))


def _about_file(place: Place, entry: Entry, action: str) -> Repair:
    return Repair(place.table_name, place.load_month, entry.etag or "", action, place.who)


def _about(place: Place, row: Row, action: str) -> Repair:
    about = Repair(place.table_name, place.load_month, row.etag, action, place.who)
    return replace(about, line_number=row.line_number, raw_record=row.raw, reason=row.err_reason)


def _put_back(place: Place, row: Row) -> Repair:
    mended = records.encode(text or "" for text in row.texts)
    return replace(_about(place, row, repairs.PUT_BACK), mended_record=mended)


def _require_reason(why: str) -> None:
    if not why.strip():
        raise RepairError('Say why, for those who come after you: --why "…".')


def failed_check(cursor: Cursor, place: Place, name: str) -> checks.Finding:
    """The check of that name (or kind, if one alone is so called) that fails now. Raises RepairError."""
    found = checks.run(cursor, place.source, place.degree, place.load_month)
    named = [finding for finding in found if name in (finding.check.name, finding.check.kind)]
    if len(named) == 1:
        return named[0]
    failing = "\n".join(f"  {finding.check.name}" for finding in found) or "  none"
    which = "Several checks are called so" if named else "No check of that name fails"
    raise RepairError(f"{which}: {name}. Those of {place.table_name} that fail:\n{failing}")
