"""Values of a DATEFORMAT or TIMEFORMAT whose parts have fixed places, many at a time: MM/DD/YYYY HH:MI:SS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.rows import time_patterns
from local_aws.redshift.rows.copy_text import DAY
from local_aws.redshift.rows.marks import Flags, Positions
from local_aws.redshift.rows.plain_values import Fields

_LIMITS = {"YYYY": (1, 9999), "MM": (1, 12), "DD": (1, 31), "HH": (0, 23), "MI": (0, 59), "SS": (0, 59)}
Moments = Callable[[Fields], "tuple[Flags, NDArray[np.int64]]"]


def reader(pattern: str) -> Moments | None:
    """Return what says of values which are of a pattern, and their milliseconds since 1970; None for other patterns.

    ``pattern`` is one that ``time_patterns.reader`` takes. A fraction of a second is none of this function's.
    """
    parts: dict[str, int] = {}
    marks: dict[int, int] = {}
    width = 0
    for name in time_patterns.parts_of(pattern):
        part = "HH" if name == "HH24" else name
        if part in _LIMITS:
            parts[part] = width
            width += 4 if part == "YYYY" else 2
        elif len(name) == 1 and name.isascii():
            marks[width] = ord(name)
            width += 1
        else:
            return None

    def moments(fields: Fields) -> tuple[Flags, NDArray[np.int64]]:
        good = fields.size == width
        for offset, mark in marks.items():
            good &= fields.text.first(fields.begin + offset) == mark
        found = {part: np.zeros(len(good), np.int64) for part in _LIMITS}
        for part, offset in parts.items():
            found[part], digits = _number(fields, offset, 4 if part == "YYYY" else 2)
            least, most = _LIMITS[part]
            good &= digits & (found[part] >= least) & (found[part] <= most)
        month = (found["YYYY"] - 1970) * 12 + found["MM"] - 1
        first, after = (number.astype("M8[M]").astype("M8[D]").astype(np.int64) for number in (month, month + 1))
        good &= first + found["DD"] <= after
        seconds = (found["HH"] * 60 + found["MI"]) * 60 + found["SS"]
        return good, (first + found["DD"] - 1) * DAY + seconds * 1000

    return moments


def _number(fields: Fields, offset: int, width: int) -> tuple[Positions, Flags]:
    """Return the number that so many characters write from an offset on, and whether they are digits."""
    total, good = np.zeros(len(fields.size), np.int64), np.ones(len(fields.size), np.bool_)
    for place in range(offset, offset + width):
        digit = fields.text.first(fields.begin + place).astype(np.int64) - ord("0")
        good &= (digit >= 0) & (digit <= 9)
        total = total * 10 + digit
    return total, good
