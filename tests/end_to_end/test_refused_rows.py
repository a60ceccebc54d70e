"""Ten broken rows in one degree hold back its facts and no other's, until a person has mended them."""

from __future__ import annotations

import csv
import re
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))
from expected_facts import expected

from warehouse.ledger import BUILT

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = "data_science/2019/1/project_feedback.csv"
TABLE = "data_science_project_feedback"
READ_IT = {"data_science_avg_project_rating"}


@pytest.fixture(scope="module")
def broken(laptop: Any) -> list[tuple[int, str]]:
    """January of two degrees, one of them added to the DAG by its name; ten ratings are no numbers. Their lines."""
    laptop.data = laptop.folder / "data"
    for degree, like in (("data_science", "data_science"), ("data_ethics", "data_analytics")):
        shutil.copytree(REPOSITORY / "sample_data" / like / "2019" / "1", laptop.data / degree / "2019" / "1")
    shutil.copytree(REPOSITORY / "sample_data" / "dimensional_tables", laptop.data / "dimensional_tables")
    laptop.change_dag(
        ('["data_science", "data_analytics", "data_engineering"]', '["data_science", "data_ethics"]'),
        ("end_date=datetime(2019, 2, 1)", "end_date=datetime(2019, 1, 1)"),
    )
    return break_ratings(laptop.data / FILE, 10)


def break_ratings(path: Path, count: int) -> list[tuple[int, str]]:
    """Put an x before the rating of some short records that stand on one line; return line numbers and lines."""
    lines, outside, plain = path.read_text("utf-8").split("\n"), True, []
    for number, line in enumerate(lines):
        whole = outside and line.count('"') % 2 == 0
        if number and whole and line and len(line.encode()) < 1000 and number % 7 == 0:
            plain.append(number)
        outside ^= line.count('"') % 2 == 1
    for number in plain[:count]:
        head, _, rating = lines[number].rpartition(",")
        lines[number] = f"{head},x{rating}"
    path.write_text("\n".join(lines), "utf-8")
    return [(number + 1, lines[number]) for number in plain[:count]]


def moment(milliseconds: str) -> datetime:
    """A moment of the file as Redshift takes it."""
    return datetime(1970, 1, 1) + timedelta(milliseconds=int(milliseconds))


def log_in(web: str, user: str, password: str) -> bool:
    """Whether the web UI lets them in."""
    browser = requests.Session()
    form = browser.get(f"{web}/login/", timeout=60)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
    assert token
    browser.post(f"{web}/login/", {"csrf_token": token[1], "username": user, "password": password}, timeout=60)
    return "/login/" not in browser.get(f"{web}/home", timeout=60).url


@pytest.fixture(scope="module")
def held(laptop: Any, broken: Any) -> Any:
    """The run over the broken file, and what it left."""
    return laptop.run("run"), laptop.left()


def test_the_run_fails_with_the_error_of_the_task(held: Any) -> None:
    done, _ = held
    assert done.returncode == 1
    assert "January 2019: failed" in done.stdout
    assert "stage_project_feedback.data_science_stl_check" in done.stderr
    assert f"10 refused rows of 2019-01-01 stand in {TABLE}_errors. Mend them" in done.stderr


def test_the_ten_rows_stand_in_the_error_table(held: Any, broken: Any) -> None:
    # Columns 0 to 5: load_month, filename, line_number, colname, col_type, raw_line.
    rows = [(row[2], row[5], row[3]) for row in held[1].tables[f"{TABLE}_errors"]]
    assert sorted(rows) == [(number, line, "rating") for number, line in broken]
    assert len(rows) == 10


def test_the_other_degree_s_facts_are_built_and_so_are_those_that_do_not_read_the_file(laptop: Any, held: Any) -> None:
    left, facts = held[1], expected(laptop.data, "data_ethics", 2019, 1)
    for fact, rows in facts.items():
        assert [row[:-1] for row in left.tables[f"data_ethics_{fact}"]] == rows
    built = {name for (name, _), (status, _) in left.ledger.items() if status == BUILT}
    assert {name for name in built if name.startswith("data_science")} == {
        f"data_science_{fact}" for fact in facts
    } - READ_IT


def test_after_mending_the_held_fact_is_built_and_nothing_is_staged_again(laptop: Any, held: Any, broken: Any) -> None:
    with laptop.warehouse() as cursor:
        for _, line in broken:
            user, project, submitted, text, rating = next(csv.reader([line]))
            cursor.execute(
                f"INSERT INTO {TABLE} VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
                (user, project, moment(submitted), text, int(rating.lstrip("x")), date(2019, 1, 1)),
            )
        cursor.execute(f"DROP TABLE {TABLE}_errors")
    with laptop.up() as (web, password):
        assert log_in(web, "admin", password)
        assert not log_in(web, "admin", "guessed")
    left, copies = laptop.left(), {key: copy for key, (_, copy) in held[1].ledger.items()}
    assert {key: copy for key, (_, copy) in left.ledger.items() if key in copies} == copies
    mended = laptop.data / FILE
    mended.write_text(re.sub(r",x([123])$", r",\1", mended.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    rows = expected(laptop.data, "data_science", 2019, 1)["avg_project_rating"]
    assert [row[:-1] for row in left.tables["data_science_avg_project_rating"]] == rows
