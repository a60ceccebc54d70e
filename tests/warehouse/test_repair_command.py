"""The command ``repair``: what it prints, what it exits with, and that a spreadsheet goes there and back."""

from __future__ import annotations

import csv
import io
import logging
import subprocess
import sys
from pathlib import Path
from typing import Callable

import boto3
import pytest

from warehouse import ledger, repair_command

from .conftest import GOOD, SOURCE, Mender

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(mender: Mender, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``repair ARGUMENTS``; its exit code and all that it printed."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    # Where tests of the operators ran before, Airflow's logging would write between what the command prints.
    monkeypatch.setattr(logging.root, "handlers", [])
    for name, value in mender.degree.provisioned.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> tuple[int, str]:
        code = repair_command.main(arguments)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_what_waits_is_listed_and_shown(command: Command, mender: Mender) -> None:
    name = mender.place.table_name
    code, text = command("list")
    assert code == 0
    assert f"2019-01  {name}: refused, 2 rows wait\n    2 refused rows of 2019-01-01 stand in" in text
    code, text = command("show", name)
    assert code == 0
    assert text.startswith("line 3: user_id: Invalid digit, Value 'x'")
    assert "    text             'a\\nb'\n" in text
    assert f"Then: repair put-back {name}" in text


def test_a_spreadsheet_there_and_back(command: Command, mender: Mender, tmp_path: Path) -> None:
    name, sheet = mender.place.table_name, tmp_path / "rows.csv"
    code, text = command("export", name, str(sheet))
    assert (code, text.split(". ")[0]) == (0, f"2 rows are in {sheet}")
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line_number"], row["user_id"], row["text"]) for row in rows] == [("3", "x", "a\nb"), ("5", "2", "ok")]
    rows[0]["user_id"], rows[1]["rating"] = "7", "x3"
    with sheet.open("w", encoding="utf-8", newline="") as saved:  # as another program may save it: no mark
        writer = csv.DictWriter(saved, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert command("import", f"{name}_errors", str(sheet))[1].startswith("2 rows of")
    assert command("import", name, str(sheet))[1].startswith("0 rows of")
    code, text = command("put-back", name)
    assert code == 1
    assert text.splitlines()[:2] == [
        f"1 rows were put into {name}; 1 are still wrong.",
        "  line 5: rating: 'x3' is no INTEGER",
    ]
    code, text = command("import", name, str(sheet))
    assert (code, "0 rows of" in text, "1 of the file are settled already." in text) == (0, True, True)
    code, text = command("discard", name, "--line", "5", "--why", "no rating", "--by", "bo")
    assert code == 0
    assert f"Next: clear stage_{SOURCE}.{mender.place.degree}_stl_check of January 2019 with its downstream" in text
    assert mender.settle().status == ledger.SETTLED
    assert mender.degree.provisioned.rows(
        "SELECT recorded_by, reason FROM load_repairs WHERE table_name = %s AND action = 'discard'", (name,)
    ) == [("bo", "no rating")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("load_month,", "month,", 1), "its first line must be load_month,line_number"),
        (lambda text: text.replace(",", ";"), "its first line must be"),
        (lambda text: text.replace("2019-01-01,3,", "2019-01-01,4,"), "line_number 4 does not wait in"),
        (lambda text: text.replace("2019-01-01,3,", "2019-01-01,5,"), "row 3: it needs 10 fields"),
        (lambda text: text.replace("2019-01-01,3,", "2019-02-01,3,"), "row 2: it needs 10 fields"),
        (lambda text: text + "more,fields\n", "row 4: it needs 10 fields"),
        (lambda text: "", "its first line must be"),
    ],
)
def test_a_spreadsheet_that_is_another_one_changes_nothing(
    command: Command, mender: Mender, tmp_path: Path, change: Callable[[str], str], words: str
) -> None:
    name, sheet, before = mender.place.table_name, tmp_path / "rows.csv", mender.rows
    command("export", name, str(sheet))
    sheet.write_text(change(sheet.read_text("utf-8-sig")), "utf-8")
    code, text = command("import", name, str(sheet))
    assert (code, words in text) == (2, True), text
    assert mender.rows == before


