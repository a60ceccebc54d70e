"""Starting, stopping and taking over a PostgreSQL of our own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from local_aws import postgres as module
from local_aws.ports import PortTaken, check_free, free_port
from local_aws.postgres import Postgres, PostgresFailed, as_unprivileged

Make = Callable[..., Postgres]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    # A private folder of a long name: neither may matter to the server.
    folder = tmp_path / ("long" * 25)
    folder.mkdir(mode=0o700)
    made: list[Postgres] = []

    def make_one(port: int | None = None, **settings: str) -> Postgres:
        server = Postgres(
            folder / "data",
            port=port or free_port(),
            superuser="boss",
            password_file=folder / "password",
            settings=settings,
        )
        made.append(server)
        return server

    yield make_one
    for server in made:
        server.stop()


def ask(server: Postgres, statement: str) -> object:
    with contextlib.closing(server.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def test_data_survives_a_restart_and_settings_hold(make: Make) -> None:
    with make() as server:
        ask(server, "CREATE TABLE kept AS SELECT 'ä' AS x")
        assert stat.S_IMODE(server.password_file.stat().st_mode) == 0o600
        assert not list(Path("/tmp").glob(f".s.PGSQL.{server.port}*"))  # noqa: S108
    with make(work_mem="7MB") as server:
        assert ask(server, "SELECT x FROM kept") == "ä"
        assert ask(server, "SHOW work_mem") == "7MB"
        assert ask(server, "SHOW timezone") == "UTC"
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SHOW fsync") == "on"
        assert ask(server, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(server, "SELECT 'B' < 'a'") is True  # by bytes, as on Redshift
    assert not server.running()


def test_passwords_are_asked_for(make: Make) -> None:
    with make() as server, pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host="127.0.0.1", port=server.port, user="boss", password="wrong", dbname="postgres")  # noqa: S106


def test_the_password_is_on_no_command_line(make: Make) -> None:
    with make() as server:
        assert server._process is not None
        started = psutil.Process(server._process.pid)
        assert server.password not in " ".join(started.cmdline())
        assert server.password not in str(started.environ())


def test_an_orphan_of_a_killed_process_is_ended_first(make: Make) -> None:
    first = make()
    first.start()
    ask(first, "CREATE TABLE kept AS SELECT 1 AS x")
    assert first._process is not None
    orphan = psutil.Process(first._process.pid)
    second = make(first.port)
    second.start()  # the same folder and the same port
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert ask(second, "SELECT x FROM kept") == 1


def test_a_pid_file_of_a_crashed_machine_does_not_matter(make: Make) -> None:
    with make() as server:
        pid_file = server.data_dir / "postmaster.pid"
        text = pid_file.read_text()
    # By now the pid belongs to some other program, which must not be harmed.
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        try:
            pid_file.write_text(text.replace(text.split("\n")[0], str(other.pid), 1))
            with make() as server:
                assert ask(server, "SELECT 1") == 1
            assert other.poll() is None
        finally:
            other.kill()


def test_a_killed_server_loses_nothing(make: Make) -> None:
    server = make()
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1 AS x")
    assert server._process is not None
    for process in [psutil.Process(server._process.pid), *psutil.Process(server._process.pid).children()]:
        process.send_signal(signal.SIGKILL)
    server._process.wait()
    assert not server.running()
    with make() as again:
        assert ask(again, "SELECT x FROM kept") == 1


def test_a_taken_port_is_named(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)) as caught:
            make(port).start()
        assert caught.value.port == port
    check_free(port)


def test_a_failed_start_quotes_the_log(make: Make) -> None:
    with pytest.raises(PostgresFailed, match="no_such_setting"):
        make(no_such_setting="1").start()


def test_a_folder_of_something_else_is_left_alone(make: Make) -> None:
    server = make()
    server.data_dir.mkdir()
    (server.data_dir / "thesis.txt").write_text("mine")
    with pytest.raises(PostgresFailed, match="neither empty"):
        server.start()
    assert (server.data_dir / "thesis.txt").read_text() == "mine"


def test_a_lost_password_is_told(make: Make) -> None:
    with make() as server:
        pass
    server.password_file.unlink()
    with pytest.raises(PostgresFailed, match="password is missing"):
        server.start()


def test_half_an_initdb_is_begun_anew(make: Make) -> None:
    server = make()
    half = server.data_dir.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with server:
        assert ask(server, "SELECT 1") == 1


def test_root_needs_setpriv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(PostgresFailed, match="setpriv"):
        as_unprivileged(["postgres"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert as_unprivileged(["postgres"]) == ["postgres"]


def test_stop_ends_open_transactions(make: Make) -> None:
    server = make()
    server.start()
    with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE lost (x int)")
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 15


def test_programs_below_a_private_folder_can_be_run(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root they run as another user, who could not look into it."""
    package = Path(module.program("initdb")).parents[2]
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for folder in package.parent.glob(f"{package.name}*"):  # its libraries lie beside it
        shutil.copytree(folder, private / folder.name, symlinks=True)
    monkeypatch.setattr(module, "program", lambda name: str(private / package.name / "pginstall" / "bin" / name))
    with make() as server:
        assert ask(server, "SELECT 1") == 1
