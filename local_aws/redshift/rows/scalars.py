"""Numbers, booleans, dates and times as Redshift's COPY reads them, one value at a time.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html. Each function takes a value that is
not empty and returns it in a form that PostgreSQL accepts without doubt, or raises BadValue.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from contextlib import suppress
from functools import cache

from local_aws.redshift.rows import auto_times, time_patterns

INTEGERS = {"int2": ("Short", 2**15), "int4": ("Integer", 2**31), "int8": ("Long", 2**63)}
_FLOAT4_MAX = 3.4028234663852886e38
_FLOAT4_MIN = 1.1754943508222875e-38

_INTEGER = re.compile(rb"-?[0-9]+")
_DECIMAL = re.compile(rb"(-?)([0-9]*)(?:\.([0-9]*))?")
_FLOAT = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    _DATE.pattern + rb" ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_MOST_DIGITS = 100  # more than any DECIMAL has
_EPOCH = dt.datetime(1970, 1, 1)  # without a zone, like TIMESTAMP
_TRUE = frozenset((b"t", b"true", b"y", b"yes", b"1"))
_FALSE = frozenset((b"f", b"false", b"n", b"no", b"0"))
EPOCH_UNITS = {"epochsecs": 1_000_000, "epochmillisecs": 1_000}


class BadValue(ValueError):
    """A value that COPY refuses, with its code and words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _invalid_digit(code: int, value: bytes, allowed: bytes, kind: str) -> BadValue:
    at = next((index for index, byte in enumerate(value) if byte not in allowed), len(value) - 1)
    return BadValue(
        code, f"Invalid digit, Value '{chr(value[at]) if value[at] < 128 else '.'}', Pos {at}, Type: {kind}"
    )


def integer(value: bytes, type_name: str) -> bytes:
    """Read SMALLINT, INTEGER or BIGINT: digits and nothing else."""
    kind, limit = INTEGERS[type_name]
    if not _INTEGER.fullmatch(value):
        allowed = b"-0123456789" if value[:1] == b"-" and value.count(b"-") == 1 else b"0123456789"
        raise _invalid_digit(1207, value, allowed, kind)
    # Far beyond any limit Python itself refuses to read so many digits.
    if len(value) > 40 or not -limit <= int(value) < limit:
        raise BadValue(1222, f"Overflow, Column type: {kind}")
    return value


def decimal(value: bytes, precision: int, scale: int, *, rounding: bool = False) -> bytes:
    """Read DECIMAL(precision, scale). Digits beyond the scale are cut off; with ROUNDEC they round."""
    match = _DECIMAL.fullmatch(value)
    if match is None or not (match.group(2) or match.group(3)):
        raise _invalid_digit(1209, value, b"-.0123456789", "Decimal")
    sign, whole, fraction = match.group(1), match.group(2).lstrip(b"0"), match.group(3) or b""
    if rounding and fraction[scale : scale + 1] >= b"5":
        # With int() and not Decimal, whose context has a precision of its own; Python reads 4,300 digits at most.
        digits = (whole + fraction[:scale])[:_MOST_DIGITS] or b"0"
        rounded = str(int(digits) + 1).encode().rjust(scale + 1, b"0")
        whole, fraction = rounded[: len(rounded) - scale].lstrip(b"0"), rounded[len(rounded) - scale :]
    if len(whole) > precision - scale:
        raise BadValue(1209, f"Overflow for NUMERIC({precision},{scale})")
    fraction = fraction[:scale]
    return sign + (whole or b"0") + (b"." + fraction if fraction else b"")


