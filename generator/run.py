"""Generate everything that the options ask for, in as many processes as pay."""

from __future__ import annotations

import json
import multiprocessing
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Callable, Optional

from generator.csv_file import Refused
from generator.destination import Destination, DestinationError
from generator.jobs import BLOCK, Made, write_courses, write_partition, write_users
from generator.options import Options, Partition

MANIFEST = "bad_rows.json"
# A job is a partition, or None for the students' dimension. That is the longest, so it goes first.
Job = Optional[Partition]
# Called with the steps done since the last call.
Progress = Callable[[int], object]


@dataclass(frozen=True)
class _Worker:
    """What a process has for all of its jobs: where to write, and where to report."""

    place: Destination
    done: SimpleQueue[int]


_worker: _Worker | None = None


@dataclass(frozen=True)
class Summary:
    """What was written; ``bytes`` of CSV, ``seconds`` of wall time, ``refused`` the bad rows in the files' order."""

    files: int
    rows: int
    bytes: int
    seconds: float
    refused: tuple[Refused, ...]

    def __str__(self) -> str:
        text = f"{self.files} files, {self.rows:,} rows, {self.bytes / 1e6:.1f} MB in {self.seconds:.1f} s"
        return f"{text}, {len(self.refused)} bad rows on purpose" if self.refused else text


def steps(options: Options) -> int:
    """How many steps ``generate`` reports to its progress: one for each block of students of each job."""
    return -(-options.students // BLOCK) * len(_jobs(options))


def generate(options: Options, progress: Progress = lambda steps: None) -> Summary:
    """Write all files to ``options.to``; ``progress`` is told the steps done.

    With ``bad_rows`` their manifest is written too, as ``bad_rows.json`` at the top of the destination.
    Raises DestinationError: the files cannot be written there. Each file is whole or not there.
    """
    begin = time.perf_counter()
    place = destination(options.to)
    place.check()
    made = [write_courses(options, place)]
    made += _in_process(options, place, progress) if options.workers == 1 else _in_processes(options, progress)
    refused = tuple(one for job in made for one in job.refused)
    if options.bad_rows:
        with place.open(MANIFEST) as sink:
            sink.write(_manifest(options, refused))
    totals = (sum(job.files for job in made), sum(job.rows for job in made), sum(job.bytes for job in made))
    return Summary(*totals, time.perf_counter() - begin, refused)


def destination(to: str) -> Destination:
    """A folder, or a bucket for ``s3://bucket/prefix``. Raises DestinationError."""
    if to.startswith("s3://"):
        from generator.bucket import Bucket  # boto3 takes longer to import than a small folder takes to write

        return Bucket.of(to)
    from generator.folder import Folder

    return Folder(Path(to).expanduser())


def _jobs(options: Options) -> list[Job]:
    return [None, *options.partitions]


def _write(options: Options, job: Job, place: Destination, report: Callable[[], object]) -> Made:
    if job is None:
        return write_users(options, place, report)
    return write_partition(options, job, place, report)


def _in_process(options: Options, place: Destination, progress: Progress) -> list[Made]:
    return [_write(options, job, place, lambda: progress(1)) for job in _jobs(options)]


def _in_processes(options: Options, progress: Progress) -> list[Made]:
    """Share the jobs out to new processes; forked ones would inherit threads and connections half-way."""
    context = multiprocessing.get_context("spawn")
    done: SimpleQueue[int] = context.SimpleQueue()
    with ProcessPoolExecutor(options.workers, context, _begin, (options.to, done)) as pool:
        futures = [pool.submit(_work, options, job) for job in _jobs(options)]
        try:
            _follow(futures, done, progress)
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise DestinationError(
                f"{options.to}: a process was killed, by lack of memory perhaps; files that have their name are whole."
                " Run it again with fewer --processes."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _follow(futures: list[Future[Made]], done: SimpleQueue[int], progress: Progress) -> None:
    """Pass the processes' steps on, until all is done or something fails."""
    running = True
    while running:
        finished, running_futures = wait(futures, timeout=0.1, return_when=FIRST_EXCEPTION)
        while not done.empty():
            progress(done.get())
        running = bool(running_futures) and not any(future.exception() for future in finished)


def _begin(to: str, done: SimpleQueue[int]) -> None:
    global _worker
    _worker = _Worker(destination(to), done)


def _work(options: Options, job: Job) -> Made:
    """A job in a process of its own."""
    assert _worker is not None, "a process begins with _begin"
    worker = _worker
    return _write(options, job, worker.place, lambda: worker.done.put(1))


def _manifest(options: Options, refused: tuple[Refused, ...]) -> bytes:
    """What stands where, as JSON: see ``Refused`` for the fields; ``raw`` is base64."""
    rows = [one.as_json() for one in refused]
    return (json.dumps({"seed": options.seed, "rows": rows}, indent=1, ensure_ascii=False) + "\n").encode()
