"""The story of rows that Redshift refuses, played from beginning to end in a folder of its own."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Iterator

from generator import Options, generate
from generator.csv_file import Refused
from laptop import tables
from laptop.airflow import REPOSITORY
from laptop.session import Session
from warehouse import records, repair_command, settings
from warehouse.login import connect

FILE = "data_science/2019/1/project_feedback.csv"
TABLE = "data_science_project_feedback"
FACT = "data_science_avg_project_rating"
_BAD_ROWS = 40
# The story needs two degrees and one month; all else is the DAG as it is.
_DAG_CHANGES = (
    ('["data_science", "data_analytics", "data_engineering"]', '["data_science", "data_analytics"]'),
    ("end_date=datetime(2019, 2, 1)", "end_date=datetime(2019, 1, 1)"),
)
_LEDGER = f"""
SELECT table_name, status, records, loaded, refused, repaired, discarded FROM load_status WHERE table_name = '{TABLE}'
"""  # noqa: S608 (our own constant)


class StoryBroken(RuntimeError):
    """The story does not go as it should; the text says where."""


def play(folder: Path) -> None:
    """Play it in ``folder``, which is emptied before and gone afterwards. Raises StoryBroken."""
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / "data"
    _lead_here(folder)
    _say(1, f"January 2019 of two degrees is made, with {_BAD_ROWS} bad rows in {FILE}.")
    degrees = ("data_science", "data_analytics")
    made = generate(Options(str(data), 25_000, degrees, months=(1,), bad_rows=_BAD_ROWS, bad_in=FILE))
    refused = made.refused
    (data / "bad_rows.json").unlink()
    for one in refused[:4]:
        print(f"   line {one.line}, {one.kind}: {one.raw[:90]!r}")
    _say(2, "The pipeline runs. Redshift takes the good rows of that file and refuses the others.")
    _run(expected=1)
    with Session(folder / "state", lambda text: None) as session:
        session.start_aws()
        _say(3, "What became of the file: the other degree's facts are built, the fact that reads it waits.")
        _show(_LEDGER)
        _show("SELECT table_name, records AS rows FROM load_status WHERE table_name LIKE '%avg_project_rating'")
        _show(f"SELECT line_number, colname, err_reason FROM {TABLE}_errors ORDER BY line_number LIMIT 5")  # noqa: S608
        _say(4, "A person takes the refused rows into a spreadsheet, mends them, and puts them back.")
        _mend(folder / "rows.csv", refused)
    _say(5, "The pipeline goes on where it stopped: the same as clearing stl_check with its downstream in the web UI.")
    _run(expected=0)
    with Session(folder / "state", lambda text: None) as session:
        session.start_aws()
        _say(6, "Every record is accounted for, and the held fact is what a file without faults would have given.")
        _show(_LEDGER)
        _compare(data / FILE, refused)
    shutil.rmtree(folder)


def _lead_here(folder: Path) -> None:
    """Settings, DAG, data and state of the story's own, for this process and those that it starts."""
    (folder / "dags").mkdir(parents=True)
    text = (REPOSITORY / "airflow" / "dags" / "main_dag.py").read_text("utf-8")
    for old, new in _DAG_CHANGES:
        if old not in text:
            raise StoryBroken(f"main_dag.py has no {old} any more: the story cannot shorten it.")
        text = text.replace(old, new)
    (folder / "dags" / "main_dag.py").write_text(text, "utf-8")
    cfg = shutil.copy(settings.CFG, folder / settings.CFG.name)
    own = {"UDACITY_DWH_CFG": cfg, "LAPTOP_STATE": folder / "state", "LAPTOP_DATA": folder / "data"}
    os.environ.update({name: str(value) for name, value in {**own, "LAPTOP_DAGS": folder / "dags"}.items()})


def _say(number: int, text: str) -> None:
    print(f"\n== {number} of 6. {text}", flush=True)


def _run(expected: int) -> None:
    """`make run`, its progress shown, its tables not."""
    command = [sys.executable, "-u", "-m", "laptop", "run"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        shown, said = True, []
        for line in process.stdout or ():
            said.append(line)
            shown = shown and not line.startswith("Done after")
            if shown or line.startswith("Failed:"):
                print(f"   {line}", end="", flush=True)
    if process.returncode != expected:
        raise StoryBroken(f"`make run` ended with {process.returncode}, not {expected}:\n{''.join(said[-40:])}")


def _show(query: str) -> None:
    with closing(connect(settings.load())) as warehouse, warehouse.cursor() as cursor:
        cursor.execute(query)
        print("   " + tables.grid(cursor).replace("\n", "\n   "))


def _mend(sheet: Path, refused: tuple[Refused, ...]) -> None:
    """What a person does, with the commands that a person types."""
    _repair("export", TABLE, str(sheet))
    mended = {str(one.line): one.mended for one in refused}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update({**(mended[row["line_number"]] or {}), "extra_fields": ""})
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    _repair("import", TABLE, str(sheet))
    _repair("put-back", TABLE)
    for one in refused:
        if one.mended is None:
            _repair("discard", TABLE, "--line", str(one.line), "--why", "a blank line, nobody knows what it was")


def _repair(*arguments: str) -> None:
    shown = " ".join(f'"{word}"' if " " in word else word for word in arguments)
    print(f"   $ make repair ARGS='{shown}'", flush=True)
    if repair_command.main(arguments) == 2:
        raise StoryBroken("that command should have worked.")


def _compare(file: Path, refused: tuple[Refused, ...]) -> None:
    """The fact in Redshift, and the same computed from the mended file here."""
    ratings: dict[int, list[int]] = defaultdict(list)
    for row in _mended_rows(file, refused):
        ratings[int(row[1])].append(int(row[4]))
    expected = {
        project: (Decimal(sum(given)) / len(given)).quantize(Decimal("0.1"), ROUND_HALF_UP)
        for project, given in ratings.items()
    }
    found = dict(_rows(f"SELECT project_id, average_rating FROM {FACT}"))  # noqa: S608
    if found != expected:
        raise StoryBroken(f"{FACT} is {found}, the mended file gives {expected}.")
    print(f"   {FACT}: {len(found)} projects, each average as computed from the mended file.")


def _mended_rows(file: Path, refused: tuple[Refused, ...]) -> Iterator[list[str]]:
    broken = {one.line: one.mended for one in refused}
    for record in records.read([file.read_bytes()]):
        mended = broken.get(record.line)
        if mended is not None:
            yield list(mended.values())
        elif record.line > 1 and record.line not in broken:
            yield [field.decode("utf-8") for field in records.fields(record.raw)]


def _rows(query: str) -> list[tuple[Any, ...]]:
    with closing(connect(settings.load())) as warehouse, warehouse.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
