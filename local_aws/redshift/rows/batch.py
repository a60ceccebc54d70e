"""A batch of a file's rows, made ready for PostgreSQL: plain ones as they are, others by the exact way or refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from local_aws.redshift.rows.columns import Column, Converter, Format, Value, converter
from local_aws.redshift.rows.copy_text import CopyText, Patches
from local_aws.redshift.rows.csv_records import EMPTY_LINE, Fault, Record, field_offsets
from local_aws.redshift.rows.file_rows import FileRows
from local_aws.redshift.rows.marks import Positions
from local_aws.redshift.rows.plain_columns import Rewrite, plain_check, rewriter
from local_aws.redshift.rows.plain_values import Fields, Plain, Text
from local_aws.redshift.rows.row_scan import Rows

EXTRA_COLUMNS = Fault(1202, "Extra column(s) found")
# Seen on clusters as 1214 for VARCHAR; that it is 1201 for other types follows from AWS's list and is unverified.
NO_DELIMITER_TEXT = Fault(1214, "Delimiter not found")
NO_DELIMITER = Fault(1201, "Delimiter not found")


@dataclass(frozen=True)
class LoadError:
    """One refused record: where it stands, what it is, and the first thing wrong with it."""

    url: str
    line: int
    raw: bytes
    fault: Fault
    column: Column | None
    value: bytes
    position: int


# A load error before it is known on which line it is.
Refusal = tuple[bytes, Fault, "Column | None", bytes, int]


@dataclass(frozen=True)
class ColumnPlan:
    """A column with all that knows its values: the exact converter, and what works on many at once."""

    column: Column
    convert: Converter
    is_plain: Plain
    rewrite: Rewrite | None
    empty_is_null: bool  # and no fault

    @classmethod
    def of(cls, column: Column, form: Format) -> ColumnPlan:
        """Return the plan for a column in a COPY with these options."""
        empty_is_null = not column.not_null and (form.empty_as_null or not column.is_text)
        return cls(column, converter(column, form), plain_check(column, form), rewriter(column, form), empty_is_null)


@dataclass(frozen=True)
class Plan:
    """What is the same for all rows of a COPY."""

    columns: list[ColumnPlan]
    text: CopyText
    quote: bytes | None
    null: bytes | None
    fill_record: bool
    ignore_blank_lines: bool


class Batch:
    """The rows of one piece of a file on their way to PostgreSQL."""

    def __init__(self, plan: Plan, file: FileRows, rows: Rows, url: str, line_end: bytes) -> None:
        self._plan, self._file, self._rows, self._url, self._line_end = plan, file, rows, url, line_end
        self._numbers = np.flatnonzero(rows.regular)
        self._patches = Patches()
        self._faults: dict[int, Refusal] = {}
        self._replaced: dict[int, bytes] = {}
        self.blank_lines = 0
        self.text = b""
        self.errors: list[LoadError] = []

    def run(self) -> Batch:
        """Work all rows out: then ``text`` is for PostgreSQL, ``errors`` for the system tables."""
        text = Text(self._rows.data)
        for index in range(len(self._plan.columns)):
            self._column(index, Fields.of(self._rows, text, index))
        self._exact_rows(np.flatnonzero(~self._rows.regular).tolist())
        self._mend_line_ends()
        self._replaced.update(dict.fromkeys(self._faults, b""))
        self._replace_rows()
        self.text = self._patches.applied(self._rows.data, self._rows.consumed)
        self.errors = self._numbered()
        return self

    def _numbered(self) -> list[LoadError]:
        """Return the refused records in order, each with the line that it begins on."""
        rows = sorted(self._faults)
        lines = self._file.lines_of(self._rows, np.array(rows, np.int64)).tolist()
        return [LoadError(self._url, line, *self._faults[row]) for row, line in zip(rows, lines)]

    @property
    def lines(self) -> int:
        """How many records these are, refused ones included."""
        return len(self._rows.starts) - self.blank_lines

    def _column(self, index: int, fields: Fields) -> None:
        plan, quoted = self._plan.columns[index], self._rows.quoted
        null = self._plan.null
        sure = np.ones(len(fields.size), np.bool_)  # that it is not NULL
        if null:
            sure = (fields.size != len(null)) | (fields.text.first(fields.begin) != null[0])
        plain = plan.is_plain(fields) & sure
        marks = quoted[index].astype(np.int64) if quoted is not None else np.zeros(len(fields.size), np.int64)
        if plan.rewrite:
            rewritten = plan.rewrite(fields, plain, sure, self._plan.text.quote)
            at, begin = rewritten.at, fields.end
            end = fields.end
            if rewritten.whole:
                plain[at] = True
                begin, end = fields.begin - marks, fields.end + marks
            self._patches.add(self._numbers[at], begin[at], end[at], rewritten.texts)
        if plan.empty_is_null:
            empty = np.flatnonzero(fields.size == 0)
            plain[empty] = True
            begin, end = (fields.begin - marks)[empty], (fields.end + marks)[empty]
            self._patches.add(self._numbers[empty], begin, end, [self._plan.text.null] * len(empty))
        odd = np.flatnonzero(~plain)
        if len(odd):
            self._odd_values(plan, odd, fields.begin[odd], fields.end[odd], marks[odd])

    def _odd_values(self, plan: ColumnPlan, at: Positions, begin: Positions, end: Positions, marks: Positions) -> None:
        """Put those values of a column through its converter that are not plain."""
        data, text = self._rows.data, self._plan.text
        rows = self._numbers[at]
        raws = [data[first:last] for first, last in zip(begin.tolist(), end.tolist())]
        values = [self._value(raw, bool(mark)) for raw, mark in zip(raws, marks.tolist())]
        changed, texts = [], []
        for place, (value, outcome) in enumerate(zip(values, plan.convert(values))):
            if isinstance(outcome, Fault):
                row = int(rows[place])
                offset = int(begin[place] - marks[place] - self._rows.starts[row])
                self._refuse_value(row, plan.column, outcome, value or raws[place], offset)
            elif outcome is None or outcome != value:
                changed.append(place)
                texts.append(text.field(outcome))
        if changed:
            chosen = np.array(changed)
            self._patches.add(rows[chosen], (begin - marks)[chosen], (end + marks)[chosen], texts)

    def _value(self, raw: bytes, quoted: bool) -> Value:
        if not quoted:
            return None if raw == self._plan.null else raw
        mark = self._plan.quote or b""
        return raw.replace(mark + mark, mark) if mark in raw else raw

    def _refuse_value(self, row: int, column: Column, fault: Fault, value: bytes, offset: int) -> None:
        if row not in self._faults:  # the first fault of a record is the one to tell
            start, end = int(self._rows.starts[row]), int(self._rows.ends[row])
            raw = self._rows.data[start:end]
            self._faults[row] = (raw, fault, column, value, offset)

    def _exact_rows(self, rows: list[int]) -> None:
        """Read rows one by one, and convert their values column by column."""
        good: list[tuple[int, Record]] = []
        for row in rows:
            record = self._whole(self._file.record(self._rows, row))
            if record.fault is EMPTY_LINE and self._plan.ignore_blank_lines:
                self._replaced[row] = b""
                self.blank_lines += 1
            elif record.fault or len(record.fields) != len(self._plan.columns):
                self._faults[row] = self._structure_error(record)
            else:
                good.append((row, record))
        if not good:
            return
        columns = []
        for index, plan in enumerate(self._plan.columns):
            outcomes = plan.convert([record.fields[index] for _, record in good])
            columns.append(outcomes)
            for (row, record), outcome in zip(good, outcomes):
                if isinstance(outcome, Fault) and row not in self._faults:
                    self._faults[row] = self._value_error(record, index, outcome)
        for (row, _), values in zip(good, zip(*columns)):
            if row not in self._faults:
                self._replaced[row] = self._plan.text.row(values) + self._line_end

    def _whole(self, record: Record) -> Record:
        """Return the record with what FILLRECORD puts for columns that are missing at its end."""
        columns = self._plan.columns
        if not self._plan.fill_record or record.fault or len(record.fields) >= len(columns):
            return record
        missing = [b"" if plan.column.type == "varchar" else None for plan in columns[len(record.fields) :]]
        return record._replace(fields=[*record.fields, *missing])

    def _structure_error(self, record: Record) -> Refusal:
        found = len(record.fields)
        if record.fault or found > len(self._plan.columns):
            return record.raw, record.fault or EXTRA_COLUMNS, None, b"", 0
        is_text = self._plan.columns[found - 1].column.is_text
        return self._value_error(record, found - 1, NO_DELIMITER_TEXT if is_text else NO_DELIMITER)

    def _value_error(self, record: Record, index: int, fault: Fault) -> Refusal:
        offsets = field_offsets(record.raw, self._plan.text.delimiter, self._plan.quote)
        position = next(islice(offsets, index, None), None)
        value = record.fields[index]
        if value is None:  # by the null string, or because FILLRECORD had to put it there
            value = b"" if position is None else self._plan.null or b""
        return record.raw, fault, self._plan.columns[index].column, value, position or 0

    def _mend_line_ends(self) -> None:
        """PostgreSQL refuses lines that end otherwise than the first one."""
        rows = self._rows
        sizes = (rows.stops - rows.ends)[self._numbers]
        other = self._numbers[sizes != len(self._line_end)]
        self._patches.add(other, rows.ends[other], rows.stops[other], [self._line_end] * len(other))

    def _replace_rows(self) -> None:
        if not self._replaced:
            return
        replaced = np.array(list(self._replaced))
        dropped = np.zeros(len(self._rows.starts), np.bool_)
        dropped[replaced] = True
        self._patches.forget(dropped)
        self._patches.add(replaced, self._rows.starts[replaced], self._rows.stops[replaced], self._replaced.values())
