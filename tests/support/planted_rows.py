"""Bad rows planted in a month's file, and a person who mends them in a spreadsheet."""

from __future__ import annotations

import base64
import csv
import json
from typing import Any

from whole_laptop import Laptop

from generator import Options, generate

Planted = list[dict[str, Any]]


def plant(laptop: Laptop, degrees: tuple[str, ...], file: str, count: int) -> Planted:
    """Give the laptop January of these degrees, with bad rows of different kinds in one file; what was planted."""
    laptop.data = laptop.folder / "data"
    generate(Options(str(laptop.data), 25_000, degrees, months=(1,), bad_rows=count, bad_in=file))
    rows = json.loads((laptop.data / "bad_rows.json").read_text("utf-8"))["rows"]
    (laptop.data / "bad_rows.json").unlink()
    return [{**row, "raw": base64.b64decode(row["raw"])} for row in rows]


def mend(laptop: Laptop, table: str, planted: Planted) -> None:
    """In a spreadsheet, as the command line says; those that nobody can mend are given up."""
    fill_in_the_sheet(laptop, table, planted)
    lost = [row["line"] for row in planted if row["mended"] is None]
    done = laptop.run("repair", "put-back", table)
    assert f"{len(planted) - len(lost)} rows were put into" in done.stdout, done.stdout + done.stderr
    assert done.returncode == bool(lost)
    for line in lost:
        done = laptop.run("repair", "discard", table, "--line", str(line), "--why", "a blank line")
    assert "Next: clear stage_project_feedback.data_science_stl_check of January 2019" in done.stdout


def fill_in_the_sheet(laptop: Laptop, table: str, planted: Planted) -> None:
    """Export the rows that wait, write the values that should have been there, and import them."""
    sheet = laptop.folder / "rows.csv"
    assert laptop.run("repair", "export", table, str(sheet)).returncode == 0
    by_line = {str(row["line"]): row for row in planted}
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(by_line[row["line_number"]]["mended"] or {})
        row["extra_fields"] = ""
    with sheet.open("w", encoding="utf-8", newline="") as saved:
        writer = csv.DictWriter(saved, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert laptop.run("repair", "import", table, str(sheet)).returncode == 0
