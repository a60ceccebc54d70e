"""The pieces of work that processes share out: a degree's month, or a dimension. Each writes its own files, whole."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Callable, Iterator, Sequence

import numpy as np

from generator.calendar_month import CalendarMonth
from generator.courses import PROJECT_COLUMNS, VIDEO_COLUMNS, project_rows, video_rows
from generator.csv_file import CsvFile, Refused
from generator.curriculum import DEGREES
from generator.destination import Destination
from generator.draws import Ints
from generator.feedback import Feedback
from generator.journey import StudyMonth, study_month
from generator.mentor_activity import MentorActivity
from generator.options import Options, Partition, dimension_key
from generator.planting import planting
from generator.users import Users
from generator.video_log import VideoLog

# So many students are held at a time; the files do not depend on it.
BLOCK = 100_000

Report = Callable[[], object]
Rows = Callable[[CalendarMonth, StudyMonth], "list[str]"]


@dataclass(frozen=True)
class Made:
    """What a job has written."""

    files: int
    rows: int
    bytes: int
    refused: tuple[Refused, ...] = ()


def blocks(students: int) -> Iterator[Ints]:
    """The students' numbers, from 1, a block at a time."""
    for first in range(1, students + 1, BLOCK):
        yield np.arange(first, min(first + BLOCK, students + 1), dtype=np.int64)


def write_partition(options: Options, partition: Partition, place: Destination, report: Report) -> Made:
    """The four files of a degree's month; ``report`` is called after each block of students."""
    degree, month = DEGREES[partition.degree], CalendarMonth.of(partition.year, partition.month)
    sources = _sources(options.seed, partition.degree)
    planted = planting(options, partition)
    with ExitStack() as stack:
        files = {}
        for source, (columns, _) in sources.items():
            key = partition.key(source)
            files[source] = CsvFile(key, stack.enter_context(place.open(key)), columns, planted.get(source, ()))
        for students in blocks(options.students):
            study = study_month(options.seed, degree, month.number, students)
            for source, (_, rows) in sources.items():
                files[source].write(rows(month, study), int(students[-1]))
            report()
    return _made(list(files.values()))


def _sources(seed: int, degree_name: str) -> dict[str, tuple[tuple[str, ...], Rows]]:
    """Columns and rows of each of the monthly files."""
    degree = DEGREES[degree_name]
    return {
        "project_feedback": (Feedback.columns("project"), Feedback(seed, degree, "project").rows),
        "section_feedback": (Feedback.columns("section"), Feedback(seed, degree, "section").rows),
        "mentor_activity": (MentorActivity.columns, MentorActivity(seed, degree).rows),
        "video_log": (VideoLog.columns, VideoLog(seed, degree).rows),
    }


def write_users(options: Options, place: Destination, report: Report) -> Made:
    """The dimension of students; ``report`` is called after each block of them."""
    users = Users(options.seed)
    key = dimension_key("users_dim")
    with place.open(key) as sink:
        file = CsvFile(key, sink, Users.columns)
        for students in blocks(options.students):
            file.write_block(users.block(students), len(students))
            report()
    return _made([file])


def write_courses(options: Options, place: Destination) -> Made:
    """The dimensions of projects and videos."""
    degrees = [DEGREES[name] for name in options.degrees]
    files = []
    for name, columns, rows in (
        ("projects_dim", PROJECT_COLUMNS, project_rows(degrees)),
        ("videos_dim", VIDEO_COLUMNS, video_rows(degrees)),
    ):
        key = dimension_key(name)
        with place.open(key) as sink:
            file = CsvFile(key, sink, columns)
            file.write(rows, 0)
            files.append(file)
    return _made(files)


def _made(files: Sequence[CsvFile]) -> Made:
    refused = tuple(one for file in files for one in file.refused)
    return Made(len(files), sum(file.rows for file in files), sum(file.bytes for file in files), refused)
