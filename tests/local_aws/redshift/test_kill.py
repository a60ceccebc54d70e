"""In the middle of a COPY the endpoint is killed, or PostgreSQL, or S3 falls silent or breaks off."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import psutil
import psycopg2
import pytest
from botocore.config import Config

from local_aws.ports import free_port
from local_aws.redshift.endpoint import Endpoint
from local_aws.stack import s3_client_config

from .conftest import PASSWORD, USER, Database, copy, execute

# An endpoint whose S3 never comes to an end, in a process that can be killed.
SERVER = f"""
import sys, time
from pathlib import Path
from local_aws.redshift.system import cluster
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


def when_loading(watcher: psycopg2.extensions.connection, then: Callable[[], object]) -> threading.Thread:
    """Do something as soon as the COPY runs."""

    def wait() -> None:
        while execute(watcher, "SELECT status FROM sys_load_history WHERE status = 'running'") != [("running",)]:
            pass
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def connect_soon(port: int) -> psycopg2.extensions.connection:
    """Connect once PostgreSQL has recovered, which takes it a moment."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return connect(port)
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def postmaster_of(process: subprocess.Popen[str]) -> psutil.Process:
    (found,) = [child for child in psutil.Process(process.pid).children() if child.name().startswith("postgres")]
    return found


@pytest.mark.parametrize("whole", [False, True], ids=["the session's process", "the whole server"])
def test_postgres_is_killed(tmp_path: Path, whole: bool) -> None:
    port = free_port()
    with served(tmp_path, port) as first, contextlib.closing(connect(port)) as connection:
        execute(connection, "CREATE TABLE t (a INT, b VARCHAR(5))")
        execute(connection, "INSERT INTO t VALUES (7, 'kept')")
        connection.commit()
        ((backend,),) = execute(connection, "SELECT pg_backend_pid()")
        victim = postmaster_of(first).pid if whole else backend
        watcher = connect(port)
        watcher.autocommit = True
        killing = when_loading(watcher, lambda: os.kill(victim, signal.SIGKILL))
        with pytest.raises(psycopg2.Error, match=r"PostgreSQL closed the connection|terminating connection"):
            execute(connection, copy("t", "s3://b/x"))
        killing.join()
        watcher.close()
        if whole:
            with pytest.raises(psycopg2.OperationalError, match="PostgreSQL does not answer"):
                connect(port)
            first.kill()
        else:
            with contextlib.closing(connect_soon(port)) as after:
                assert execute(after, "SELECT * FROM t") == [(7, "kept")]
                assert execute(after, "SELECT status FROM sys_load_history") == [("aborted",)]
                execute(after, "DROP TABLE t")  # no dead session holds a lock
            first.communicate()
    if whole:
        with served(tmp_path, port) as second:
            with contextlib.closing(connect(port)) as connection:
                assert execute(connection, "SELECT * FROM t") == [(7, "kept")]
                execute(connection, "DROP TABLE t")
            second.communicate()


LISTING = (
    b"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>x</Key>"
    b"<Size>1000</Size></Contents></ListBucketResult>"
)
LIST_ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(LISTING), LISTING)
HALF_AN_OBJECT = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n1,x\n2,y\n"


@contextlib.contextmanager
def faulty_s3(listing: bytes, body: bytes, silent: bool) -> Iterator[int]:
    """An S3 that gives a listing and the beginning of an object; then it is silent, or breaks the connection off."""
    open_connections: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end of the test
            while True:
                client, _ = listener.accept()
                open_connections.append(client)
                request = client.recv(65536)
                client.sendall(listing if b"list-type" in request else body)
                if not silent:
                    client.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for client in open_connections:
        client.close()


FAULTS = {
    "no answer at all": (b"", b"", True, "Read timeout"),
    "silence in the middle": (LIST_ANSWER, HALF_AN_OBJECT, True, "[Rr]ead timed? ?out"),
    "the end in the middle": (LIST_ANSWER, HALF_AN_OBJECT, False, "8 (bytes )?read"),
    "no object": (LIST_ANSWER, b"", False, "Connection was closed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_s3_that_fails_ends_the_copy_with_an_error(database: Database, fault: str) -> None:
    listing, body, silent, words = FAULTS[fault]
    with faulty_s3(listing, body, silent) as s3_port:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{s3_port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106
            config=s3_client_config().merge(Config(read_timeout=1)),
        )
        postgres = database.endpoint._postgres
        with Endpoint(postgres, port=free_port(), s3_client=lambda: client, authorize=lambda *_: None) as endpoint:
            here = Database(endpoint, database.name)
            here.run("CREATE TABLE t (a INT, b VARCHAR(5))")
            with here.connect() as connection:
                execute(connection, "INSERT INTO t VALUES (7, 'gone')")
                with pytest.raises(psycopg2.InternalError, match="S3ServiceException") as caught:
                    execute(connection, copy("t", "s3://b/x"))
                connection.rollback()
                assert execute(connection, "SELECT count(*) FROM t") == [(0,)]
            assert here.run("SELECT count(*) FROM t") == [(0,)]
        client.close()
    assert re.search(words, str(caught.value)), str(caught.value)
