"""What to generate, checked before anything is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch

from generator.curriculum import DEGREES

# Handles end in the student's number, and GitHub's have at most 39 characters.
MOST_STUDENTS = 99_999_999
# Below this many student-months a second process costs more to start than it saves.
_WORTH_A_PROCESS = 400_000


class OptionError(ValueError):
    """An option asks for what cannot be; the message says which one, and what can."""


@dataclass(frozen=True)
class Partition:
    """One degree's month: the four files in ``<degree>/<year>/<month>/``."""

    degree: str
    year: int
    month: int

    def key(self, source: str) -> str:
        """The file's place below the destination, as the warehouse expects it; the month is not padded."""
        return f"{self.degree}/{self.year}/{self.month}/{source}.csv"


def dimension_key(name: str) -> str:
    """The place of a dimension's file below the destination."""
    return f"dimensional_tables/{name}.csv"


SOURCES = ("project_feedback", "section_feedback", "mentor_activity", "video_log")


@dataclass(frozen=True)
class Options:
    """What to generate and where to; the same values make the same bytes.

    ``to`` is a folder or ``s3://bucket/prefix``. ``bad_rows`` records that a warehouse refuses are planted in the files
    whose key matches ``bad_in`` (``*`` matches any characters). ``processes`` None: as many as pay.
    Raises OptionError.
    """

    to: str
    students: int = 50_000
    degrees: tuple[str, ...] = ("data_science", "data_analytics", "data_engineering")
    years: tuple[int, ...] = (2019,)
    months: tuple[int, ...] = tuple(range(1, 13))
    seed: int = 2019
    bad_rows: int = 0
    bad_in: str = "*"
    processes: int | None = None

    def __post_init__(self) -> None:
        if not self.to:
            raise OptionError("to: name a folder or s3://bucket/prefix.")
        _within("students", (self.students,), 1, MOST_STUDENTS)
        _within("years", self.years, 1971, 9999)
        _within("months", self.months, 1, 12)
        _within("bad rows", (self.bad_rows,), 0, 1_000_000)
        _within("processes", (1 if self.processes is None else self.processes,), 1, 256)
        unknown = [name for name in self.degrees if name not in DEGREES]
        if unknown or not self.degrees:
            asked = ", ".join(unknown) or "none"
            raise OptionError(f"degrees: {asked} is not taught; there are {', '.join(DEGREES)}.")
        for name, values in (("degrees", self.degrees), ("years", self.years), ("months", self.months)):
            if len(set(values)) < len(values):
                raise OptionError(f"{name}: the same one twice, and it can be written only once.")
        if self.bad_rows and not self.bad_keys:
            raise OptionError(f"bad in: no file matches {self.bad_in!r}; one of the files is {self._keys[0]}.")

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Every degree's every month."""
        return tuple(Partition(d, year, month) for d in self.degrees for year in self.years for month in self.months)

    @property
    def _keys(self) -> tuple[str, ...]:
        return tuple(partition.key(source) for partition in self.partitions for source in SOURCES)

    @property
    def bad_keys(self) -> tuple[str, ...]:
        """The files in which bad rows are planted."""
        return tuple(key for key in self._keys if fnmatch(key, self.bad_in))

    @property
    def workers(self) -> int:
        """How many processes to use."""
        if self.processes:
            return self.processes
        if self.students * len(self.partitions) < _WORTH_A_PROCESS:
            return 1
        return min(_usable_cores(), len(self.partitions) + 1)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _within(name: str, values: tuple[int, ...], least: int, most: int) -> None:
    if not values:
        raise OptionError(f"{name}: at least one is needed.")
    for value in values:
        if not least <= value <= most:
            raise OptionError(f"{name}: {value} is not from {least} to {most}.")