def test_a_spreadsheet_goes_through_pipes_where_no_file_is_in_reach(command: Command, mender: Mender) -> None:
    """As from a container: ``docker compose exec -T scheduler repair export TABLE - > rows.csv``."""

    def piped(verb: str, stdin: bytes = b"") -> bytes:
        run = [sys.executable, "-m", "warehouse.repair_command", verb, mender.place.table_name, "-"]
        return subprocess.run(run, input=stdin, capture_output=True, check=True).stdout

    sheet = piped("export")
    assert sheet.startswith("\ufeffload_month,line_number,".encode())
    assert len(list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))) == 3
    assert piped("import", sheet).startswith(b"0 rows of")
    assert piped("import", sheet.replace(b"\nb", b"\nc")).startswith(b"1 rows of")
    assert "'a\\nc'" in command("show", mender.place.table_name)[1]


def test_an_exported_file_is_not_written_over(command: Command, mender: Mender, tmp_path: Path) -> None:
    sheet = tmp_path / "rows.csv"
    sheet.write_text("mine")
    code, text = command("export", mender.place.table_name, str(sheet))
    assert (code, "may hold somebody's work" in text) == (2, True)
    assert sheet.read_text() == "mine"
    assert command("import", mender.place.table_name, str(tmp_path / "none.csv"))[0] == 2
    assert command("export", mender.place.table_name, str(tmp_path / "none" / "rows.csv"))[0] == 2


def test_plain_sql_mends_too_and_what_is_lost_by_it_is_rebuilt(command: Command, mender: Mender) -> None:
    name, rows = mender.place.table_name, mender.degree.provisioned.rows
    rows(f"INSERT INTO {name} VALUES (7, 10, '2019-01-01', 'mended', 3, '2019-01-01')")  # noqa: S608
    rows(f"DROP TABLE {name}_errors")
    entry = mender.settle()
    assert (entry.status, "1 rows are nowhere" in (entry.detail or "")) == (ledger.REFUSED, True)
    rows(f"INSERT INTO {name} VALUES (2, 10, '2019-01-01', 'ok', 3, '2019-01-01')")  # noqa: S608
    assert mender.settle().status == ledger.SETTLED
    mender.degree.put(SOURCE, GOOD * 30 + "x,10,1546300800000,bad,3\n")
    code, text = command("rebuild", name, "--month", "2019-01")
    assert (code, text.splitlines()[0]) == (1, "30 of 31 records were loaded.")
    mender.mend(32, user_id="8")
    command("put-back", name)
    rows(f"DELETE FROM {name} WHERE user_id = 1")  # noqa: S608
    assert "30 rows are nowhere" in (mender.settle().detail or "")
    code, text = command("rebuild", name)
    assert (code, text.splitlines()[1]) == (0, "Every record is accounted for.")
    assert sum(mender.staged().values()) == 31


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "nonsense"], "nonsense is no staging table"),
        (["show", "users_dim"], "users_dim has nothing that waits. Name the month you mean"),
        (["put-back", "data_x_video_log", "--month", "2019-01"], "was not loaded for 2019-01"),
        (["discard", "TABLE", "--line", "99", "--why", "so"], "No row of line 99 waits"),
        (["discard", "TABLE", "--unaccounted", "1", "--why", "so"], "0 records of TABLE are unaccounted for, not 1"),
        (["accept", "TABLE", "unique_check", "--why", "so"], "is refused: rows wait or are missing"),
        (["rebuild", "users_dim", "--month", "2019-01"], "users_dim is a dimension: clear stage_users_dim.load"),
    ],
)
def test_what_cannot_be_done_is_said(command: Command, mender: Mender, arguments: list[str], words: str) -> None:
    name = mender.place.table_name
    code, text = command(*(name if word == "TABLE" else word for word in arguments))
    assert (code, words.replace("TABLE", name) in text) == (2, True), text


def test_a_wrong_month_and_a_missing_reason_are_refused_by_the_command_line(command: Command) -> None:
    for arguments in (["show", "users_dim", "--month", "January"], ["discard", "users_dim", "--line", "1"]):
        with pytest.raises(SystemExit):
            command(*arguments)
