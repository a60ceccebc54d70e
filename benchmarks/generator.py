"""How fast the students are made, and in how much memory: ``python benchmarks/generator.py``.

Prints a line for each figure with what was promised, and exits with 1 if a promise is not kept. Each run is the command
itself, start of Python included, as a person would wait for it. The files go to a temporary folder (1 GB at most).
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from faker import Faker

YEAR = ("--months", "1-12")
MANY = ("--students", "5000000", "--months", "1")
# Faker makes one row in so many, and its time is multiplied by that: the whole year would take minutes.
FAKER_SHARE = 50
RUNS = 3


@dataclass(frozen=True)
class Run:
    """Wall and processor time, the most memory that all its processes held at a time, and what was written."""

    seconds: float
    processor_seconds: float
    peak_mb: float
    rows: dict[str, int]
    megabytes: float


def run(*options: str) -> Run:
    """The command with these options, into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        begin, used, peak = time.perf_counter(), processor_seconds(), 0.0
        command = [sys.executable, "-m", "generator", "--to", folder, *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                peak = max(peak, memory_mb(process.pid))
                time.sleep(0.02)
        seconds, used = time.perf_counter() - begin, processor_seconds() - used
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        files = list(Path(folder).rglob("*.csv"))
        rows: dict[str, int] = {}
        if options == YEAR:
            for path in files:
                rows[path.stem] = rows.get(path.stem, 0) + len(records(path)) - 1
        return Run(seconds, used, peak, rows, sum(path.stat().st_size for path in files) / 1e6)


def processor_seconds() -> float:
    """What all processes that this one has started and seen end have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB; pages that they share count for each of them."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def with_faker(rows: dict[str, int]) -> float:
    """Seconds for the same numbers of rows with Faker asked for every value, worked out from a share of them."""
    fake = Faker()
    Faker.seed(2019)

    def text() -> str:
        return fake.text(max_nb_chars=280)

    def feedback() -> list[object]:
        return [fake.random_int(), fake.random_int(), fake.unix_time(), text(), fake.random_int(1, 3)]

    def question() -> list[object]:
        ids = [fake.random_int(), fake.random_int(), fake.random_int()]
        return [*ids, fake.date_time(), fake.sentence(), text(), fake.random_int(), fake.date_time(), text(), 1]

    def view() -> list[object]:
        return [fake.random_int(), fake.random_int(), "data", fake.unix_time(), fake.unix_time(), fake.random_int(1, 9)]

    def user() -> list[object]:
        return [1, fake.name(), fake.user_name(), fake.city(), fake.unique.email(), fake.company()]

    makers = {"project_feedback": feedback, "section_feedback": feedback, "mentor_activity": question}
    makers |= {"video_log": view, "users_dim": user}
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for name, make in makers.items():
            writer.writerows(make() for _ in range(rows[name] // FAKER_SHARE))
    return (time.perf_counter() - begin) * FAKER_SHARE


def line(what: str, figure: float, unit: str, promise: float, at_least: bool = False) -> bool:
    """Print a figure with its promise; whether it is kept."""
    kept = figure >= promise if at_least else figure <= promise
    sign = ">=" if at_least else "<="
    print(
        f"{what:<58} {figure:8.1f} {unit:<3} (promised {sign} {promise:g}) {'ok' if kept else 'NOT KEPT'}", flush=True
    )
    return kept


def main() -> int:
    """Measure, print, and tell by the exit status whether all promises are kept."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the best of {RUNS} runs")
    year = min((run(*YEAR) for _ in range(RUNS)), key=lambda one: one.seconds)
    print(f"a year: {sum(year.rows.values()):,} rows, {year.megabytes:.0f} MB, {year.processor_seconds:.1f} s of cores")
    kept = [line("a year, 3 degrees, 50,000 students", year.seconds, "s", 3)]
    kept.append(
        line("  times as fast as Faker row by row", with_faker(year.rows) / year.seconds, "x", 20, at_least=True)
    )
    runs = [run(*MANY) for _ in range(RUNS)]
    many = min(runs, key=lambda one: one.seconds)
    print(f"a month of many: {many.megabytes:.0f} MB, {many.processor_seconds:.1f} s of cores")
    kept.append(line("a month, 3 degrees, 5,000,000 students", many.seconds, "s", 15))
    kept.append(line("  memory of all its processes", max(one.peak_mb for one in runs), "MB", 600))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
