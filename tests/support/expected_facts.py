"""The six facts computed from the CSV files alone, with pandas and exact decimals: what Redshift's tables must hold."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Callable

import pandas as pd

HOUR = 3_600_000
Rows = list[tuple[Any, ...]]


def read(data: Path, path: str) -> pd.DataFrame:
    """A CSV file, every value as text."""
    return pd.read_csv(data / path, dtype=str, keep_default_na=False)


def mean(values: pd.Series, places: str) -> Decimal:
    """The mean, rounded half up to the places of ``places``."""
    return (Decimal(int(values.sum())) / len(values)).quantize(Decimal(places), ROUND_HALF_UP)


def by_name(frame: pd.DataFrame, key: str, value: str, places: str, names: dict[str, tuple[str, ...]]) -> Rows:
    """For each key: its id, its names, the mean of value, how many."""
    frame = frame.assign(**{value: frame[value].astype(int)})
    return [
        (int(item), *names[item], mean(group[value], places), len(group))
        for item, group in frame.groupby(key)
        if item in names
    ]


def names(data: Path, dimension: str, key: str, *columns: str) -> dict[str, tuple[str, ...]]:
    """The names of each id."""
    frame = read(data, f"dimensional_tables/{dimension}.csv").drop_duplicates(key)
    return {row[0]: tuple(row[1:]) for row in frame[[key, *columns]].itertuples(index=False, name=None)}


def ranked(activity: pd.DataFrame, score: str) -> Rows:
    """All questions with their rank by the score, none last."""
    values = pd.to_numeric(activity[score].replace("", None))
    ranks = values.rank(method="min", ascending=False, na_option="bottom").astype(int)
    return [(*map(typed, row.items()), rank) for (_, row), rank in zip(activity.iterrows(), ranks)]


def typed(cell: tuple[Any, str]) -> Any:
    """A value as psycopg2 gives it."""
    column, text = cell
    if text == "":
        return None
    if column.endswith(("_id", "_score")):
        return int(text)
    return datetime.fromisoformat(text) if column.endswith("_date") else text


def expected(data: Path, degree: str, year: int, month: int) -> dict[str, Rows]:
    """Each fact's rows for the degree and month, without load_month, sorted by repr."""

    def source(name: str) -> pd.DataFrame:
        return read(data, f"{degree}/{year}/{month}/{name}.csv")

    log, activity = source("video_log"), source("mentor_activity")
    hours = log["last_view_date"].astype("int64") // HOUR - log["first_view_date"].astype("int64") // HOUR
    videos = names(data, "videos_dim", "video_id", "video_name", "section_name")
    projects = names(data, "projects_dim", "project_id", "project_name")
    sections = names(data, "projects_dim", "section_id", "section_name")
    facts: dict[str, Callable[[], Rows]] = {
        "avg_project_rating": lambda: by_name(source("project_feedback"), "project_id", "rating", "0.1", projects),
        "avg_section_rating": lambda: by_name(source("section_feedback"), "section_id", "rating", "0.1", sections),
        "avg_video_views_per_user": lambda: by_name(log, "video_id", "views_per_user", "0.01", videos),
        "avg_video_view_range": lambda: by_name(log.assign(hours=hours), "video_id", "hours", "0.01", videos),
        "highest_prompt_score": lambda: ranked(activity, "post_score"),
        "highest_answer_score": lambda: ranked(activity, "answer_score"),
    }
    return {name: sorted(rows(), key=repr) for name, rows in facts.items()}
