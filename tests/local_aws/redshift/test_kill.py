"""The endpoint's process is killed in the middle of a COPY."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from local_aws.ports import free_port

from .conftest import PASSWORD, USER, copy, execute

# An endpoint whose S3 never comes to an end, in a process that can be killed.
SERVER = f"""
import sys, time
from pathlib import Path
from local_aws.redshift import cluster
from local_aws.redshift.endpoint import Endpoint

class S3:
    def get_paginator(self, name): return self
    def paginate(self, **_): return [{{"Contents": [{{"Key": "x", "Size": 1}}]}}]
    def get_object(self, **_): return {{"Body": self}}
    def close(self): pass
    def read(self, size):
        time.sleep(0.01)
        return b"1,x\\n" * 100

postgres = cluster.postgres_for(Path(sys.argv[1]))
postgres.start()
endpoint = Endpoint(postgres, port=int(sys.argv[2]), s3_client=S3, authorize=lambda *_: None)
endpoint.start()
endpoint.create_cluster_database("dev", "{USER}", "{PASSWORD}")
print("ready", flush=True)
sys.stdin.read()
endpoint.stop()
postgres.stop()
"""


@contextlib.contextmanager
def served(state: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVER, str(state), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def connect(port: int) -> psycopg2.extensions.connection:
    return psycopg2.connect(host="127.0.0.1", port=port, dbname="dev", user=USER, password=PASSWORD)


def test_what_was_committed_stays_and_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, port) as first, contextlib.closing(connect(port)) as connection:
        execute(connection, "CREATE TABLE t (a INT, b VARCHAR(5))")
        execute(connection, "INSERT INTO t VALUES (7, 'kept')")
        connection.commit()
        watcher = connect(port)
        watcher.autocommit = True
        loading = threading.Thread(target=kill_when_loading, args=(first, watcher))
        loading.start()
        with pytest.raises(psycopg2.OperationalError):
            execute(connection, copy("t", "s3://b/x"))
        loading.join()
        watcher.close()
    with served(tmp_path, port) as second:
        with contextlib.closing(connect(port)) as connection:
            assert execute(connection, "SELECT * FROM t") == [(7, "kept")]
            assert execute(connection, "SELECT status FROM sys_load_history") == [("aborted",)]
            execute(connection, "DROP TABLE t")  # no dead session holds a lock
        second.communicate()
    assert second.returncode == 0


def kill_when_loading(process: subprocess.Popen[str], watcher: psycopg2.extensions.connection) -> None:
    while execute(watcher, "SELECT status FROM sys_load_history") != [("running",)]:
        pass
    process.send_signal(signal.SIGKILL)
