"""Moments within one month of the calendar, UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.draws import Bits, Ints, below, look_up, table

DAY = 86_400
# Most people study in the evening; each hour of the day with its weight.
_HOURS = table(
    list(enumerate((14, 8, 4, 2, 2, 3, 6, 10, 14, 18, 20, 20, 24, 22, 20, 20, 22, 26, 34, 42, 46, 42, 34, 22)))
)


@dataclass(frozen=True)
class CalendarMonth:
    """A month; ``number`` counts months since year 0. Moments are seconds since 1970, UTC."""

    number: int

    @classmethod
    def of(cls, year: int, month: int) -> CalendarMonth:
        """The month of a year, both as people say them: 2019, 1."""
        return cls(year * 12 + month - 1)

    @property
    def first_second(self) -> int:
        """Midnight of day one."""
        return self._second(self.number)

    @property
    def end(self) -> int:
        """Midnight after the last day."""
        return self._second(self.number + 1)

    @staticmethod
    def _second(number: int) -> int:
        return int(np.datetime64(number - 1970 * 12, "M").astype("datetime64[s]").astype(np.int64))

    def moments(self, bits: Bits) -> Ints:
        """A moment of this month for each of ``bits``, by all but the lowest four of them."""
        days = (self.end - self.first_second) // DAY
        day = below(bits, days, 4)
        hour = look_up(_HOURS, bits, 24)
        return self.first_second + day * DAY + hour * 3600 + below(bits, 3600, 36)


def milliseconds(seconds: Ints, bits: Bits) -> list[int]:
    """Epoch milliseconds within the seconds."""
    exact: list[int] = (seconds * 1000 + below(bits, 1000)).tolist()
    return exact


def iso(seconds: Ints) -> list[str]:
    """``YYYY-MM-DD HH:MM:SS``, as a warehouse reads it."""
    text = np.datetime_as_string(seconds.astype("datetime64[s]"), unit="s")
    return [moment.replace("T", " ") for moment in text.tolist()]
