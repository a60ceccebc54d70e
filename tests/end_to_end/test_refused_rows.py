"""Bad rows of some forty kinds in one degree hold back its facts and no other's, until a person has mended them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from expected_facts import expected
from planted_rows import Planted, mend, plant
from watch import Watch
from web_ui import clear, log_in

from warehouse import records
from warehouse.ledger import BUILT, FAILED, PASSED, REFUSED

FILE = "data_science/2019/1/project_feedback.csv"
TABLE = "data_science_project_feedback"
TWICE = "data_science_section_feedback"
LOST = "data_science_video_log"
ANEW = "videos_dim"
HELD = {"data_science_avg_project_rating", "data_science_avg_section_rating"}
MONTH = "2019-01-01"
RUN = "scheduled__2019-01-01T00:00:00+00:00"
STAGED = "online_learning_analytics.stage_"


@pytest.fixture(scope="module")
def planted(laptop: Any) -> Planted:
    """January of two degrees, one added to the DAG by its name: bad rows of every kind in one file of the first.

    In another file of the same degree a student gives two feedbacks on one section.
    """
    rows = plant(laptop, ("data_science", "data_analytics"), FILE, 40)
    (laptop.data / "data_analytics").rename(laptop.data / "data_ethics")
    feedback = laptop.data / FILE.replace("project", "section")
    first = list(records.read([feedback.read_bytes()]))[1].raw
    feedback.write_bytes(feedback.read_bytes() + first[:-1] + b"2\n")
    laptop.change_dag(
        ('["data_science", "data_analytics", "data_engineering"]', '["data_science", "data_ethics"]'),
        ("end_date=datetime(2019, 2, 1)", "end_date=datetime(2019, 1, 1)"),
        (
            "on_failure(to_log)",
            f"on_failure(lambda text: open({str(laptop.folder / 'told')!r}, 'a').write(text + '\\f'))",
        ),
    )
    return rows


@pytest.fixture(scope="module")
def held(laptop: Any, planted: Planted) -> Any:
    """The run over the broken files, and what it left."""
    return laptop.run("run"), laptop.left()


def test_the_run_fails_with_the_errors_of_its_tasks(held: Any, planted: Planted) -> None:
    done, _ = held
    assert done.returncode == 1
    assert "January 2019: failed" in done.stdout
    assert "stage_project_feedback.data_science_stl_check" in done.stderr
    assert f"{len(planted)} refused rows of {MONTH} stand in {TABLE}_errors. Mend them" in done.stderr
    assert "user_id, section_id.unique_check: expected every (user_id, section_id) once, found 1 rows" in done.stderr


def test_people_are_told_once_by_the_function_that_the_dag_names(laptop: Any, held: Any) -> None:
    *messages, rest = (laptop.folder / "told").read_text("utf-8").split("\f")
    assert rest == ""
    assert [message.splitlines()[0] for message in messages] == [
        "online_learning_analytics, January 2019: failed (task_failure)."
    ]
    assert f"{TABLE}: 40 refused rows of {MONTH} stand in {TABLE}_errors. Mend them" in messages[0]
    assert f"{TWICE}: [error] {TWICE}: user_id, section_id.unique_check" in messages[0]


def test_the_log_of_stl_check_shows_what_redshift_said(laptop: Any, held: Any) -> None:
    task = f"dag_id={STAGED}project_feedback/run_id={RUN}/task_id=data_science_stl_check"
    logs = sorted((laptop.state / "airflow" / "logs" / task).glob("attempt=*.log"))
    assert [log.name for log in logs] == ["attempt=1.log"]  # no retry is used up
    node = laptop.state / f"airflow/logs/dag_id=online_learning_analytics/run_id={RUN}/task_id=stage_project_feedback"
    assert [log.name for log in node.glob("attempt=*.log")] == ["attempt=1.log"]
    assert "A task of online_learning_analytics.stage_project_feedback failed" in (node / "attempt=1.log").read_text()
    text = logs[0].read_text("utf-8")
    assert re.search(r"line +column +value +reason\n", text)
    assert len(re.findall(r"^  \d+ +\S.*\(12\d\d\)$", text, re.MULTILINE)) == 10
    assert "… and 30 more" in text
    assert re.search(r"By reason:\n  \d+ x ", text)


def test_every_bad_row_stands_whole_in_the_error_table(laptop: Any, held: Any, planted: Planted) -> None:
    assert len({row["kind"] for row in planted}) >= 20
    assert any(len(row["raw"]) > 1024 and row["raw"].count(b"\n") > 5 for row in planted)
    # After the file's five columns: extra_fields, load_month, line_number, colname, …, raw_record the last but two.
    rows = {row[7]: bytes(row[-3]) for row in held[1].tables[f"{TABLE}_errors"]}
    assert rows == {row["line"]: row["raw"] for row in planted}


def test_every_record_is_accounted_for(laptop: Any, held: Any) -> None:
    tables = held[1].tables
    for path in sorted((laptop.data / "data_science" / "2019" / "1").glob("*.csv")):
        name = f"data_science_{path.stem}"
        waiting = len(tables.get(f"{name}_errors", []))
        assert records.count([path.read_bytes()]) - 1 == len(tables[name]) + waiting, name


def test_the_other_degree_s_facts_are_built_and_so_are_those_that_do_not_read_the_files(laptop: Any, held: Any) -> None:
    left, facts = held[1], expected(laptop.data, "data_ethics", 2019, 1)
    for fact, rows in facts.items():
        assert [row[:-1] for row in left.tables[f"data_ethics_{fact}"]] == rows
    built = {name for (name, _), (status, _) in left.ledger.items() if status == BUILT}
    assert {name for name in built if name.startswith("data_science")} == {
        f"data_science_{fact}" for fact in facts
    } - HELD
    assert left.ledger[TABLE, MONTH][0] == REFUSED
    assert left.ledger[TWICE, MONTH][0] == FAILED


def test_what_waits_is_listed_with_nothing_running(laptop: Any, held: Any) -> None:
    """The command starts the warehouse for itself, and stops it."""
    done = laptop.run("repair", "list")
    assert done.returncode == 0
    assert f"2019-01  {TABLE}: refused, 40 rows wait" in done.stdout
    assert f"2019-01  {TWICE}: failed, 0 rows wait" in done.stdout
    assert laptop.still_running() == []
    done = laptop.run("sql", f"SELECT COUNT(*) FROM {TABLE}_errors")  # noqa: S608
    assert done.stdout.split() == ["count", "40"]


def test_after_mending_and_clearing_the_held_facts_are_built_and_nothing_is_staged_again(
    laptop: Any, held: Any, planted: Planted
) -> None:
    with laptop.up() as (web, password):  # it tries again what had failed, and fails again
        watch = Watch(laptop)
        assert watch.state() == "failed"
        mend(laptop, TABLE, planted)
        accept = laptop.run("repair", "accept", TWICE, "unique_check", "--why", "asked the student")
        assert accept.returncode == 0, accept.stderr
        browser = log_in(web, "admin", password)
        assert browser
        assert log_in(web, "admin", "guessed") is None
        stl_check = (f"{STAGED}project_feedback", "data_science_stl_check")
        clear(browser, web, *stl_check, f"{MONTH}T00:00:00+00:00", recursive=False)
        watch.until_task(f"{STAGED}project_feedback", "data_science_stl_check", "success")
        watch.until_task(f"{STAGED}project_feedback", "data_science_data_quality", "upstream_failed")
        watch.until_run(f"{STAGED}project_feedback", "failed")
        assert watch.state() == "failed"  # nothing is built yet, and it is not green
        clear(browser, web, *stl_check, f"{MONTH}T00:00:00+00:00", recursive=True)
        watch.until_built("data_science_avg_project_rating")
        watch.until_finished()
        assert watch.state() == "failed"  # the other file is still held
        clear_on_the_command_line(laptop, f"{STAGED}section_feedback", "data_science_data_quality")
        watch.until_finished()
        assert watch.state() == "success"
        lose_a_row_and_rebuild(laptop, watch)
        assert watch.state() == "success"
        clear(browser, web, f"{STAGED}{ANEW}", "create", f"{MONTH}T00:00:00+00:00", recursive=True)
        watch.until_task(f"{STAGED}{ANEW}", "data_quality", "success")
        watch.until_finished()
        assert watch.state() == "success"
    left, copies = laptop.left(), {key: copy for key, (_, copy) in held[1].ledger.items()}
    for table in (LOST, ANEW):
        assert copies.pop((table, MONTH)) < left.ledger[table, MONTH][1]  # these were loaded anew
    assert {key: copy for key, (_, copy) in left.ledger.items() if key in copies} == copies
    assert f"{TABLE}_errors" not in left.tables
    discarded = sum(row["mended"] is None for row in planted)
    assert len(left.tables[TABLE]) == records.count([(laptop.data / FILE).read_bytes()]) - 1 - discarded
    assert left.ledger[TABLE, MONTH][0] == left.ledger[TWICE, MONTH][0] == PASSED
    (laptop.data / FILE).write_bytes(mended(laptop.data / FILE, planted))
    for fact, rows in expected(laptop.data, "data_science", 2019, 1).items():
        assert [row[:-1] for row in left.tables[f"data_science_{fact}"]] == rows, fact


def lose_a_row_and_rebuild(laptop: Any, watch: Watch) -> None:
    """Somebody deletes a staged row: the check finds it, names it, and the month is loaded anew."""
    laptop.run("sql", f"DELETE FROM {LOST} WHERE user_id = (SELECT MIN(user_id) FROM {LOST})")  # noqa: S608
    clear_on_the_command_line(laptop, f"{STAGED}video_log", "data_science_stl_check")
    watch.until_finished()
    assert watch.state() == "failed"
    waits = laptop.run("repair", "list")
    assert re.search(rf"{LOST}: refused, 0 rows wait\n    \d+ rows are nowhere: s3://", waits.stdout)
    task = f"dag_id={STAGED}video_log/run_id={RUN}/task_id=data_science_stl_check/attempt=2.log"
    log = (laptop.state / "airflow" / "logs" / task).read_text("utf-8")
    assert re.search(r"Records of the file that are nowhere \(\d+\):\n  line \d+: \d+,\d+,data_science,", log)
    rebuilt = laptop.run("repair", "rebuild", LOST)
    assert (rebuilt.returncode, "Every record is accounted for." in rebuilt.stdout) == (0, True), rebuilt.stderr
    clear_on_the_command_line(laptop, f"{STAGED}video_log", "data_science_stl_check")
    watch.until_finished()


def mended(path: Path, planted: Planted) -> bytes:
    """The file as it should have been."""
    by_line = {row["line"]: row["mended"] for row in planted}
    found = [record for record in records.read([path.read_bytes()]) if by_line.get(record.line, "") is not None]
    return b"".join(
        (records.encode(by_line[one.line].values()) if one.line in by_line else one.raw) + b"\n" for one in found
    )


def clear_on_the_command_line(laptop: Any, dag: str, task: str) -> None:
    """Clear a task with its downstream."""
    assert laptop.run("airflow", "tasks", "clear", dag, "-t", f"^{task}$", "-d", "-y", "-R").returncode == 0
