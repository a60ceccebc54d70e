"""What Redshift says of the records that a COPY refused, and those records themselves, read again from the file.

``stl_load_errors`` cuts a record at 1,024 bytes and spoils what is not ASCII; ``sys_load_error_detail``, all that
Redshift Serverless has, holds no record at all. So each refused record is looked up in the very version of the file
that was loaded, and counts as found only if it is what Redshift says of it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import Callable, Iterable, Iterator, Sequence

from warehouse import records, values
from warehouse.model import Source
from warehouse.records import Record
from warehouse.redshift import Cursor

_SHOWN = 10
_CUT = 1024  # bytes of raw_line that Redshift keeps
_UNPRINTABLE = re.compile(rb"[\x00.\x80-\xff]+")
_SPLIT = -1  # line_number where Redshift read a large file in parts: it does not know the line

# Redshift pads its CHAR columns with blanks. Where it does not split a file, start_offset is 0.
_STL = """
SELECT RTRIM(filename), line_number, RTRIM(colname), err_code, RTRIM(err_reason), RTRIM(raw_field_value),
       RTRIM(raw_line), start_offset
FROM stl_load_errors WHERE query = %s ORDER BY line_number, start_offset
"""
_SYS = """
SELECT RTRIM(file_name), line_number, RTRIM(column_name), error_code, RTRIM(error_message), NULL, NULL, 0
FROM sys_load_error_detail WHERE query_id = %s ORDER BY line_number
"""
_ABORTED = """
SELECT MAX(query_id) FROM sys_load_history WHERE session_id = %s AND status = 'aborted' AND start_time >= %s
"""


@dataclass(frozen=True)
class Reject:
    """One refused record as Redshift tells of it, and the record if it was found again in the file.

    ``colname`` is empty where the record as a whole is at fault; ``raw_field_value`` and ``raw_line`` are None where
    ``stl_load_errors`` has no row.
    """

    filename: str
    line_number: int
    colname: str
    err_code: int
    err_reason: str
    raw_field_value: str | None = None
    raw_line: str | None = None
    start_offset: int = 0
    record: Record | None = None


def of_copy(cursor: Cursor, query_id: int) -> list[Reject]:
    """The records that this COPY refused, in the file's order.

    https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html, on Serverless
    https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
    """
    for query in (_STL, _SYS):
        cursor.execute(query, (query_id,))
        rows = cursor.fetchall()
        if rows:
            return [Reject(*row) for row in rows]
    return []


def of_aborted_copy(cursor: Cursor, session_id: int, since: object) -> list[Reject]:
    """What the last COPY of a session refused that failed since then; ``pg_last_copy_id`` is lost with its transaction.

    https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html
    """
    cursor.execute(_ABORTED, (session_id, since))
    query_id = cursor.fetchone()[0]
    return of_copy(cursor, query_id) if query_id else []


def find(rejects: Sequence[Reject], source: Source, read: Callable[[], Iterable[bytes]]) -> Iterator[Reject]:
    """Yield the rejects with their records; one whose record is not in the file, or is not proved, without.

    ``line_number`` is then the line that the record begins on; without a record a negative number.

    ``read`` gives the bytes of the file, and is called twice: AWS does not say whether ``line_number`` counts lines or
    records, so first it is seen under which of the two the most rejects are proved. In constant memory.
    """
    if rejects:
        by_line = _numbers_are_lines(rejects, source, records.read(read()))
        yield from _found(rejects, source, records.read(read()), by_line)


def _numbers_are_lines(rejects: Sequence[Reject], source: Source, file: Iterable[Record]) -> bool:
    numbered = {reject.line_number: reject for reject in rejects}
    proved: Counter[bool] = Counter()
    for record in file:
        for by_line, number in ((True, record.line), (False, record.number)):
            if number in numbered and _is_proved(numbered[number], source, record.raw):
                proved[by_line] += 1
    return proved[True] >= proved[False]


def _found(rejects: Sequence[Reject], source: Source, file: Iterable[Record], by_line: bool) -> Iterator[Reject]:
    numbered = {reject.line_number: reject for reject in rejects if reject.line_number != _SPLIT}
    split: dict[bytes | None, list[Reject]] = {}  # of a file read in parts: there the text alone can tell
    for reject in rejects:
        if reject.line_number == _SPLIT:
            text = None if reject.raw_line is None else _beginning(reject.raw_line.encode())
            split.setdefault(text, []).append(reject)
    for record in file:
        known = numbered.get(record.line if by_line else record.number)
        pool = [known] if known else split.get(_beginning(record.raw), []) if split else []
        for reject in pool:
            if reject.start_offset <= record.offset and _is_proved(reject, source, record.raw):
                pool.remove(reject)
                numbered.pop(reject.line_number, None)
                yield _with_record(reject, source, record)
                break
    for place, reject in enumerate(chain(numbered.values(), *split.values()), 1):
        yield _without_record(reject, place)


def _is_proved(reject: Reject, source: Source, raw: bytes) -> bool:
    """Whether the record is what Redshift says it refused: the same text or, if it kept none, one with that fault."""
    if reject.raw_line is not None:
        # Whether raw_line goes on after the first line of a record of several lines, AWS does not say.
        return any(_shows(reject.raw_line.encode(), text) for text in (raw, raw.split(b"\n")[0]))
    faults = values.parse_record(source, raw)[1]
    return any(fault.column in (None, reject.colname) or not reject.colname for fault in faults)


def _shows(raw_line: bytes, raw: bytes) -> bool:
    said, whole = _printable(raw_line).rstrip(), _printable(raw).rstrip()
    return said == whole or (len(raw) > _CUT and bool(said) and whole.startswith(said))


def _printable(raw: bytes) -> bytes:
    """Bytes as ``raw_line`` shows them.

    Of a character of several bytes AWS says only that it becomes a period, so a run of what is not ASCII counts as one.
    """
    return _UNPRINTABLE.sub(b".", raw)


def _beginning(raw: bytes) -> bytes:
    return _printable(raw[:_CUT])[:64].rstrip()


def _with_record(reject: Reject, source: Source, record: Record) -> Reject:
    names = [column.name for column in source.columns]
    found = records.fields(record.raw)
    value = reject.raw_field_value
    if value is None and reject.colname in names and names.index(reject.colname) < len(found):
        value = found[names.index(reject.colname)].decode("utf-8", "replace")
    return replace(reject, line_number=record.line, raw_field_value=value, record=record)


def _without_record(reject: Reject, place: int) -> Reject:
    """It needs a number of its own, and Redshift's may be another record's line."""
    said = "" if reject.line_number == _SPLIT else f"; line {reject.line_number} as Redshift counts"
    return replace(reject, line_number=-place, err_reason=f"{reject.err_reason} (not found in the file{said})")


def as_text(rejects: Sequence[Reject]) -> str:
    """The first ten refused records as a table, then how many there are for each reason."""
    rows = [("line", "column", "value", "reason")]
    for reject in rejects[:_SHOWN]:
        value = values.shown(reject.raw_field_value) if reject.raw_field_value else ""
        reason = f"{reject.err_reason} ({reject.err_code})"
        rows.append((str(reject.line_number), reject.colname or "(whole record)", value, reason))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    if len(rejects) > _SHOWN:
        lines.append(f"  … and {len(rejects) - _SHOWN} more")
    reasons = Counter(reject.err_reason for reject in rejects)
    counts = [f"  {count} x {reason}" for reason, count in reasons.most_common()]
    return "\n".join([*sorted({reject.filename for reject in rejects}), *lines, "By reason:", *counts])
