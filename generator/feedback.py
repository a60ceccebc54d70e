"""The files project_feedback and section_feedback: what students write when they have finished something."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from generator.calendar_month import CalendarMonth, milliseconds
from generator.curriculum import Degree, Section
from generator.draws import Ints, chance, draw
from generator.journey import StudyMonth
from generator.opinions import ratings
from generator.wording import Wording

_WRITES_PER_MILLE = 930
_RATINGS = (1, 2, 3)


class Feedback:
    """Rows of one of the two feedback files of a degree; ``about`` is ``project`` or ``section``."""

    def __init__(self, seed: int, degree: Degree, about: str) -> None:
        self.seed, self.about = seed, about
        subjects = [(*subject, section) for section in degree.sections for subject in _subjects(section, about)]
        self._ids = np.array([number for number, _, _ in subjects], dtype=np.int64)
        self._ends = np.array([section.end for _, _, section in subjects], dtype=np.int64)
        names = [[{"subject": name, "topic": topic} for topic in section.topics] for _, name, section in subjects]
        self._wordings = {rating: Wording(f"feedback_{rating}.txt", names) for rating in _RATINGS}

    @staticmethod
    def columns(about: str) -> tuple[str, ...]:
        """The file's columns, in order."""
        return ("user_id", f"{about}_id", "submit_date", "text", "rating")

    def rows(self, month: CalendarMonth, study: StudyMonth) -> list[str]:
        """CSV records, of those who finish it in this month; in the students' order."""
        finished = (study.start[:, None] < self._ends) & (self._ends <= study.stop[:, None])
        who, what = np.nonzero(finished)
        journey, subject = study.journey[who], self._ids[what]
        number = journey * 10_000 + subject
        writes = chance(draw(self.seed, f"writes/{self.about}", number), _WRITES_PER_MILLE)
        who, what, number = who[writes], what[writes], number[writes]
        rating = ratings(self.seed, self.about, journey[writes], subject[writes])
        bits = draw(self.seed, f"submit/{self.about}", number)
        dates = milliseconds(month.moments(bits), bits)
        texts = self._texts(number, what, rating)
        columns = (study.student[who].tolist(), self._ids[what].tolist(), dates, texts, rating.tolist())
        return list(map('%d,%d,%d,"%s",%d\n'.__mod__, zip(*columns)))

    def _texts(self, number: Ints, what: Ints, rating: Ints) -> list[str]:
        """A text for each row, in the tone of its rating."""
        texts = np.empty(len(number), dtype=object)
        for tone, wording in self._wordings.items():
            rows = np.flatnonzero(rating == tone)
            texts[rows] = wording.texts(self.seed, f"text/{self.about}", number[rows], what[rows])
        chosen: list[str] = texts.tolist()
        return chosen


def _subjects(section: Section, about: str) -> Sequence[tuple[int, str]]:
    """Id and name of what is rated when the section is done: its projects, or the section itself."""
    return section.projects if about == "project" else [(section.section_id, section.name)]
