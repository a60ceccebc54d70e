"""A student's way through a degree, month by month: how far they get, and why some leave.

Each journey starts with a mood. It falls a little every month, more with a bad rating, an unanswered question or bad
luck in life, and rises with what goes well. The lower the mood, the fewer videos are watched; at zero the student
leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.curriculum import Degree
from generator.draws import Ints, below, chance, draw, look_up, table
from generator.enrolment import LONGEST, Enrolled, enrolled
from generator.opinions import MOST_QUESTIONS, questions, ratings, unanswered

_PACE = table({4: 8, 6: 14, 8: 20, 10: 20, 12: 15, 15: 11, 20: 8, 30: 4})
_MOODS = table({40: 10, 60: 20, 80: 30, 100: 25, 120: 15})
_WEIGHT_OF_RATING = np.array([0, -22, -2, 7], dtype=np.int64)
_WEIGHT_OF_SILENCE, _WEIGHT_OF_ANSWER = -24, 3
_MONTHLY_TIREDNESS, _MISFORTUNE, _MISFORTUNE_PER_MILLE = -5, -70, 15


@dataclass(frozen=True)
class StudyMonth:
    """What students of a degree do in one month; arrays of one length, by student.

    ``month`` is a number for this journey's month, for what is drawn about it. They pass the degree's videos from
    ``start`` up to, not including, ``stop``. ``mood`` is the one that they begin the month with.
    """

    student: Ints
    journey: Ints
    month: Ints
    elapsed: Ints
    start: Ints
    stop: Ints
    mood: Ints


def study_month(seed: int, degree: Degree, month: int, students: Ints) -> StudyMonth:
    """Follow each journey from its first month to ``month`` (months since year 0): who is there, and what they do."""
    under_way = enrolled(seed, degree, month, students)
    effects = _effects_of_ratings(seed, degree, under_way.journey)
    place = np.arange(len(under_way.student))
    start = np.zeros_like(place)
    mood = look_up(_MOODS, draw(seed, f"mood/{degree.name}", under_way.journey))
    months = []
    for elapsed in range(LONGEST):
        number = under_way.journey[place] * LONGEST + elapsed
        stop = _reached(seed, degree, under_way.journey[place], number, start, mood)
        there = under_way.elapsed[place] == elapsed
        months.append(_chosen(under_way, place[there], number[there], start[there], stop[there], mood[there]))
        mood = mood + _change(seed, degree, effects[place], number, start, stop)
        stays = ~there & (mood > 0) & (stop < len(degree.videos))
        place, start, mood = place[stays], stop[stays], mood[stays]
    joined = StudyMonth(*(np.concatenate(arrays) for arrays in zip(*months)))
    order = np.argsort(joined.student, kind="stable")
    return StudyMonth(*(array[order] for array in vars(joined).values()))


def _chosen(under_way: Enrolled, place: Ints, number: Ints, start: Ints, stop: Ints, mood: Ints) -> tuple[Ints, ...]:
    """The fields of a StudyMonth for those whose month this is."""
    return (under_way.student[place], under_way.journey[place], number, under_way.elapsed[place], start, stop, mood)


def _reached(seed: int, degree: Degree, journey: Ints, number: Ints, start: Ints, mood: Ints) -> Ints:
    """How many videos are passed at the month's end: pace, times mood, times the luck of the month."""
    pace = look_up(_PACE, draw(seed, f"pace/{degree.name}", journey))
    luck = 60 + below(draw(seed, f"effort/{degree.name}", number), 80)
    watched: Ints = 1 + pace * np.clip(mood, 5, 90) * luck // 7500
    stop: Ints = np.minimum(start + watched, len(degree.videos))
    return stop


def _effects_of_ratings(seed: int, degree: Degree, journey: Ints) -> Ints:
    """Journeys x (sections + 1): what the ratings of the first n sections and their projects do to the mood, summed."""
    effects = np.zeros((len(journey), len(degree.sections) + 1), dtype=np.int64)
    for place, section in enumerate(degree.sections, start=1):
        effect = effects[:, place - 1] + _weight(seed, "section", journey, section.section_id)
        for project_id, _ in section.projects:
            effect += _weight(seed, "project", journey, project_id)
        effects[:, place] = effect
    return effects


def _weight(seed: int, about: str, journey: Ints, subject: int) -> Ints:
    weight: Ints = _WEIGHT_OF_RATING[ratings(seed, about, journey, np.array([subject]))]
    return weight


def _change(seed: int, degree: Degree, effects: Ints, number: Ints, start: Ints, stop: Ints) -> Ints:
    """What a month does to the mood: the sections finished in it, the questions asked in it, tiredness and life."""
    done = np.searchsorted(
        [section.end for section in degree.sections], np.arange(len(degree.videos) + 1), side="right"
    )
    row = np.arange(len(number))
    change: Ints = effects[row, done[stop]] - effects[row, done[start]] + _MONTHLY_TIREDNESS
    change += _MISFORTUNE * chance(draw(seed, f"life/{degree.name}", number), _MISFORTUNE_PER_MILLE)
    asked = questions(seed, degree.name, number)
    for place in range(MOST_QUESTIONS):
        silent = unanswered(seed, degree.name, number * MOST_QUESTIONS + place)
        change += np.where(place < asked, np.where(silent, _WEIGHT_OF_SILENCE, _WEIGHT_OF_ANSWER), 0)
    return change
