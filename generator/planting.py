"""Which broken records stand where: so many of them, spread over the files and their students by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.breakage import KINDS, Kind, Record
from generator.calendar_month import CalendarMonth, iso
from generator.curriculum import DEGREES, Degree
from generator.draws import Bits, Ints, below, draw
from generator.enrolment import takes
from generator.feedback import Feedback
from generator.mentor_activity import MentorActivity
from generator.options import SOURCES, Options, Partition
from generator.video_log import VideoLog

_SENTENCE = "Written on purpose, to be refused."


@dataclass(frozen=True)
class Planted:
    """A broken record, and the student whose own records it stands after (it has that student's id)."""

    student: int
    kind: Kind
    record: Record


def planting(options: Options, partition: Partition) -> dict[str, list[Planted]]:
    """The broken records of each source's file in this partition, by student; only of files that have some."""
    planted: dict[str, list[Planted]] = {}
    keys = options.bad_keys
    for source in SOURCES:
        key = partition.key(source)
        if options.bad_rows and key in keys:
            turns = range(keys.index(key), options.bad_rows, len(keys))
            planted[source] = _in_file(options, partition, source, [turn + turn // len(keys) for turn in turns])
    return planted


def _in_file(options: Options, partition: Partition, source: str, turns: list[int]) -> list[Planted]:
    students = _bystanders(options, partition, source, len(turns))
    bits = draw(options.seed, f"bad/{partition.key(source)}", students)
    records = _records(partition, source, students, bits)
    suitable = [kind for kind in KINDS if records and kind.suits(records[0])]
    planted = [
        Planted(student, suitable[turn % len(suitable)], record)
        for student, turn, record in zip(students.tolist(), turns, records)
    ]
    return sorted(planted, key=lambda one: one.student)


def _bystanders(options: Options, partition: Partition, source: str, count: int) -> Ints:
    """Students who do not take this degree: mended, their records never have the key of one that is there.

    If there are too few of them, others come after.
    """
    draws = draw(options.seed, f"bystanders/{partition.key(source)}", np.arange(4 * count + 64))
    candidates = 1 + (draws % np.uint64(options.students)).astype(np.int64)
    candidates = candidates[np.sort(np.unique(candidates, return_index=True)[1])]
    taking = np.isin(candidates, takes(options.seed, DEGREES[partition.degree], candidates))
    ordered = np.concatenate([candidates[~taking], candidates[taking]])
    chosen: Ints = np.resize(ordered, count)
    return chosen


def _records(partition: Partition, source: str, students: Ints, bits: Bits) -> list[Record]:
    """A record for each student that would be accepted: ids that exist, moments of the month."""
    moments = CalendarMonth.of(partition.year, partition.month).moments(bits)
    dates = iso(moments) if source == "mentor_activity" else [str(1000 * moment) for moment in moments.tolist()]
    scores = map(str, (1 + below(bits, 3, 40)).tolist())
    degree = DEGREES[partition.degree]
    return [_record(degree, source, *own) for own in zip(map(str, students.tolist()), dates, scores)]


def _record(degree: Degree, source: str, student: str, date: str, score: str) -> Record:
    section_id, project_id = str(degree.sections[0].section_id), str(degree.sections[0].projects[0][0])
    if source == "mentor_activity":
        asked = (student, section_id, project_id, date, "On purpose", _SENTENCE, score)
        return Record(MentorActivity.columns, (*asked, date, _SENTENCE, score), "post_score", "post_text", "post_date")
    if source == "video_log":
        viewed = (student, str(degree.videos[0][0]), degree.name, date, date, score)
        return Record(VideoLog.columns, viewed, "views_per_user", "degree_id", "last_view_date", most_bytes=100)
    about, subject = ("project", project_id) if source == "project_feedback" else ("section", section_id)
    return Record(Feedback.columns(about), (student, subject, date, _SENTENCE, score), "rating", "text", "submit_date")
