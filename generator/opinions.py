"""What students think: ratings of projects and sections, questions to mentors, and whether they were answered."""

from __future__ import annotations

import numpy as np

from generator.draws import Flags, Ints, below, chance, draw, falling, look_up, table

MOST_QUESTIONS = 4
_QUESTIONS = table({0: 56, 1: 27, 2: 11, 3: 5, 4: 1})
_BAD_BELOW, _GOOD_FROM = 40, 62
_DELAY_HOURS = falling(1, 240, 1)


def ratings(seed: int, about: str, journey: Ints, subject: Ints) -> Ints:
    """1 (bad) to 3 (good) for each journey and subject (a project's or section's id; ``about`` says which).

    The subject's quality counts as much as chance does, the student's kindness a little less.
    """
    quality = below(draw(seed, f"quality/{about}", subject), 40)
    kindness = below(draw(seed, "kindness", journey), 30)
    luck = below(draw(seed, f"rating/{about}", journey * 10_000 + subject), 40)
    score = quality + kindness + luck
    return 1 + (score >= _BAD_BELOW).astype(np.int64) + (score >= _GOOD_FROM)


def questions(seed: int, degree: str, month: Ints) -> Ints:
    """How many questions are asked in each month of a journey, 0 to 4."""
    return look_up(_QUESTIONS, draw(seed, f"questions/{degree}", month))


def unanswered(seed: int, degree: str, question: Ints) -> Flags:
    """Which questions no mentor answers: about one in six."""
    return chance(draw(seed, f"unanswered/{degree}", question), 160)


def delay(seed: int, degree: str, question: Ints) -> Ints:
    """Seconds until the answer: mostly hours, sometimes ten days."""
    bits = draw(seed, f"delay/{degree}", question)
    return look_up(_DELAY_HOURS, bits) * 3600 - below(bits, 3000, 20)