def floating(value: bytes, type_name: str) -> bytes:
    """Read REAL or DOUBLE PRECISION; NaN and infinity are refused (unverified)."""
    kind = "Float" if type_name == "float4" else "Double"
    if not _FLOAT.fullmatch(value):
        raise _invalid_digit(1208, value, b"+-.eE0123456789", kind)
    number = abs(float(value))
    largest, smallest = (_FLOAT4_MAX, _FLOAT4_MIN) if type_name == "float4" else (1.7976931348623157e308, 2.3e-308)
    is_zero = not re.search(rb"[1-9]", re.split(rb"[eE]", value)[0])
    if math.isinf(number) or number > largest or (number < smallest and not is_zero):
        raise BadValue(1208, f"Overflow, Column type: {kind}")
    return value


def boolean(value: bytes) -> bytes:
    """Read BOOLEAN: https://docs.aws.amazon.com/redshift/latest/dg/r_Boolean_type.html."""
    word = value.lower()
    if word in _TRUE:
        return b"t"
    if word in _FALSE:
        return b"f"
    raise BadValue(1210, "Unknown boolean format")


def date(value: bytes, date_format: str | None) -> bytes:
    """Read DATE: YYYY-MM-DD, or what DATEFORMAT says; a time is left out."""
    if date_format == "auto":
        found = auto_times.read(value)
        if found is None:
            raise BadValue(1205, "Invalid Date Format [auto]")
        return (found.day + found.era).encode()
    if date_format is not None:
        return _by_pattern(value, "DATEFORMAT", date_format, 1205, "Invalid Date Format").date().isoformat().encode()
    match = _DATE.fullmatch(value)
    if match is None:
        wrong = "length must be 10 or more" if len(value) < 10 else "expected YYYY-MM-DD"
        raise BadValue(1205, f"Invalid Date Format - {wrong}")
    try:
        return dt.date(*map(int, match.groups())).isoformat().encode()
    except ValueError as error:
        raise BadValue(1205, f"Invalid Date Format - {error}") from error


@cache
def _pattern(option: str, text: str) -> time_patterns.Moment:
    return time_patterns.reader(option, text)


def _by_pattern(value: bytes, option: str, pattern: str, code: int, words: str) -> dt.datetime:
    moment = _pattern(option, pattern)(value)
    if moment is None:
        raise BadValue(code, f"{words} [{pattern}]")
    return moment


def timestamp(value: bytes, time_format: str | None, *, with_zone: bool = False) -> bytes:
    """Read TIMESTAMP in the COPY's TIMEFORMAT; a zone is TIMESTAMPTZ's alone, or left out with 'auto'."""
    if time_format in EPOCH_UNITS:
        return _epoch(value, time_format) + (b"Z" if with_zone else b"")
    if time_format == "auto":
        found = auto_times.read(value)
        if found is None:
            raise BadValue(1206, "Invalid timestamp format or value [auto]")
        return f"{found.day} {found.time}{(found.offset or 'Z') if with_zone else ''}{found.era}".encode()
    if time_format is not None:
        moment = _by_pattern(value, "TIMEFORMAT", time_format, 1206, "Invalid timestamp format or value")
        return moment.isoformat(" ").encode() + (b"Z" if with_zone else b"")
    bad = BadValue(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")
    match = _TIMESTAMP.fullmatch(value)
    if match is None or (match.group(8) and not with_zone):
        raise bad
    fraction, zone = match.group(7, 8)
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    try:
        moment = dt.datetime(year, month, day, hour, minute, second, int((fraction or b"0").ljust(6, b"0")))
        offset = auto_times.offset((zone or b"").decode())
    except ValueError as error:
        raise bad from error
    return f"{moment.isoformat(' ')}{(offset or 'Z') if with_zone else ''}".encode()


def _epoch(value: bytes, time_format: str) -> bytes:
    # Redshift's pages show whole numbers only; a fraction is refused (unverified).
    if _INTEGER.fullmatch(value) and len(value) <= 18:
        with suppress(OverflowError):
            moment = _EPOCH + dt.timedelta(microseconds=int(value) * EPOCH_UNITS[time_format])
            return moment.isoformat(" ", "seconds" if time_format == "epochsecs" else "milliseconds").encode()
    raise BadValue(1206, f"Invalid timestamp format or value [{time_format}]")
