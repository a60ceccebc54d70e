"""How fast COPY through the endpoint is beside ``psql \\copy`` and others: ``make bench-endpoint``.

Everything runs as the product runs it: ``python -m local_aws`` in a process of its own, the files in its S3. psql and
the rivals write straight into the PostgreSQL below the endpoint and read a local file. Runs of psql and the endpoint
take turns; each figure is a ratio of medians. Exits with 1 if a figure is above what was promised.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from local_aws.postgres import program
from local_aws.testing import AwsProcess, make_bucket, make_cluster

USER, PASSWORD, BUCKET = "awsuser", "Secret-pass1", "bench"
MEMORY_BYTES = 1_000_000_000
SELECTS = 3000
RIVALS = Path(__file__).with_name("rivals.py")
RIVALS_PYTHON = Path(".venv-bench/bin/python")


@dataclass(frozen=True)
class Data:
    """A kind of rows: the table, how many bytes of them, how a row is made, and what is promised."""

    name: str
    columns: str
    size: int
    row: Callable[[random.Random], str]
    goal: float
    limit: float


_draw = random.Random(20190101)  # noqa: S311
_WORDS = ["".join(_draw.choices("abcdefghijklmnopqrstuvwxyz", k=_draw.randint(2, 9))) for _ in range(2000)]


def moment(draw: random.Random) -> str:
    day, hour, minute, second = (draw.randint(*most) for most in ((1, 31), (0, 23), (0, 59), (0, 59)))
    return f"2019-01-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def feedback(draw: random.Random) -> str:
    """Feedback on a project: most of it text, a third of that in quotes, some with quotes and lines in it."""
    text = " ".join(draw.choices(_WORDS, k=draw.randint(20, 70)))
    kind = draw.random()
    if kind < 0.3:
        text = '"' + text.replace(" ", ", ", 3) + '"'
    elif kind < 0.35:
        text = '"' + text.replace(" ", ' ""so"" ', 1).replace(" ", "\n", 1) + '"'
    return f"{draw.randint(1, 50_000)},{draw.randint(1, 999)},{moment(draw)},{text},{draw.randint(1, 5)}\n"


def view(draw: random.Random) -> str:
    """A video watched."""
    ids = f"{draw.randint(1, 50_000)},{draw.randint(1, 999)},{draw.choice(('data', 'ml', 'web'))}"
    return f"{ids},{moment(draw)},{draw.randint(0, 9999)}.{draw.randint(0, 99):02d},{draw.randint(1, 9)}\n"


KINDS = [
    Data(
        "text rows",
        "user_id INT, project_id INT, submitted TIMESTAMP, feedback VARCHAR(5000), rating SMALLINT",
        110_000_000,
        feedback,
        goal=1.0,
        limit=1.6,
    ),
    Data(
        "narrow rows",
        "user_id INT, video_id INT, kind VARCHAR(20), began TIMESTAMP, seconds DECIMAL(8,2), times SMALLINT",
        64_000_000,
        view,
        goal=1.2,
        limit=2.0,
    ),
]
# Every sixth of the bad rows each: a word for a number, no such day, a field too many, one too few, a stray quote, a
# byte that is no UTF-8.
SPOIL: list[Callable[[bytes], bytes]] = [
    lambda row: b"x" + row,
    lambda row: row.replace(b"2019-01", b"2019-13", 1),
    lambda row: row[:-1] + b",1\n",
    lambda row: row[: row.rindex(b",")] + b"\n",
    lambda row: row[:-1] + b'"\n',
    lambda row: row[:-1] + b"\xff\n",
]
BAD_SHARE = 0.01
BAD_LIMIT = 1.3
MEMORY_LIMIT_MB = 400
SELECT_LIMIT_MS = 0.3


def write_file(path: Path, data: Data, size: int, bad_share: float = 0.0) -> None:
    """Rows of one kind up to so many bytes; the same for the same arguments."""
    draw = random.Random(data.name)  # noqa: S311
    rows = [data.row(draw).encode() for _ in range(20_000)]
    written = bad = 0
    with path.open("wb") as file:
        while written < size:
            row = draw.choice(rows)
            if draw.random() < bad_share:
                row, bad = SPOIL[bad % len(SPOIL)](row), bad + 1
            written += file.write(row)


class Bench:
    """A running local AWS with a cluster, its PostgreSQL, and files in its S3."""

    def __init__(self, aws: AwsProcess, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.role = make_cluster(aws, "bench", USER, PASSWORD)
        self.s3 = make_bucket(aws, BUCKET)
        # As ``iac`` makes its bucket, and as AWS makes every bucket.
        encrypted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        self.s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encrypted)
        self.postgres_port = int(aws.endpoints["postgres_port"])

    def connect(self, port: int | None = None) -> Any:
        connection = psycopg2.connect(
            host="127.0.0.1", port=port or self.aws.ports.redshift, dbname="dev", user=USER, password=PASSWORD
        )
        connection.autocommit = True
        return connection

    def run(self, sql: str) -> Any:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def fresh_table(self, data: Data) -> None:
        self.run("DROP TABLE IF EXISTS t")
        self.run("DROP SCHEMA IF EXISTS rival CASCADE")
        self.run(f"CREATE TABLE t ({data.columns})")
        time.sleep(0.5)  # let the disk come to rest

    def copy(self, key: str, data: Data) -> float:
        """Seconds of a COPY from S3 through the endpoint."""
        self.fresh_table(data)
        begin = time.perf_counter()
        self.run(f"COPY t FROM 's3://{BUCKET}/{key}' IAM_ROLE '{self.role}' FORMAT CSV MAXERROR 100000")
        return time.perf_counter() - begin

    def psql(self, path: Path, data: Data) -> float:
        r"""Seconds of psql's \copy of a local file straight into PostgreSQL."""
        self.fresh_table(data)
        command = [program("psql"), "-h", "127.0.0.1", "-p", str(self.postgres_port), "-U", USER, "-d", "dev", "-qc"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        begin = time.perf_counter()
        subprocess.run([*command, rf"\copy t FROM '{path}' (FORMAT csv)"], check=True, env=environment)
        return time.perf_counter() - begin

    def rival(self, name: str, path: Path, data: Data) -> float | str:
        """Seconds that a rival needs, its imports left out; or why it did not do it."""
        self.fresh_table(data)
        if not RIVALS_PYTHON.exists():
            return "not installed"
        command = [str(RIVALS_PYTHON), str(RIVALS), name, str(path), str(self.postgres_port), data.columns]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["failed"])[-1][:60]
        with path.open(encoding="utf-8", newline="") as file:
            records = sum(1 for _ in csv.reader(file))
        ((loaded,),) = self.run(f"SELECT count(*) FROM {'rival.rival' if name.startswith('dlt') else 't'}")  # noqa: S608
        if loaded != records:
            return f"loaded {loaded:,} of {records:,} rows"
        return float(done.stdout.strip().splitlines()[-1])


