"""The rows of a COPY as PostgreSQL's own CSV: a file's bytes as they are, with patches where they would not do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.quoting import literal
from local_aws.redshift.rows.columns import Value
from local_aws.redshift.rows.marks import Flags, Positions

# Below so many bytes for each patch, weaving is faster than cutting (measured).
DENSE_BYTES = 64
# Bytes that text hardly holds: they stand for what the file has no byte for.
_SPARE = (b"\x01", b"\x02", b"\x03", b"\x04")


class CopyText:
    """How PostgreSQL is told to read the rows: as the file is written, as far as the file says."""

    def __init__(self, delimiter: bytes, quote: bytes | None, null: bytes | None) -> None:
        spare = [byte for byte in _SPARE if byte not in (delimiter, quote)]
        usable = null is not None and not set(null) & set(b"\r\n" + delimiter + (quote or b""))
        self.delimiter = delimiter
        self.quote = quote or spare[0]
        self.null = null if usable and null else spare[1]
        self.reserved = b"".join(byte for byte in spare[:2] if byte in (self.quote, self.null))

    def options(self) -> str:
        """Return the options of PostgreSQL's COPY."""
        words = {"DELIMITER": self.delimiter, "QUOTE": self.quote, "NULL": self.null, "ENCODING": b"UTF8"}
        return "FORMAT csv, " + ", ".join(f"{name} {literal(value.decode())}" for name, value in words.items())

    def field(self, value: Value) -> bytes:
        """Return a value as a field."""
        if value is None:
            return self.null
        return self.quote + value.replace(self.quote, self.quote + self.quote) + self.quote

    def row(self, values: Sequence[Value]) -> bytes:
        """Return the values of a row, without its line end."""
        return self.delimiter.join(map(self.field, values))


class Patches:
    """Places in the bytes of rows that are to read otherwise; they do not overlap but where a whole row is replaced."""

    def __init__(self) -> None:
        self._rows: list[Positions] = []
        self._begins: list[Positions] = []
        self._ends: list[Positions] = []
        self._texts: list[bytes] = []

    def add(self, rows: Positions, begins: Positions, ends: Positions, texts: Iterable[bytes]) -> None:
        """Put these texts there, one for each place, in these rows."""
        self._rows.append(rows)
        self._begins.append(begins)
        self._ends.append(ends)
        self._texts.extend(texts)

    def forget(self, dropped: Flags) -> None:
        """Leave out what was to be done in these rows."""
        kept = ~dropped[np.concatenate(self._rows)]
        if not kept.all():
            self._texts = [text for text, keep in zip(self._texts, kept.tolist()) if keep]
            for places in (self._begins, self._ends, self._rows):
                places[:] = [np.concatenate(places)[kept]]

    def applied(self, data: bytes, size: int) -> bytes:
        """Return the first ``size`` bytes with all patches made."""
        if not self._texts:
            return data if size == len(data) else data[:size]
        begins, ends = np.concatenate(self._begins), np.concatenate(self._ends)
        order = np.argsort(begins, kind="stable")
        texts = self._texts
        if len(self._begins) > 1:
            texts = list(map(texts.__getitem__, order.tolist()))
            begins, ends = begins[order], ends[order]
        if len(texts) * DENSE_BYTES > size:
            return _woven(data, size, begins, ends, texts)
        kept_from, kept_to = [0, *ends.tolist()], [*begins.tolist(), size]
        pieces: list[bytes] = [b""] * (2 * len(texts) + 1)
        pieces[0::2] = [data[begin:end] for begin, end in zip(kept_from, kept_to)]
        pieces[1::2] = texts
        return b"".join(pieces)


def _woven(data: bytes, size: int, begins: Positions, ends: Positions, texts: list[bytes]) -> bytes:
    """Make patches that lie close: byte by byte, which is then faster than to cut the bytes into pieces."""
    kept = np.append(begins, size) - np.concatenate(([0], ends))
    source, target = np.zeros((2, 2 * len(texts) + 1), np.int64)
    source[0::2] = target[0::2] = kept
    source[1::2] = ends - begins
    target[1::2] = list(map(len, texts))
    is_kept = np.ones(2 * len(texts) + 1, np.bool_)
    is_kept[1::2] = False
    into = np.repeat(is_kept, target)
    out = np.empty(len(into), np.uint8)
    out[into] = np.frombuffer(data, np.uint8, size)[np.repeat(is_kept, source)]
    out[~into] = np.frombuffer(b"".join(texts), np.uint8)
    return out.tobytes()


_PARTS = [("quote", "S1"), ("year", "S4"), ("to_month", "S1"), ("month", "S2"), ("to_day", "S1"), ("day", "S2")]
_PARTS += [("to_hour", "S1"), ("hour", "S2"), ("to_minute", "S1"), ("minute", "S2"), ("to_second", "S1")]
_PARTS += [("second", "S2"), ("to_milli", "S1"), ("milli", "S3")]
_SEPARATORS = {
    "to_month": b"-",
    "to_day": b"-",
    "to_hour": b" ",
    "to_minute": b":",
    "to_second": b":",
    "to_milli": b".",
}
_YEARS = np.array([b"%04d" % year for year in range(10_000)])
_PAIRS = np.array([b"%02d" % number for number in range(100)])
_THOUSANDS = np.array([b"%03d" % number for number in range(1000)])
DAY = 86_400_000


def timestamp_fields(milliseconds: NDArray[np.int64], quote: bytes, zone: bytes = b"") -> list[bytes]:
    """Return milliseconds since 1970, of the years 1 to 9999, as fields that PostgreSQL reads."""
    layout = np.dtype([*_PARTS, ("end", f"S{len(zone) + 1}")])
    out = np.empty(len(milliseconds), layout)
    days, rest = np.divmod(milliseconds, DAY)
    dates = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    month_number = months.astype(np.int64) + 12 * 1970
    seconds, milli = np.divmod(rest, 1000)
    minutes, second = np.divmod(seconds, 60)
    hour, minute = np.divmod(minutes, 60)
    out["quote"], out["end"] = quote, zone + quote
    for name, byte in _SEPARATORS.items():
        out[name] = byte
    out["year"], out["month"] = _YEARS[month_number // 12], _PAIRS[month_number % 12 + 1]
    out["day"] = _PAIRS[(dates - months.astype("M8[D]")).astype(np.int64) + 1]
    out["hour"], out["minute"], out["second"], out["milli"] = (
        _PAIRS[hour],
        _PAIRS[minute],
        _PAIRS[second],
        _THOUSANDS[milli],
    )
    texts: list[bytes] = out.view(f"S{layout.itemsize}").tolist()
    return texts


def date_fields(milliseconds: NDArray[np.int64], quote: bytes, zone: bytes = b"") -> list[bytes]:
    """Return the days of milliseconds since 1970 as fields that PostgreSQL reads; a day has no zone."""
    texts: list[bytes] = np.datetime_as_string((milliseconds // DAY).astype("M8[D]")).astype("S10").tolist()
    return [quote + text + quote for text in texts]
