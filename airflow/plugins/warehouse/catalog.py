"""The one place that says what is loaded: dimensions, monthly sources, and the facts built from them.

A new column, check or source is declared here and nowhere else; a new fact is one file in ``facts/``.
"""

from __future__ import annotations

from warehouse.facts import read_facts
from warehouse.model import Check, Column, Source

_USER = Column("user_id", "INTEGER", "the student", required=True)
_PROJECT = Column("project_id", "INTEGER", "the project", required=True)
_SECTION = Column("section_id", "INTEGER", "the section of the course", required=True)
_VIDEO = Column("video_id", "INTEGER", "the video", required=True)
_DEGREE = Column("degree_name", "VARCHAR(100)", "the degree, as in S3 keys", required=True)
_SECTION_NAME = Column("section_name", "VARCHAR(300)", "what the section is called")

_USER_EXISTS = Check("relationship", ("user_id",), reads="users_dim.user_id")
_PROJECT_EXISTS = Check("relationship", ("project_id",), reads="projects_dim.project_id")
_SECTION_EXISTS = Check("relationship", ("section_id",), reads="projects_dim.section_id")
_NOT_EMPTY = Check("row_count", value=1)


def _feedback(name: str, about: str, subject: Column, exists: Check) -> Source:
    columns = (
        _USER,
        subject,
        Column(
            "submit_date", "TIMESTAMP", "when it was submitted, UTC (epoch milliseconds in the file)", required=True
        ),
        Column("text", "VARCHAR(20000)", "what the student wrote"),
        Column("rating", "INTEGER", "1 (bad) to 3 (good)"),
    )
    checks = (
        _NOT_EMPTY,
        Check("null_check", ("rating",)),
        Check("null_check", ("text",), level="warn"),
        Check("unique_check", ("user_id", subject.name)),
        Check("accepted_values", ("rating",), value=(1, 2, 3)),
        Check("within_month", ("submit_date",)),
        _USER_EXISTS,
        exists,
    )
    return Source(
        name=name,
        about=about,
        columns=columns,
        key=("user_id", subject.name),
        sortkey=(subject.name,),
        checks=checks,
        distkey="user_id",
        time_format="epochmillisecs",
    )


_VIDEO_LOG = (
    _USER,
    _VIDEO,
    Column("degree_id", "VARCHAR(100)", "the degree that the student watched it for", required=True),
    Column("first_view_date", "TIMESTAMP", "first view, UTC (epoch milliseconds in the file)", required=True),
    Column("last_view_date", "TIMESTAMP", "last view, UTC (epoch milliseconds in the file)", required=True),
    Column("views_per_user", "INTEGER", "how often the student watched it"),
)

_MENTOR_ACTIVITY = (
    _USER,
    _SECTION,
    Column("project_id", "INTEGER", "the project that the question is about"),
    Column("post_date", "TIMESTAMP", "when it was asked, UTC (ISO in the file)", required=True),
    Column("prompt", "VARCHAR(1000)", "the question's title", required=True),
    Column("post_text", "VARCHAR(20000)", "the question"),
    Column("post_score", "INTEGER", "up-votes of the question"),
    Column("answer_date", "TIMESTAMP", "when it was answered; empty: not yet"),
    Column("answer_text", "VARCHAR(20000)", "the mentor's answer"),
    Column("answer_score", "INTEGER", "up-votes of the answer"),
)

SOURCES = (
    _feedback("project_feedback", "What students thought of a project that they handed in.", _PROJECT, _PROJECT_EXISTS),
    _feedback("section_feedback", "What students thought of a section of the course.", _SECTION, _SECTION_EXISTS),
    Source(
        name="mentor_activity",
        about="Questions to mentors and their answers.",
        columns=_MENTOR_ACTIVITY,
        key=("user_id", "prompt", "post_date"),
        sortkey=("section_id", "project_id"),
        checks=(
            _NOT_EMPTY,
            Check("null_check", ("post_text",)),
            Check("unique_check", ("user_id", "prompt", "post_date")),
            Check("within_month", ("post_date",)),
            Check("min", ("post_score",), value=0, level="warn"),
            _USER_EXISTS,
            _SECTION_EXISTS,
            _PROJECT_EXISTS,
        ),
        distkey="user_id",
    ),
    Source(
        name="video_log",
        about="Which student watched which video, how often, first and last when.",
        columns=_VIDEO_LOG,
        key=("user_id", "video_id"),
        sortkey=("video_id", "degree_id"),
        checks=(
            _NOT_EMPTY,
            Check("null_check", ("views_per_user",)),
            Check("unique_check", ("user_id", "video_id")),
            Check("min", ("views_per_user",), value=1),
            Check("max", ("views_per_user",), value=10_000, level="warn"),
            Check("within_month", ("last_view_date",)),
            _USER_EXISTS,
            Check("relationship", ("video_id",), reads="videos_dim.video_id"),
        ),
        distkey="user_id",
        time_format="epochmillisecs",
    ),
)


def _dimension(
    name: str,
    about: str,
    columns: tuple[Column, ...],
    sortkey: tuple[str, ...],
    filled: tuple[str, ...],
    distkey: str | None = None,
) -> Source:
    key = (columns[0].name,)
    checks = (_NOT_EMPTY, Check("unique_check", key), *(Check("null_check", (column,)) for column in filled))
    return Source(name, about, columns, key, sortkey, checks, distkey, monthly=False)


DIMENSIONS = (
    _dimension(
        "users_dim",
        "The students.",
        (
            _USER,
            Column("name", "VARCHAR(300)", "full name", personal=True),
            Column("github_handle", "VARCHAR(100)", "name on GitHub", personal=True),
            Column("location", "VARCHAR(300)", "where the student lives"),
            Column("email", "VARCHAR(320)", "address for mails", personal=True),
            Column("company", "VARCHAR(300)", "employer"),
        ),
        sortkey=("user_id",),
        filled=("name", "email"),
        distkey="user_id",
    ),
    _dimension(
        "projects_dim",
        "The projects, each in a section of a degree.",
        (_PROJECT, _SECTION, Column("project_name", "VARCHAR(300)", "what it is called"), _SECTION_NAME, _DEGREE),
        sortkey=("project_id", "section_id"),
        filled=("project_name", "section_name"),
    ),
    _dimension(
        "videos_dim",
        "The videos, each in a section of a degree.",
        (_VIDEO, Column("video_name", "VARCHAR(300)", "what it is called"), _SECTION_NAME, _DEGREE),
        sortkey=("video_id",),
        filled=("video_name", "section_name"),
    ),
)

STAGED = {source.name: source for source in DIMENSIONS + SOURCES}
FACTS = read_facts(STAGED)
