"""The committed sample: its bytes are what the generator makes, and every row is one that a warehouse takes."""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from generator import Options, generate
from warehouse.catalog import DIMENSIONS, SOURCES
from warehouse.model import Source

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
DEGREES = ("data_science", "data_analytics", "data_engineering")
FILES = [(source, SAMPLE / source.s3_key(None, "", ""), None) for source in DIMENSIONS] + [
    (source, SAMPLE / source.s3_key(degree, "2019", str(month)), month)
    for source in SOURCES
    for degree in DEGREES
    for month in (1, 2)
]
PARTITION_DATE = {
    "project_feedback": "submit_date",
    "section_feedback": "submit_date",
    "video_log": "last_view_date",
    "mentor_activity": "post_date",
}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below the folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def moment(value: str) -> datetime:
    if value.isdigit():
        return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)


def test_regenerating_gives_the_same_bytes(tmp_path: Path) -> None:
    generate(Options(to=str(tmp_path), months=(1, 2)))
    assert digests(tmp_path) == digests(SAMPLE)


def test_the_sample_is_of_the_size_that_a_clone_can_bear() -> None:
    sizes = [path.stat().st_size for path in SAMPLE.rglob("*.csv")]
    assert len(sizes) == len(FILES)
    assert 10_000_000 < sum(sizes) < 15_000_000
    assert len(rows(SAMPLE / "dimensional_tables/users_dim.csv")) == 50_000


@pytest.mark.parametrize(("source", "path", "month"), FILES, ids=lambda value: getattr(value, "name", value))
def test_every_value_fits_its_column(source: Source, path: Path, month: int | None) -> None:
    text = path.read_bytes().decode("utf-8")
    assert "\0" not in text
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    assert text.endswith("\n")
    with path.open(encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file, strict=True)
    assert tuple(header) == tuple(column.name for column in source.columns)
    assert records
    for place, column in enumerate(source.columns):
        values = [record[place] for record in records]
        assert not column.required or all(values), column.name
        check_type(column.type, source.time_format, [value for value in values if value])
    assert {len(record) for record in records} == {len(source.columns)}


def check_type(type_: str, time_format: str, values: list[str]) -> None:
    """Every value is of this Redshift type."""
    if type_.startswith("VARCHAR"):
        assert max((len(value.encode()) for value in values), default=0) <= int(type_[len("VARCHAR(") : -1])
    elif type_ == "INTEGER":
        assert all(re.fullmatch(r"\d{1,9}", value) for value in values)
    else:
        form = r"\d{13}" if time_format == "epochmillisecs" else r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        assert type_ == "TIMESTAMP"
        assert all(re.fullmatch(form, value) for value in values)


@pytest.mark.parametrize(("source", "path", "month"), FILES[len(DIMENSIONS) :])
def test_keys_are_unique_and_dates_within_the_month(source: Source, path: Path, month: int) -> None:
    records = rows(path)
    keys = {tuple(record[name] for name in source.key) for record in records}
    assert len(keys) == len(records)
    moments = [moment(record[PARTITION_DATE[source.name]]) for record in records]
    assert {(at.year, at.month) for at in moments} == {(2019, month)}
    if source.name == "video_log":
        assert all(int(record["first_view_date"]) <= int(record["last_view_date"]) for record in records)
        assert min(int(record["views_per_user"]) for record in records) == 1


def test_every_id_exists_in_its_dimension() -> None:
    known = {
        "user_id": {row["user_id"] for row in rows(SAMPLE / "dimensional_tables/users_dim.csv")},
        "video_id": {row["video_id"] for row in rows(SAMPLE / "dimensional_tables/videos_dim.csv")},
    }
    projects = rows(SAMPLE / "dimensional_tables/projects_dim.csv")
    known |= {name: {row[name] for row in projects} for name in ("project_id", "section_id")}
    degree_of = {row["project_id"]: row["degree_name"] for row in projects}
    for source, path, _ in FILES[len(DIMENSIONS) :]:
        records = rows(path)
        for name in known.keys() & {column.name for column in source.columns}:
            assert {record[name] for record in records} <= known[name], (path, name)
        if source.name == "project_feedback":
            assert {degree_of[record["project_id"]] for record in records} == {path.parts[-4]}


def test_dimensions_name_each_student_project_and_video_once() -> None:
    users = rows(SAMPLE / "dimensional_tables/users_dim.csv")
    for column in ("user_id", "email", "github_handle"):
        assert len({user[column] for user in users}) == len(users), column
    assert len({user["location"] for user in users}) > 300
    assert len({user["company"] for user in users}) > 300
    assert max(len(user["github_handle"]) for user in users) <= 39
    projects = rows(SAMPLE / "dimensional_tables/projects_dim.csv")
    assert len({project["project_id"] for project in projects}) == len(projects)
    assert len({project["section_id"] for project in projects}) < len(projects), "some section has two projects"
