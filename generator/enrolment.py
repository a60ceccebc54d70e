"""Who takes which degree, and since when: each student enrols in one to three degrees."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from generator.curriculum import DEGREES, Degree
from generator.draws import Ints, draw, look_up, table

# The students enrol over nine years; whoever is asked for later than that starts over, so any year has students.
PERIOD = 108
LONGEST = 14
_ROUNDS = 4096
_SEASON = (15, 10, 8, 7, 6, 6, 5, 6, 13, 10, 8, 6)
_POPULARITY = {"data_science": 33, "data_analytics": 29, "data_engineering": 27, "machine_learning": 11}

_HOW_MANY = table({1: 70, 2: 23, 3: 7})
_STARTS = table([(month, _SEASON[month % 12]) for month in range(PERIOD)])
_ORDERS = tuple(permutations(DEGREES))


def _order_weight(order: tuple[str, ...]) -> int:
    """How likely it is to prefer the degrees in this order: each next one drawn by popularity from those left."""
    weight, left = 10**12, sum(_POPULARITY.values())
    for name in order[:-1]:
        weight = weight * _POPULARITY[name] // left
        left -= _POPULARITY[name]
    return weight


_ORDER_OF_DEGREES = table([(place, _order_weight(order)) for place, order in enumerate(_ORDERS)])


@dataclass(frozen=True)
class Enrolled:
    """Students of one degree who enrolled less than ``LONGEST`` months ago; arrays of one length, by student.

    ``journey`` is a number for this student's time in this degree; ``elapsed`` counts months since enrolment.
    """

    student: Ints
    journey: Ints
    elapsed: Ints


def takes(seed: int, degree: Degree, students: Ints) -> Ints:
    """Those of the students who ever enrol in the degree."""
    bits = draw(seed, "degrees", students)
    rank = np.array([order.index(degree.name) for order in _ORDERS], dtype=np.int64)
    ranks = look_up(rank[_ORDER_OF_DEGREES], bits)
    chosen: Ints = students[ranks < look_up(_HOW_MANY, bits, 12)]
    return chosen


def enrolled(seed: int, degree: Degree, month: int, students: Ints) -> Enrolled:
    """The students under way in ``month`` (months since year 0), if none of them left early."""
    takers = takes(seed, degree, students)
    start = look_up(_STARTS, draw(seed, f"enrolment/{degree.name}", takers))
    elapsed = (month - start) % PERIOD
    recent = elapsed < LONGEST
    student, elapsed, start = takers[recent], elapsed[recent], start[recent]
    round_ = (month - elapsed - start) // PERIOD
    return Enrolled(student, student * _ROUNDS + round_, elapsed)
