"""The dimension files: the students, and the projects and videos of the degrees."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from generator.curriculum import Degree
from generator.draws import Ints, below, draw, look_up, table
from generator.wording import escaped

_LISTS = Path(__file__).parent / "lists"
# Domains that are set apart for examples (RFC 2606), so that no mail can ever reach anybody.
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "post.example")
_HANDLES = ("{first}{last}", "{first}-{last}", "{i}{last}", "{last}-{i}", "{first}")


def _lines(file: str) -> list[str]:
    return (_LISTS / file).read_text(encoding="utf-8").splitlines()


def quoted(value: str) -> str:
    """A CSV field, in quotes where it has to be (RFC 4180)."""
    return f'"{escaped(value)}"' if set(value) & set(',"\r\n') else value


class Users:
    """Rows of users_dim, for any number of students."""

    columns = ("user_id", "name", "github_handle", "location", "email", "company")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._first = [tuple(line.split("\t")) for line in _lines("first_names.txt")]
        self._last = [tuple(line.split("\t")) for line in _lines("last_names.txt")]
        self._cities = [quoted(city) for city in _lines("cities.txt")]
        self._companies = [quoted(company) for company in _lines("companies.txt")]
        # A few large cities and employers, many small ones.
        self._city = table([(place, 10**9 // (place + 12)) for place in range(len(self._cities))])
        self._company = table([(place, 10**9 // (place + 8)) for place in range(len(self._companies))])

    def rows(self, students: Ints) -> list[str]:
        """CSV records of ``columns``, one for each student.

        Handles and addresses end in the student's number, so no two are the same.
        """
        bits, more = draw(self.seed, "name", students), draw(self.seed, "home", students)
        columns = (
            students.tolist(),
            below(bits, len(self._first)).tolist(),
            below(bits, len(self._last), 20).tolist(),
            below(bits, len(_HANDLES), 40).tolist(),
            below(more, len(_DOMAINS), 40).tolist(),
            look_up(self._city, more).tolist(),
            look_up(self._company, more, 12).tolist(),
        )
        return [self._row(*values) for values in zip(*columns)]

    def _row(self, student: int, first: int, last: int, style: int, domain: int, city: int, company: int) -> str:
        (name, letters), (surname, more) = self._first[first], self._last[last]
        handle = _HANDLES[style].format(first=letters, last=more, i=letters[0])
        return (
            f"{student},{name} {surname},{handle}{student},{self._cities[city]},"
            f"{letters}.{more}{student}@{_DOMAINS[domain]},{self._companies[company]}\n"
        )


PROJECT_COLUMNS = ("project_id", "section_id", "project_name", "section_name", "degree_name")
VIDEO_COLUMNS = ("video_id", "video_name", "section_name", "degree_name")


def project_rows(degrees: Iterable[Degree]) -> list[str]:
    """CSV records of projects_dim, one for each project."""
    return [
        f"{project_id},{section.section_id},{quoted(name)},{quoted(section.name)},{degree.name}\n"
        for degree in degrees
        for section in degree.sections
        for project_id, name in section.projects
    ]


def video_rows(degrees: Iterable[Degree]) -> list[str]:
    """CSV records of videos_dim, one for each video."""
    return [
        f"{video_id},{quoted(name)},{quoted(section.name)},{degree.name}\n"
        for degree in degrees
        for video_id, name, section in degree.videos
    ]
