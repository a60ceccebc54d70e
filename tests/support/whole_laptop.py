"""The whole pipeline in a folder of its own: real scheduler, real PostgreSQL, real S3, on free ports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

import psutil
import pytest

from local_aws.ports import free_port
from local_aws.testing import AwsProcess
from warehouse import settings
from warehouse.login import connect

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_SECONDS = 600


@dataclass(frozen=True)
class Left:
    """Every row of every table but the ledger, sorted; and status and COPY of each table and month."""

    tables: dict[str, list[tuple[Any, ...]]]
    ledger: dict[tuple[str, str], tuple[str, int]]


@dataclass
class Laptop:
    """``python -m laptop`` with a state, settings, ports, data and DAG of its own."""

    folder: Path
    data: Path = REPOSITORY / "sample_data"
    dags: Path = REPOSITORY / "airflow" / "dags"
    ports: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cfg = self.folder / "udacity_dwh.cfg"
        self.state = self.folder / "state"
        shutil.copy(REPOSITORY / "airflow" / "config" / "udacity_dwh.cfg", self.cfg)
        self.ports = {name: str(free_port()) for name in ("AWS_PORT", "S3_PORT", "REDSHIFT_PORT", "WEB_PORT")}

    def change_dag(self, *changes: tuple[str, str]) -> None:
        """Use a copy of main_dag.py from now on, with these texts exchanged."""
        text = (REPOSITORY / "airflow" / "dags" / "main_dag.py").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.dags = self.folder / "dags"
        self.dags.mkdir()
        (self.dags / "main_dag.py").write_text(text, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What a user would set to have a second one beside the first."""
        own = {
            "LAPTOP_STATE": self.state,
            "LAPTOP_DATA": self.data,
            "LAPTOP_DAGS": self.dags,
            "UDACITY_DWH_CFG": self.cfg,
        }
        return {**os.environ, **{name: str(value) for name, value in own.items()}, **self.ports}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "laptop", *arguments],
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )

    def run_and_kill(self, victim: str, when: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start a run, kill -9 one of its processes once the file ``when`` appears below its logs, see how it ends."""
        command = [sys.executable, "-u", "-m", "laptop", "run", *arguments]
        output = self.folder / "killed.log"
        with output.open("w") as log:
            process = subprocess.Popen(command, env=self.environment, cwd=REPOSITORY, stdout=log, stderr=log)
            deadline = time.monotonic() + RUN_SECONDS
            while not (self.state / "airflow" / "logs" / when).exists():
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, output.read_text()
                time.sleep(0.1)
            os.kill(self.processes()[victim], signal.SIGKILL)
            code = process.wait(RUN_SECONDS)
        return subprocess.CompletedProcess(command, code, output.read_text(), "")

    @contextmanager
    def up(self, *options: str) -> Iterator[tuple[str, str]]:
        """``up`` until all is done, with the web UI's address and password; then Ctrl-C."""
        output = self.folder / "up.log"
        with output.open("w") as log:
            command = [sys.executable, "-u", "-m", "laptop", "up", *options]
            process = subprocess.Popen(command, env=self.environment, cwd=REPOSITORY, stdout=log, stderr=log)
            try:
                deadline = time.monotonic() + RUN_SECONDS
                while "The web UI stays on" not in output.read_text():
                    assert process.poll() is None, output.read_text()
                    assert time.monotonic() < deadline, output.read_text()
                    time.sleep(0.2)
                shown = re.search(r"(http://\S+)   user admin   password (\S+)", output.read_text())
                assert shown
                yield shown[1], shown[2]
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(120)
        assert process.returncode == 130
        assert self.still_running() == []

    def processes(self) -> dict[str, int]:
        """What it has started, by name."""
        from laptop.processes import Processes

        return Processes(self.state).leftovers()

    def still_running(self) -> list[str]:
        """Command lines of processes that work in the state folder or name it."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            line = " ".join(process.info["cmdline"] or [])
            if str(self.state) in line or str(process.info["cwd"] or "").startswith(str(self.state)):
                found.append(line)
        return found

    @contextmanager
    def warehouse(self) -> Iterator[Any]:
        """A cursor on the warehouse of the run that has ended; what it changes is committed."""
        ports = {"aws": "AWS_PORT", "s3": "S3_PORT", "redshift": "REDSHIFT_PORT"}
        from local_aws.stack import Ports

        chosen = Ports(**{name: int(self.ports[variable]) for name, variable in ports.items()})
        with AwsProcess(self.state / "aws", chosen) as aws, pytest.MonkeyPatch.context() as patch:
            for name, value in aws.environment().items():
                patch.setenv(name, value)
            with closing(connect(settings.load(self.cfg))) as connection, connection, connection.cursor() as cursor:
                yield cursor

    def left(self) -> Left:
        """What the run that has ended left in the warehouse."""
        with self.warehouse() as cursor:
            tables = rows_of_every_table(cursor)
            tables.pop("load_ledger", None)
            cursor.execute("SELECT table_name, load_month::text, status, copy_query_id FROM load_status")
            return Left(tables, {(name, month): (status, copy) for name, month, status, copy in cursor.fetchall()})


def rows_of_every_table(cursor: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What the warehouse holds: the rows of each table, in the order of their texts."""
    cursor.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r'"
    )
    return {name: _rows(cursor, name) for (name,) in cursor.fetchall()}


def _rows(cursor: Any, name: str) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {name}")  # noqa: S608
    return sorted(cursor.fetchall(), key=repr)
