"""The file mentor_activity: what students ask, and what mentors answer."""

from __future__ import annotations

import numpy as np

from generator.calendar_month import CalendarMonth, iso
from generator.curriculum import Degree
from generator.draws import Ints, below, draw, falling, look_up
from generator.journey import StudyMonth
from generator.opinions import MOST_QUESTIONS, delay, questions, unanswered
from generator.wording import Wording

_SCORES = falling(1, 120, 2) - 1


class MentorActivity:
    """Rows of a degree's mentor_activity: a question is about the project that its student is working towards."""

    columns = (
        "user_id",
        "section_id",
        "project_id",
        "post_date",
        "prompt",
        "post_text",
        "post_score",
        "answer_date",
        "answer_text",
        "answer_score",
    )

    def __init__(self, seed: int, degree: Degree) -> None:
        self.seed, self.degree = seed, degree
        projects = [(section, *project) for section in degree.sections for project in section.projects]
        names = [
            [{"section": section.name, "project": name, "topic": topic} for topic in section.topics]
            for section, _, name in projects
        ]
        self._project = np.array([project_id for _, project_id, _ in projects], dtype=np.int64)
        self._section = np.array([section.section_id for section, _, _ in projects], dtype=np.int64)
        self._ends = np.array([section.end for section in degree.sections], dtype=np.int64)
        of = [[p for p, (s, _, _) in enumerate(projects) if s is section] for section in degree.sections]
        self._first_project = np.array([places[0] for places in of], dtype=np.int64)
        self._projects_each = np.array([len(places) for places in of], dtype=np.int64)
        self._prompts, self._posts, self._answers = (
            Wording(file, names) for file in ("prompts.txt", "questions.txt", "answers.txt")
        )

    def rows(self, month: CalendarMonth, study: StudyMonth) -> list[str]:
        """CSV records of the month's questions, in the students' order; the answer's three fields may be empty."""
        asked = questions(self.seed, self.degree.name, study.month)
        who = np.repeat(np.arange(len(asked)), asked)
        place = np.arange(len(who)) - np.repeat(np.cumsum(asked) - asked, asked)
        number = study.month[who] * MOST_QUESTIONS + place
        bits = draw(self.seed, f"post/{self.degree.name}", number)
        about = self._subject(study, who, number)
        # The last two bits of the second keep apart what one student asks in one minute.
        posted = month.moments(bits) // 4 * 4 + place
        columns = (
            study.student[who].tolist(),
            self._section[about].tolist(),
            self._project[about].tolist(),
            iso(posted),
            self._prompts.single(self.seed, "prompt", number, about),
            self._posts.texts(self.seed, "question", number, about),
            look_up(_SCORES, draw(self.seed, "post score", number)).tolist(),
            self._replies(number, about, posted),
        )
        return list(map('%d,%d,%d,%s,"%s","%s",%d,%s\n'.__mod__, zip(*columns)))

    def _subject(self, study: StudyMonth, who: Ints, number: Ints) -> Ints:
        """The place of the project asked about: one of the section that the student is in at some time of the month."""
        bits = draw(self.seed, f"subject/{self.degree.name}", number)
        span = study.stop[who] - study.start[who]
        video = study.start[who] + below(bits, span)
        section = np.searchsorted(self._ends, video, side="right")
        return self._first_project[section] + below(bits, self._projects_each[section], 20)

    def _replies(self, number: Ints, about: Ints, posted: Ints) -> list[str]:
        """The last three fields of each record: answer_date, answer_text, answer_score."""
        replies = np.full(len(number), ",,", dtype=object)
        answered = np.flatnonzero(~unanswered(self.seed, self.degree.name, number))
        number, about, posted = number[answered], about[answered], posted[answered]
        dates = iso(posted + delay(self.seed, self.degree.name, number))
        texts = self._answers.texts(self.seed, "answer", number, about)
        scores = look_up(_SCORES, draw(self.seed, "answer score", number)).tolist()
        replies[answered] = list(map('%s,"%s",%d'.__mod__, zip(dates, texts, scores)))
        every: list[str] = replies.tolist()
        return every
