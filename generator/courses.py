"""The courses' dimensions: the projects and videos of the degrees."""

from __future__ import annotations

from typing import Iterable

from generator.curriculum import Degree
from generator.wording import quoted

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