@contextmanager
def peak_memory(pid: int) -> Iterator[list[float]]:
    """Watch the process that the endpoint runs in (it has no helpers): the list's one figure is the most MB it held."""
    process, peak, over = psutil.Process(pid), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def select_milliseconds(bench: Bench) -> tuple[float, float]:
    """Medians of ``SELECT 1`` through the endpoint and straight to PostgreSQL, taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    with closing(bench.connect()) as through, closing(bench.connect(bench.postgres_port)) as straight:
        cursors = (through.cursor(), straight.cursor())
        for _ in range(SELECTS):
            for cursor, found in zip(cursors, times):
                begin = time.perf_counter()
                cursor.execute("SELECT 1")
                found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


class Table:
    """Prints figures as they come, and remembers whether all promises are kept."""

    def __init__(self) -> None:
        self.kept = True

    def line(
        self, what: str, seconds: float | str, ratio: float | None = None, promise: str = "", ok: bool = True
    ) -> None:
        self.kept &= ok
        first = f"{seconds:8.2f} s" if isinstance(seconds, float) else f"{seconds:>10}"
        second = f"{ratio:6.2f}x" if ratio is not None else " " * 7
        print(f"{what:<58} {first} {second}  {promise}{'' if ok else '  NOT KEPT'}", flush=True)


def measure(bench: Bench, data: Data, runs: int, table: Table) -> None:
    """One kind of rows: psql and the endpoint in turns, then each rival."""
    path, bad_path = bench.folder / f"{data.name}.csv", bench.folder / f"{data.name}-bad.csv"
    write_file(path, data, data.size)
    write_file(bad_path, data, data.size, BAD_SHARE)
    for one in (path, bad_path):
        bench.s3.upload_file(str(one), BUCKET, one.name)
    times: dict[str, list[float]] = {"psql": [], "copy": [], "bad": []}
    for _ in range(runs):
        times["psql"].append(bench.psql(path, data))
        times["copy"].append(bench.copy(path.name, data))
        times["bad"].append(bench.copy(bad_path.name, data))
    psql, copy, bad = (statistics.median(found) for found in times.values())
    rows = bench.run("SELECT loaded_rows, error_count FROM sys_load_history ORDER BY query_id DESC LIMIT 2")
    title = f"{data.name}, {path.stat().st_size / 1e6:.0f} MB"
    table.line(f"{title}: psql \\copy from a local file", psql, 1.0)
    promise = f"goal {data.goal}x, at most {data.limit}x"
    table.line(f"{title}: the endpoint, COPY from S3", copy, copy / psql, promise, copy / psql <= data.limit)
    what = f"  with {rows[0][1]:,} bad rows of {sum(rows[0]):,}"
    table.line(what, bad, bad / psql, f"at most {BAD_LIMIT}x of clean: {bad / copy:.2f}x", bad / copy <= BAD_LIMIT)
    for name, share in RIVAL_SHARES.items():
        part = bench.folder / "part.csv"
        write_file(part, data, int(data.size * share))
        found = bench.rival(name, part, data)
        if isinstance(found, str):
            table.line(f"  {name}", found)
        else:
            seconds = found / share
            table.line(f"  {name}{'' if share == 1 else f', from {share:.0%} of it'}, once", seconds, seconds / psql)
        part.unlink()
    bad_path.unlink()
    path.unlink()


# How much of the data each is given; its time is multiplied by as much. The slowest would take many minutes.
RIVAL_SHARES = {"dlt, arrow": 1.0, "pandas.to_sql, COPY": 0.5, "awswrangler": 0.1}


def measure_memory(bench: Bench, table: Table) -> None:
    """The most memory for 1 GB in one file, and what it was before."""
    path = bench.folder / "large.csv"
    write_file(path, KINDS[0], MEMORY_BYTES)
    bench.s3.upload_file(str(path), BUCKET, path.name)
    path.unlink()
    with peak_memory(bench.aws.pid) as before:
        time.sleep(0.2)
    with peak_memory(bench.aws.pid) as peak:
        seconds = bench.copy("large.csv", KINDS[0])
    ok = peak[0] <= MEMORY_LIMIT_MB
    what = f"1 GB in one file: {peak[0]:.0f} MB at most, {before[0]:.0f} MB before"
    table.line(what, seconds, None, f"at most {MEMORY_LIMIT_MB} MB", ok)


def main() -> int:
    """Measure, print, and tell by the exit status whether all promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--no-rivals", action="store_true")
    options = parser.parse_args()
    if options.no_rivals:
        RIVAL_SHARES.clear()
    memory = psutil.virtual_memory().total / 2**30
    print(f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, load {os.getloadavg()[0]:.1f} at the start;")
    print(f"medians of {options.runs} runs in turns; ratios to psql.\n", flush=True)
    table = Table()
    with tempfile.TemporaryDirectory() as name, AwsProcess(Path(name) / "aws") as aws:
        bench = Bench(aws, Path(name))
        for data in KINDS:
            measure(bench, data, options.runs, table)
        through, straight = select_milliseconds(bench)
        ok = through - straight <= SELECT_LIMIT_MS
        what = f"SELECT 1: {through:.3f} ms, straight to PostgreSQL {straight:.3f} ms"
        table.line(what, f"+{through - straight:.3f} ms", None, f"at most +{SELECT_LIMIT_MS} ms", ok)
        measure_memory(bench, table)
    return 0 if table.kept else 1


if __name__ == "__main__":
    sys.exit(main())
