"""One run of everything on this machine, from the first process to the last."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

from laptop import runs
from laptop.airflow import DAG_ID, REPOSITORY, Airflow, web_port
from laptop.processes import Processes
from local_aws.ports import LOOPBACK, PortTaken, check_free
from local_aws.state import StateFolder

START_SECONDS = 120.0
POLL_SECONDS = 1.0

# Variables of the user's shell that would lead us, Airflow or its clients elsewhere.
_FOREIGN = ("AIRFLOW_", "AWS_", "PG", "PYTHONPATH", "PYTHONWARNINGS", "PYTHONDONTWRITE")
_OURS = ("AWS_PORT",)

Say = Callable[[str], None]


class CannotStart(RuntimeError):
    """Something is missing or in the way; the text says what to do."""


class StepFailed(RuntimeError):
    """A step towards a running pipeline failed; the text quotes what it said."""


class Session:
    """The local AWS, the database of Airflow and Airflow, in one state folder.

    Use as a context manager: whatever was started is stopped at its end, however that comes.
    """

    def __init__(self, state: Path, say: Say) -> None:
        self.state = state
        self.say = say
        self.aws = StateFolder(state / "aws")
        self.airflow = Airflow(state / "airflow", Path(os.environ.get("LAPTOP_DAGS", REPOSITORY / "airflow" / "dags")))
        self.processes = Processes(state)
        self.environment: dict[str, str] = {}
        self._migrated: Future[None]
        self._stack = ExitStack()

    def __enter__(self) -> Session:
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._stack.enter_context((self.state / "lock").open("a"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stack.close()
            raise CannotStart(
                f"It runs already, on {self.state}. `make status` shows it; end it with Ctrl-C."
            ) from None
        left = self.processes.stop_leftovers()
        if left:
            self.say(f"Ended what an earlier run had left: {', '.join(left)}.")
        self._stack.callback(self.say, "Stopped.")
        return self

    def __exit__(self, *_: object) -> None:
        self.say("Stopping what was started.")
        self._stack.close()

    def start_aws(self) -> None:
        """Start the local AWS and wait until it answers."""
        self.aws.withdraw()
        self._start("local_aws", [sys.executable, "-m", "local_aws", "--state", str(self.aws.path)])
        self._wait(self.aws.endpoints_file.exists, "the local AWS")
        at = json.loads(self.aws.endpoints_file.read_text())
        self.say(f"  AWS {at['aws_url']}, S3 {at['s3_url']}, Redshift {at['redshift_host']}:{at['redshift_port']}")
        self.use_aws()

    def use_aws(self) -> None:
        """Lead this process and all that it starts to the local AWS.

        Raises StateError: it does not run.
        """
        os.environ.update(self.aws.environment())
        self.environment = self.airflow.environment()

    def provision(self) -> None:
        """Bucket, role and cluster, and the sample data in the bucket."""
        self._step([sys.executable, "-m", "iac", "up"])
        self._step(
            [sys.executable, "-m", "iac", "upload", os.environ.get("LAPTOP_DATA", str(REPOSITORY / "sample_data"))]
        )

    def start_database(self) -> None:
        """Start Airflow's database, and bring its schema up to date while other things start."""
        database = self.airflow.database()
        database.start()
        self._stack.callback(database.stop)
        worker = self._stack.enter_context(ThreadPoolExecutor(max_workers=1))
        self._migrated = worker.submit(self.airflow.migrate, self.airflow.environment())

    def start_airflow(self, again: bool) -> None:
        """Start the scheduler; what an earlier run left undone (all, if ``again``) is cleared before.

        Raises AirflowFailed.
        """
        self._migrated.result()
        self.airflow.make_connections(self.environment)
        self._clear(again)
        self._start("scheduler", ["airflow", "scheduler"])

    def start_web(self) -> str:
        """Start the web UI; return its address once it answers."""
        port = web_port()
        address = f"http://{LOOPBACK}:{port}"
        self._start("webserver", ["airflow", "webserver", "--hostname", LOOPBACK, "--port", str(port)])
        self._wait(lambda: _answers(f"{address}/health"), "the web UI")
        return address

    def toggle_on(self) -> None:
        """Toggle the DAG on, once the scheduler has read it."""
        with closing(self.airflow.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            self._wait(lambda: self._has_read_the_dag(cursor), "the scheduler's reading of the DAG")
            paused = runs.is_paused(cursor)
        if paused:
            self.airflow.command(self.environment, "dags", "unpause", DAG_ID)

    def _has_read_the_dag(self, cursor: Any) -> bool:
        broken = runs.import_errors(cursor)
        if broken:
            raise StepFailed(f"Airflow cannot read the DAG:\n{broken}")
        return runs.is_known(cursor)

    def watch(self) -> Iterator[list[runs.Month]]:
        """Yield how far the months are, about every second, until all of them are finished and no more will come."""
        with closing(self.airflow.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while True:
                self.processes.check()
                months = runs.months(cursor)
                yield months
                if all(month.finished for month in months) and not runs.more_to_come(cursor):
                    return
                time.sleep(POLL_SECONDS)

    def failures(self) -> list[runs.Failure]:
        """The tasks that failed, with their errors."""
        with closing(self.airflow.connect()) as connection, connection.cursor() as cursor:
            return runs.failures(cursor, self.airflow.logs)

    def _clear(self, again: bool) -> None:
        with closing(self.airflow.connect()) as connection, connection, connection.cursor() as cursor:
            runs.forget_import_errors(cursor)
            undone = runs.mark_cut_off(cursor)
            known = runs.is_known(cursor)
        if known and (again or undone):
            self.say(f"  Clearing {'every task' if again else f'{undone} tasks that did not succeed'}, to do it again.")
            only = [] if again else ["--only-failed"]
            self.airflow.command(self.environment, "tasks", "clear", "--yes", *only, DAG_ID)

    def _start(self, name: str, command: Sequence[str]) -> None:
        self.processes.start(name, command, self.environment or os.environ, REPOSITORY)
        self._stack.callback(self.processes.stop, name)

    def _step(self, command: list[str]) -> None:
        done = subprocess.run(
            command, env=self.environment, cwd=REPOSITORY, text=True, capture_output=True, check=False
        )
        for line in done.stdout.splitlines():
            self.say(f"  {line}")
        if done.returncode:
            raise StepFailed(f"`{' '.join(command[1:])}` failed:\n{done.stderr.strip()}")

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            self.processes.check()
            if time.monotonic() > deadline:
                raise StepFailed(f"{what} did not answer within {START_SECONDS:.0f} s. Its log is in {self.state}.")
            time.sleep(0.1)


def forget_foreign_variables() -> None:
    """Take out of this process's environment what would lead it, or what it starts, elsewhere."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN) and name not in _OURS]:
        del os.environ[name]


def require_web_port() -> None:
    """Raise CannotStart if the web UI's port is taken."""
    try:
        check_free(web_port())
    except PortTaken as taken:
        raise CannotStart(f"Port {taken.port} is taken. Choose another one: make up WEB_PORT=8081") from taken


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
            return bool(response.status == 200)
    except OSError:
        return False
