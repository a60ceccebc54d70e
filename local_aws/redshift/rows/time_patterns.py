"""DATEFORMAT and TIMEFORMAT strings, such as ``MM/DD/YYYY HH12:MI:SS AM``.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html. How lenient Redshift is
about digits is unverified: here a part has as many as its name says.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from local_aws.redshift.sql_error import SYNTAX_ERROR, SqlError, unsupported

MONTHS = [dt.date(2000, month, 1).strftime("%B").lower() for month in range(1, 13)]
MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS)])  # a regular expression of their names

# The longer ones first: MON is no month of two digits, HH24 no HH.
_PARTS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "HH24": r"(?P<hour>[0-9]{2})",
    "HH12": r"(?P<hour12>[0-9]{2})",
    "MON": rf"(?P<name>{MONTH})",
    "MM": r"(?P<month>[0-9]{2})",
    "DD": r"(?P<day>[0-9]{2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "MI": r"(?P<minute>[0-9]{2})",
    "SS": r"(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?",
    "AM": r"(?P<half>am|pm)",
    "PM": r"(?P<half>am|pm)",
}
_TOKEN = re.compile("|".join([*_PARTS, "[^A-Za-z0-9]"]), re.IGNORECASE)

Moment = Callable[[bytes], "dt.datetime | None"]


def parts_of(pattern: str) -> list[str]:
    """Return a pattern's parts, in upper case, and what stands between; an empty one is where neither does."""
    found: list[str] = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return [*found, ""]
        found.append(token.group().upper())
        at = token.end()
    return found


def reader(option: str, pattern: str) -> Moment:
    """Return the function that reads a value of this pattern; it returns None for what is none.

    Raises SqlError: the pattern holds something that AWS's page does not list, or says a part twice.
    """
    names: set[str] = set()
    texts: list[str] = []
    for name in parts_of(pattern):
        if not name:
            raise unsupported(f"COPY option {option} '{pattern}'")
        part = _PARTS.get(name)
        found = set(re.findall("<([a-z0-9]+)>", part or ""))
        if found & names:
            raise SqlError(SYNTAX_ERROR, f"{option} '{pattern}' says {name} twice")
        names |= found
        texts.append(part or re.escape(name))
    if not {"year", "day"} <= names or not names & {"month", "name"} or ("hour12" in names) != ("half" in names):
        raise unsupported(f"COPY option {option} '{pattern}'")
    value_form = re.compile("".join(texts), re.IGNORECASE)
    return lambda value: _moment(value_form, value)


def _moment(value_form: re.Pattern[str], value: bytes) -> dt.datetime | None:
    match = value_form.fullmatch(value.decode("ascii", "replace"))
    if match is None:
        return None
    found = {name: part for name, part in match.groupdict().items() if part is not None}
    month = found.get("month") or month_number(found["name"])
    hour = int(found.get("hour", 0))
    if "hour12" in found:
        hour = int(found["hour12"])
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    try:
        date = (int(found["year"]), int(month), int(found["day"]))
        time = (hour, int(found.get("minute", 0)), int(found.get("second", 0)))
        return dt.datetime(*date, *time, int(found.get("fraction", "0").ljust(6, "0")))
    except ValueError:
        return None  # no such day, or no such time


def month_number(name: str) -> int:
    """Return the number of a month by its name or the three letters of it."""
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))
