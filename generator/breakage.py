"""The ways in which a record can be broken so that a warehouse refuses it, each with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from generator.wording import escaped

MOST_BYTES = 20_000
STORY = (
    'Dear all,\n\nI have three remarks, "in no particular order", as they say:\n'
    + "\n".join(
        f'{n}) naïve, café, 東京, “curly”, 5 €; the rubric says "at least two", I count {n},' for n in range(1, 14)
    )
    + "\n\nBest wishes,\nAnaïs"
)


@dataclass(frozen=True)
class Record:
    """A record that would be accepted, and which of its columns holds a number, a text and the month's date."""

    columns: tuple[str, ...]
    values: tuple[str, ...]
    number: str
    text: str
    date: str
    most_bytes: int = MOST_BYTES

    def with_value(self, column: str, value: str) -> Record:
        """The same record with one other value."""
        values = tuple(value if name == column else old for name, old in zip(self.columns, self.values))
        return Record(self.columns, values, self.number, self.text, self.date, self.most_bytes)

    def line(self, separator: str = ",", end: int | None = None) -> bytes:
        """The record as CSV without its line end; every field up to ``end``, in quotes if it has to be."""
        special = set('"\r\n' + separator)
        fields = (f'"{escaped(value)}"' if set(value) & special else value for value in self.values[:end])
        return separator.join(fields).encode()

    def with_raw(self, column: str, raw: bytes) -> bytes:
        """The record as CSV, with these bytes in the place of one field."""
        mark = "\ue000"
        return self.with_value(column, mark).line().replace(mark.encode(), raw)


@dataclass(frozen=True)
class Kind:
    """One way to break a record; ``column`` names the one it breaks, by its part in the Record or by its name.

    ``story`` puts a long text of many lines in the record's text first, which stays there when the record is mended.
    """

    name: str
    column: str
    broken: Callable[[Record, str], bytes]
    story: bool = False

    def column_of(self, record: Record) -> str:
        """The name of the column that it breaks, empty if it breaks the record as a whole."""
        return {"number": record.number, "text": record.text, "date": record.date}.get(self.column, self.column)

    def prepared(self, record: Record) -> Record:
        """The record that mending gives back."""
        return record.with_value(record.text, STORY) if self.story else record

    def raw(self, record: Record) -> bytes:
        """The broken record, without its line end."""
        return self.broken(self.prepared(record), self.column_of(record))

    def suits(self, record: Record) -> bool:
        """Whether such a record can be broken in this way."""
        column = self.column_of(record)
        return (not column or column in record.columns) and not (self.story and record.most_bytes < MOST_BYTES)


def _value(value: str) -> Callable[[Record, str], bytes]:
    return lambda record, column: record.with_value(column, value).line()


def _raw(raw: bytes) -> Callable[[Record, str], bytes]:
    return lambda record, column: record.with_raw(column, raw)


def _too_long(piece: str) -> Callable[[Record, str], bytes]:
    """One character more than fits; of two bytes each, half as many characters as fit and one more."""
    size = len(piece.encode())
    return lambda record, column: record.with_value(column, piece * (record.most_bytes // size + 1)).line()


def _wrong_date(record: Record, column: str) -> bytes:
    """Epoch milliseconds where a date is expected would be a matter of options, so: the other form, and no such day."""
    epoch = record.values[record.columns.index(column)].isdigit()
    return record.with_value(column, "2019-01-15T10:00:00Z" if epoch else "2019-02-30 10:00:00").line()


KINDS = (
    Kind("word_for_number", "number", _value("three")),
    Kind("multi_line_text_and_wrong_number", "number", _value("five"), story=True),
    Kind("too_long_text", "text", _too_long("x")),
    Kind("bad_utf8", "text", _raw(b"caf\xe9 au lait")),
    Kind("extra_field", "", lambda record, _: record.line() + b",2"),
    Kind("missing_last_field", "", lambda record, _: record.line(end=-1)),
    Kind("nul_byte_in_text", "text", _raw(b"one\x00two")),
    Kind("wrong_date", "date", _wrong_date),
    Kind("empty_user", "user_id", _value("")),
    Kind("comma_without_quotes", "text", _raw(b"clear, short, good")),
    Kind("too_long_in_bytes_only", "text", _too_long("é")),
    Kind("decimal_number", "number", _value("2.5")),
    Kind("number_too_large", "number", _value("2147483648")),
    Kind("number_far_too_large", "number", _value("99999999999999999999")),
    Kind("number_with_comma", "number", _value("1,204")),
    Kind("number_with_unit", "number", _value("3 stars")),
    Kind("hexadecimal_number", "number", _value("0x1F")),
    Kind("number_with_underscore", "number", _value("1_000")),
    Kind("not_a_number", "number", _value("NaN")),
    Kind("truth_for_number", "number", _value("true")),
    Kind("spreadsheet_error", "number", _value("#REF!")),
    Kind("nul_byte_in_number", "number", _raw(b"3\x00")),
    Kind("empty_date", "date", _value("")),
    Kind("word_for_date", "date", _value("some day")),
    Kind("null_word_for_user", "user_id", _value("NULL")),
    Kind("word_for_user", "user_id", _value("student-17")),
    Kind("byte_order_mark", "user_id", lambda record, _: b"\xef\xbb\xbf" + record.line()),
    Kind("header_again", "", lambda record, _: ",".join(record.columns).encode()),
    Kind("missing_most_fields", "", lambda record, _: record.line(end=1)),
    Kind("extra_empty_field", "", lambda record, _: record.line() + b","),
    Kind("two_records_on_a_line", "", lambda record, _: record.line() + b"," + record.line()),
    Kind("semicolons", "", lambda record, _: record.line(";")),
    Kind("tabs", "", lambda record, _: record.line("\t")),
    Kind("stray_quote", "text", _raw(b'they said "easy" twice')),
    Kind("text_after_closing_quote", "text", _raw(b'"good"ish')),
    Kind("utf8_cut_short", "text", _raw(b"five \xe2\x82")),
    Kind("utf8_surrogate", "text", _raw(b"half \xed\xa0\x80")),
    Kind("too_long_text_of_many_lines", "text", _value('line, "one"\n' * (MOST_BYTES // 11)), story=True),
    Kind("too_long_prompt", "prompt", _value("p" * 1001)),
    Kind("blank_line", "", lambda record, _: b""),
)
