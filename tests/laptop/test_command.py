"""The commands' answers when something is in the way."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from local_aws.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]


def laptop(state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m laptop``."""
    return subprocess.run(
        [sys.executable, "-m", "laptop", *arguments],
        env={**os.environ, "LAPTOP_STATE": str(state), "UDACITY_DWH_CFG": str(state.parent / "x.cfg"), **environment},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def taken_port() -> Iterator[str]:
    """A port that somebody listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield str(holder.getsockname()[1])


def test_status_and_clean_where_nothing_ran(tmp_path: Path) -> None:
    done = laptop(tmp_path / "state", "status")
    assert (done.returncode, done.stdout.split(".")[0]) == (0, "Nothing runs")
    done = laptop(tmp_path / "state", "clean")
    assert done.returncode == 0
    assert "the next run starts from nothing" in done.stdout


def test_clean_deletes_the_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "aws").mkdir(parents=True)
    assert laptop(state, "clean").returncode == 0
    assert not state.exists()


def test_a_second_one_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = laptop(tmp_path, "run")
    assert done.returncode == 2
    assert f"It runs already, on {tmp_path}" in done.stderr


def test_a_port_that_is_taken_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with taken_port() as port:
        done = laptop(tmp_path / "state", "run", REDSHIFT_PORT=port)
    assert done.returncode == 1
    assert f"Port {port} is taken. Choose another one with --redshift-port or REDSHIFT_PORT." in done.stderr


def test_the_web_ui_s_port_is_looked_at_before_anything_starts(tmp_path: Path) -> None:
    with taken_port() as port:
        done = laptop(tmp_path / "state", "up", WEB_PORT=port)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Port {port} is taken. Choose another one: make up WEB_PORT=" in done.stderr


def test_a_dag_that_cannot_be_read_is_shown_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "main_dag.py").write_text("import airflow  # a DAG\nraise ValueError('no such fact')\n")
    shutil.copy(REPOSITORY / "airflow" / "config" / "udacity_dwh.cfg", tmp_path / "x.cfg")
    ports = {name: str(free_port()) for name in ("AWS_PORT", "S3_PORT", "REDSHIFT_PORT")}
    dags = str(tmp_path / "dags")
    done = laptop(tmp_path / "state", "run", LAPTOP_DAGS=dags, LAPTOP_DATA=dags, **ports)
    assert done.returncode == 1
    assert "Airflow cannot read the DAG" in done.stderr
    assert "ValueError: no such fact" in done.stderr


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_make_alone_lists_the_commands() -> None:
    listed = [line.split()[1] for line in make().stdout.splitlines() if line.startswith("  make ")]
    assert {"run", "up", "status", "clean", "test", "lint"} <= set(listed)


def test_without_a_python_that_fits_make_says_so(tmp_path: Path) -> None:
    done = make("run", "PYTHON=", f"VENV={tmp_path}/venv")
    assert done.returncode == 2
    assert "No Python 3.10, 3.11 or 3.12 on PATH" in done.stderr
