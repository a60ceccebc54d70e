"""Dates and times as DATEFORMAT and TIMEFORMAT ``'auto'`` recognize them, one value at a time.

Source: https://docs.aws.amazon.com/redshift/latest/dg/automatic-recognition.html. All its formats are here but one: the
example of DD.MM.YYYY has the month first (12.17.1997), so that most such values might mean either of two days. The page
says that CAST reads what 'auto' reads, so where it is silent PostgreSQL's rules stand, which are older than Redshift:
two digits from 70 on are a year of the last century, and a TIMESTAMP leaves out a zone.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from local_aws.redshift.rows.time_patterns import MONTH, month_number

_MOST_BC = 4712  # the first day that there is lies in the year before
_LEAP_CYCLE = 400
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?"
_DIGITS = r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
_ZONE = r" ?(?P<zone>Z|(?i:UTC|GMT|[ECMP][SD]T)|[+-][0-9]{2}(?::?[0-9]{2})?)"
_NAME = rf"(?P<name>(?i:{MONTH}))"
_DAY = r"(?P<day>[0-9]{2})"
_MONTH = r"(?P<month>[0-9]{2})"
_YEAR = r"(?P<year>[0-9]{4})"
_FORMS = [
    re.compile(form)
    for form in (
        rf"{_YEAR}-{_MONTH}-{_DAY}(?:[ T]{_TIME}(?:{_ZONE})?)?",
        rf"{_YEAR}{_MONTH}{_DAY}(?: {_DIGITS})?",
        rf"(?P<short>[0-9]{{2}}){_MONTH}{_DAY}(?: {_DIGITS})?",
        rf"{_YEAR}\.(?P<of_year>[0-9]{{3}})(?: {_TIME}(?:{_ZONE})?)?",
        rf"(?P<julian>J[0-9]{{7}})(?: {_TIME}(?:{_ZONE})?)?",
        rf"{_DAY} {_NAME}(?: {_TIME})? {_YEAR}(?:{_ZONE})?",
        rf"{_NAME}-{_DAY}-(?P<bc>[0-9]{{1,4}}) BC",
        rf"{_MONTH}/{_DAY}/{_YEAR}(?: {_TIME}(?:{_ZONE})?)?",
    )
]
_HOURS = {"E": 5, "C": 6, "M": 7, "P": 8}  # west of Greenwich, one less in summer


class Moment(NamedTuple):
    """A day, a time and an offset from UTC in PostgreSQL's words; without a zone the offset is empty."""

    day: str
    time: str
    offset: str
    era: str


def read(value: bytes) -> Moment | None:
    """Return what a value means, or None for what is of none of the formats, or no day or time that there is."""
    text = value.decode("ascii", "replace")
    for form in _FORMS:
        match = form.fullmatch(text)
        if match:
            found = {name: part for name, part in match.groupdict().items() if part is not None}
            try:
                return Moment(_day(found), _time(found), offset(found.get("zone", "")), " BC" if "bc" in found else "")
            except ValueError:
                return None
    return None


def _day(found: dict[str, str]) -> str:
    if "julian" in found:
        return found["julian"]
    if "of_year" in found:
        first = dt.date(int(found["year"]), 1, 1)
        day = first + dt.timedelta(days=int(found["of_year"]) - 1)
        if day.year != first.year:
            raise ValueError("no such day of the year")
        return day.isoformat()
    month = int(found["month"]) if "month" in found else month_number(found["name"])
    if "bc" in found:
        year = int(found["bc"])
        # Python knows no such years. 1 BC is year 0, and every 400 years the leap years are the same.
        same = dt.date((1 - year) % _LEAP_CYCLE + _LEAP_CYCLE, month, int(found["day"]))
        if not 1 <= year <= _MOST_BC:
            raise ValueError("no such year")
        return f"{year:04}-{same:%m-%d}"
    short = int(found.get("short", 0))
    year = int(found["year"]) if "year" in found else short + (1900 if short >= 70 else 2000)
    return dt.date(year, month, int(found["day"])).isoformat()


def _time(found: dict[str, str]) -> str:
    hour, minute, second = (int(found.get(part, 0)) for part in ("hour", "minute", "second"))
    return dt.time(hour, minute, second, int(found.get("fraction", "0").ljust(6, "0"))).isoformat()


def offset(zone: str) -> str:
    """Return a zone as an offset that PostgreSQL knows; nothing stays nothing.

    Raises ValueError: there is no such zone.
    """
    zone = zone.upper()
    if zone in ("Z", "UTC", "GMT"):
        return "Z"
    if zone.endswith("T"):
        return f"-{_HOURS[zone[0]] - (zone[1] == 'D'):02}"
    if zone and not (int(zone[1:3]) <= 14 and int(zone[3:].lstrip(":") or 0) < 60):
        raise ValueError("no such zone")
    return zone
