"""One record of a file of delimited text after the other: a line each, without quotes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html#copy-escape
"""

from __future__ import annotations

import re

from local_aws.redshift.rows.csv_records import EMPTY_LINE, MAX_RECORD_BYTES, Record, too_long, without_line_end

BACKSLASH = b"\\"
_ESCAPED = re.compile(rb"\\([\s\S])")


class TextReader:
    """Reads single records: exact, and slow. With ESCAPE a backslash takes away what the next byte means."""

    def __init__(self, delimiter: bytes, null: bytes | None, *, escape: bool) -> None:
        self._delimiter, self._null, self._escape = delimiter, null, escape
        self._line = re.compile(rb"(?:[^\\\n]|\\[\s\S])*\n")
        self._field = re.compile(rb"(?:[^\\%s]|\\[\s\S]|\\\Z)*" % re.escape(delimiter))
        # "\N works as is, but it can also be escaped in the input data as \\N", says the page of ESCAPE.
        self._nulls = {null, null.replace(BACKSLASH, BACKSLASH * 2)} if escape and null else {null}

    def record(self, data: bytes, start: int, *, final: bool) -> Record | None:
        """Return the record that begins at ``start``, or None when more bytes are needed; the last are ``final``."""
        stop = self._stop(data, start)
        if stop or final:
            stop = stop or len(data)
            raw = without_line_end(data[start:stop])
            if len(raw) <= MAX_RECORD_BYTES:
                return Record(stop, raw, self._fields(raw), None if raw else EMPTY_LINE)
        return too_long(data, start, final=final)

    def _stop(self, data: bytes, start: int) -> int:
        if not self._escape:
            return data.find(b"\n", start) + 1
        match = self._line.match(data, start)
        return match.end() if match else 0

    def _fields(self, raw: bytes) -> list[bytes | None]:
        if not self._escape or BACKSLASH not in raw:
            return [None if field in self._nulls else field for field in raw.split(self._delimiter)]
        fields: list[bytes | None] = []
        at = 0
        while True:
            match = self._field.match(raw, at)
            assert match is not None  # it matches nothing as well
            field = match.group()
            fields.append(None if field in self._nulls else _ESCAPED.sub(rb"\1", field))
            at = match.end() + 1
            if at > len(raw):
                return fields


def escaped(data: bytes, at: int) -> bool:
    """Whether an odd number of backslashes stands before a byte."""
    begin = at
    while begin and data[begin - 1 : begin] == BACKSLASH:
        begin -= 1
    return (at - begin) % 2 == 1
