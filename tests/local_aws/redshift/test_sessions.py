"""Sessions that go wrong, or that do more than one thing at a time."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest
from botocore.response import StreamingBody

from local_aws.ports import free_port
from local_aws.postgres import Postgres, program
from local_aws.redshift.endpoint import Endpoint
from local_aws.redshift.protocol import wire
from local_aws.redshift.session import shut

from .conftest import ENDLESS, PASSWORD, ROLE, USER, Database, copy, execute

Put = Callable[..., str]


class ScriptedS3:
    """An S3 of one object whose body a test controls."""

    def __init__(self, body: Callable[[], Any]) -> None:
        self._body = body

    def get_paginator(self, name: str) -> ScriptedS3:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": "x", "Size": 1}]}]

    def get_object(self, **_: str) -> dict[str, Any]:
        return {"Body": self._body()}


class SlowBody(io.RawIOBase):
    """Gives one piece, then small ones or silence until it is told to go on, then the rest."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self._pieces: Iterator[bytes] = self._all()

    def _all(self) -> Iterator[bytes]:
        yield b"1,x\n"
        self.reached.set()
        while not self.go_on.wait(None if self._silent else 0.02):
            yield b"2,y\n"
        yield b"3,z\n"

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


@contextlib.contextmanager
def scripted(database: Database, body: Callable[[], Any]) -> Iterator[Database]:
    """The same database behind an endpoint whose S3 is the test's."""
    postgres = database.endpoint._postgres
    s3 = ScriptedS3(body)
    with Endpoint(postgres, port=free_port(), s3_client=lambda: s3, authorize=lambda *_: None) as endpoint:
        yield Database(endpoint, database.name)


@pytest.fixture
def table(database: Database) -> Database:
    database.run("CREATE TABLE t (a INT NOT NULL, b VARCHAR(10))")
    return database


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD}\n")
    file.chmod(0o600)
    return file


def psql_command(database: Database) -> list[str]:
    address = ["-h", "127.0.0.1", "-p", str(database.endpoint.port), "-U", USER, "-d", database.name]
    return [program("psql"), "-XAtq", *address]


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


GARBAGE = [
    b"",
    b"\0",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS without asking first
    struct.pack("!i", 4),
    struct.pack("!i", -1) + b"xxxx",
    struct.pack("!ii", 8, 12345),
    struct.pack("!ii", 9, 196608) + b"x",
    struct.pack("!ii", 20, 196608) + b"user\0\xff\xff\0\0\0\0\0",
    struct.pack("!ii", 1000, 196608) + b"short",
    struct.pack("!iiii", 16, 80877102, 1, 1),  # cancel a session that is not there
]


@pytest.mark.parametrize("data", GARBAGE)
def test_garbage_ends_its_own_session_alone(database: Database, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", database.endpoint.port), timeout=10) as client:
        client.sendall(data)
        shut(client, socket.SHUT_WR)  # it may have been thrown out already
        with contextlib.suppress(ConnectionResetError):
            while client.recv(4096):
                pass  # whatever it says, it must come to an end
    assert database.run("SELECT 1") == [(1,)]


BROKEN_MESSAGES = [
    b"Q" + struct.pack("!i", 3),
    b"Q" + struct.pack("!i", -5) + b"xx",
    b"Q" + struct.pack("!i", 8) + b"abcd",  # no zero byte
    wire.Message(b"Q", b"SELECT '\xff'\0").encode(),
    wire.Message(b"P", b"no zero bytes").encode(),
    wire.Message(b"?", b"x").encode(),
]


@contextlib.contextmanager
def raw_session(database: Database) -> Iterator[socket.socket]:
    """The socket of a session that has logged in."""
    with database.connect() as connection, socket.socket(fileno=os.dup(connection.fileno())) as raw:
        raw.setblocking(True)
        raw.settimeout(15)
        yield raw


@pytest.mark.parametrize("data", BROKEN_MESSAGES)
def test_broken_messages_end_their_own_session_with_an_error(database: Database, data: bytes) -> None:
    with raw_session(database) as raw:
        raw.sendall(data)
        answer = b""
        while piece := raw.recv(4096):
            answer += piece
    assert answer.startswith(b"E")
    assert b"FATAL" in answer
    assert database.run("SELECT 1") == [(1,)]


def kinds(raw: socket.socket, ready: int) -> bytes:
    """Read up to that many ReadyForQuery, and return the types of all messages."""
    buffer, found = wire.MessageBuffer(), b""
    while found.count(b"Z") < ready:
        piece = raw.recv(65536)
        assert piece, f"the session ended after {found!r}"
        buffer.feed(piece)
        found += b"".join(message.kind for message in wire.messages(buffer.take_complete(b"")[0]))
    return found


def test_statements_sent_ahead_are_answered_in_order(table: Database, put: Put) -> None:
    load = wire.query(copy("t", put("x.csv", "1,x\n")))
    refused = wire.query("UNLOAD ('SELECT 1') TO 's3://b/k'")
    with raw_session(table) as raw:
        raw.sendall(wire.query("SELECT 1") + load + refused + load + wire.query("SELECT a FROM t"))
        assert kinds(raw, 5) == b"TDCZ" + b"NCZ" + b"EZ" + b"NCZ" + b"TDDCZ"


def extended(sql: str) -> bytes:
    """Parse, Bind, Execute and Sync of one statement without parameters."""
    messages = (b"P", b"\0" + sql.encode() + b"\0\0\0"), (b"B", bytes(8)), (b"E", bytes(5)), (b"S", b"")
    return b"".join(wire.Message(*message).encode() for message in messages)


def test_the_endpoint_asks_postgres_between_statements_sent_ahead(table: Database) -> None:
    alias = "SELECT 1 AS a, a AS b"
    with raw_session(table) as raw:
        raw.sendall(extended("SELECT 1") + wire.query(alias) + extended(alias) + extended("SELECT 1"))
        assert kinds(raw, 4) == b"12DCZ" + b"TDCZ" + b"12DCZ" + b"12DCZ"
        raw.sendall(extended("SELECT 1").removesuffix(wire.SYNC) + extended(alias))
        assert kinds(raw, 1) == b"12DCEZ"  # it cannot ask before the first one's Sync, and refuses


def test_the_endpoints_own_question_can_be_cancelled(table: Database, passwords: Path) -> None:
    with table.connect() as other:
        execute(other, "LOCK t")
        with psql_running(table, passwords, "SELECT a AS x, x + 1 FROM t") as process:
            until(lambda: execute(other, "SELECT 1 FROM pg_locks WHERE NOT granted") == [(1,)])
            process.send_signal(signal.SIGINT)
            assert "canceling statement due to user request" in process.communicate(timeout=15)[0]


PLACES = [
    ("SELECT NVL(nothing, 1)", "nothing, 1"),
    ("SELECT 1 AS a, a + 1, nothing", "nothing"),
    ("SELECT nothing, 1 AS é, é + 1", "nothing, 1"),
    ("SELECT NVL(1, 2), nothing, NVL(1, 2)", None),  # in the middle of what was changed
    ("SELECT nothing; TRUNCATE t", None),  # run one by one
]


@pytest.mark.parametrize(("sql", "pointed_at"), PLACES)
def test_an_error_points_at_the_clients_own_text(table: Database, sql: str, pointed_at: str | None) -> None:
    connect = {"host": "127.0.0.1", "port": table.endpoint.port, "user": USER, "password": PASSWORD}
    with psycopg.connect(**connect, dbname=table.name, autocommit=True) as connection:
        for prepare in (False, True) if ";" not in sql else (False,):
            with pytest.raises(psycopg.errors.UndefinedColumn) as error:
                connection.execute(sql, prepare=prepare)
            place = error.value.diag.statement_position
            assert (place and sql[int(place) - 1 :]) == (pointed_at and sql[sql.index(pointed_at) :])


def test_the_literal_mode_cannot_be_changed_at_connect(database: Database) -> None:
    with pytest.raises(psycopg2.OperationalError, match="standard_conforming_strings"):
        psycopg2.connect(
            host="127.0.0.1",
            port=database.endpoint.port,
            dbname=database.name,
            user=USER,
            password=PASSWORD,
            options="-c standard_conforming_strings=on",
        )


def test_messages_may_come_byte_by_byte(table: Database) -> None:
    with raw_session(table) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in wire.query("SELECT NVL(NULL, 1)"):
            raw.sendall(bytes([byte]))
        assert kinds(raw, 1) == b"TDCZ"


def test_large_answers_come_through_whole(connection: Any) -> None:
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
    ((count, total),) = execute(connection, f"{numbers} SELECT count(*), sum(i) FROM n")  # noqa: S608
    found = execute(connection, f"{numbers} SELECT i, repeat('x', i % 50) FROM n")  # noqa: S608
    assert (len(found), sum(row[0] for row in found)) == (count, total)
    assert all(len(text) == number % 50 for number, text in found)
    assert len(execute(connection, "SELECT repeat('é', 20000000)")[0][0]) == 20_000_000


@contextlib.contextmanager
def psql_running(database: Database, passwords: Path, statement: str) -> Iterator[subprocess.Popen[str]]:
    """A psql in the middle of a statement: it cancels on SIGINT, from a process that has a GIL of its own."""
    with subprocess.Popen(
        [*psql_command(database), "-c", statement],
        env={**os.environ, "PGPASSFILE": str(passwords)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process


def test_a_query_can_be_cancelled(database: Database, passwords: Path) -> None:
    with psql_running(database, passwords, ENDLESS) as process:
        until(lambda: database.run("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE n%'") == [(1,)])
        process.send_signal(signal.SIGINT)
        assert "canceling statement due to user request" in process.communicate(timeout=15)[0]


SILENCE = pytest.mark.parametrize("silent", [False, True], ids=["S3 is slow", "S3 is silent"])


@SILENCE
def test_a_copy_can_be_cancelled(table: Database, passwords: Path, silent: bool) -> None:
    body = SlowBody(silent=silent)
    with scripted(table, lambda: body) as database:
        with psql_running(database, passwords, copy("t", "s3://b/x")) as process:
            assert body.reached.wait(10)
            process.send_signal(signal.SIGINT)
            assert "canceling statement due to user request" in process.communicate(timeout=15)[0]
        assert database.run("SELECT count(*) FROM t") == [(0,)]
        assert statuses(database) == ["aborted"]
        body.go_on.set()


def test_a_copy_that_still_looks_for_its_objects_can_be_cancelled(
    table: Database, passwords: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def silent(*_: object, **__: str) -> list[dict[str, Any]]:
        asked.set()
        go_on.wait()
        return []

    monkeypatch.setattr(ScriptedS3, "paginate", silent)
    with scripted(table, SlowBody) as database:
        with psql_running(database, passwords, copy("t", "s3://b/x")) as process:
            assert asked.wait(10)
            process.send_signal(signal.SIGINT)
            assert "canceling statement due to user request" in process.communicate(timeout=15)[0]
        assert database.run("SELECT count(*) FROM t") == [(0,)]
        go_on.set()


def vanish_in_copy(database: Database, body: SlowBody, autocommit: bool) -> None:
    """Begin a COPY and drop the connection in the middle of it."""
    with raw_session(database) as raw:
        if not autocommit:
            raw.sendall(wire.query("BEGIN"))
            assert kinds(raw, 1) == b"CZ"
        raw.sendall(wire.query(copy("t", "s3://b/x")))
        assert body.reached.wait(10)
        raw.shutdown(socket.SHUT_RDWR)


def statuses(database: Database) -> list[str]:
    return [status for (status,) in database.run("SELECT status FROM sys_load_history")]


@SILENCE
def test_a_client_that_vanishes_takes_its_transaction_along(table: Database, silent: bool) -> None:
    body = SlowBody(silent=silent)
    with scripted(table, lambda: body) as database:
        vanish_in_copy(database, body, autocommit=False)
        until(lambda: statuses(database) == ["aborted"])
        assert database.run("SELECT count(*) FROM t") == [(0,)]
        database.run("DROP TABLE t")  # no lock of the dead session is left
        body.go_on.set()


def test_a_copy_of_its_own_goes_on_without_its_client(table: Database) -> None:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
    body = SlowBody()
    with scripted(table, lambda: body) as database:
        vanish_in_copy(database, body, autocommit=True)
        body.go_on.set()
        until(lambda: statuses(database) == ["completed"])
        assert database.run("SELECT b FROM t WHERE a = 3") == [("z",)]


def test_half_an_object_is_no_object(table: Database) -> None:
    def half() -> StreamingBody:
        return StreamingBody(io.BytesIO(b"1,x\n2,y\n"), content_length=100)

    with scripted(table, half) as database:
        with pytest.raises(psycopg2.InternalError, match="S3ServiceException") as caught:
            database.run(copy("t", "s3://b/x"))
        assert "8 read, but total bytes expected is 100" in str(caught.value)
        assert database.run("SELECT count(*) FROM t") == [(0,)]
        assert statuses(database) == ["aborted"]


def test_postgres_that_dies_in_a_copy_ends_the_session_alone(table: Database) -> None:
    body = SlowBody()
    with scripted(table, lambda: body) as database, database.connect() as connection:
        process = execute(connection, "SELECT pg_backend_pid()")[0][0]

        def end() -> None:
            body.reached.wait(10)
            with contextlib.closing(database.endpoint._postgres.connect()) as boss:
                boss.autocommit = True
                execute(boss, "SELECT pg_terminate_backend(%s)", process)

        threading.Thread(target=end).start()
        with pytest.raises(psycopg2.Error, match="terminating connection"):
            execute(connection, copy("t", "s3://b/x"))
        assert database.run("SELECT count(*) FROM t") == [(0,)]


def test_a_fault_in_s3s_client_is_told_and_ends_the_session_alone(table: Database) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    with scripted(table, broken) as database, database.connect() as connection:
        with pytest.raises(psycopg2.InternalError, match="the local endpoint failed"):
            execute(connection, copy("t", "s3://b/x"))
        assert database.run("SELECT count(*) FROM t") == [(0,)]


def test_fourteen_sessions_load_at_once(table: Database, put: Put) -> None:
    body = "".join(f"{number},x\n" for number in range(20_000)) + "x,x\n"
    url = put("x.csv", body)

    def load(number: int) -> int:
        with table.connect() as connection:
            execute(connection, "CREATE TEMP TABLE mine (a INT, b VARCHAR(10))")
            execute(connection, copy("mine", url, "CSV MAXERROR 10"))
            execute(connection, "INSERT INTO t SELECT * FROM mine")
            query: int = execute(connection, "SELECT pg_last_copy_id()")[0][0]
            connection.commit()
            return query

    with ThreadPoolExecutor(14) as pool:
        queries = list(pool.map(load, range(14)))
    assert len(set(queries)) == 14
    assert table.run("SELECT count(*) FROM t") == [(280_000,)]
    found = table.run("SELECT query FROM stl_load_errors ORDER BY query")
    assert [query for (query,) in found] == sorted(queries)


@pytest.fixture
def psql(database: Database, passwords: Path) -> Callable[[str], str]:
    """Run a script in psql, whose \\bind uses the extended protocol."""

    def run(script: str) -> str:
        done = subprocess.run(
            psql_command(database),
            input=script,
            env={**os.environ, "PGPASSFILE": str(passwords)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr

    return run


EXTENDED = [
    ("SELECT DATEDIFF(hour, $1, '2019-01-02'::timestamp), NVL(NULL, 2) \\bind '2019-01-01' \\g", "24|2\n"),
    ("SELECT AVG(x) FROM (SELECT $1::int AS x UNION ALL SELECT 2) q \\bind 1 \\g", "1\n"),
    ("UNLOAD ('x') TO 's3://b/k' \\bind \\g", "UNLOAD is not supported by the local endpoint"),
    (f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' CSV \\bind \\g", "Cannot COPY into nonexistent table t"),
    ("TRUNCATE t \\bind \\g\nSELECT 41 + 1;", 'relation "t" does not exist'),
    ("BEGIN;\nUNLOAD ('x') TO 's3://b/k' \\bind \\g\nSELECT 1;", "current transaction is aborted"),
    ("UNLOAD ('x') TO 's3://b/k' \\bind \\g\nSELECT 41 + 1;", "42\n"),
    (
        "\\startpipeline\nSELECT 1/0 \\bind \\sendpipeline\nUNLOAD ('x') \\bind \\sendpipeline\n\\endpipeline",
        "division by zero",
    ),
    (
        "CREATE TABLE t (a INT UNIQUE, b VARCHAR) DISTKEY(a) \\bind \\g\nSELECT character_maximum_length FROM"
        " information_schema.columns WHERE table_name = 't' AND column_name = 'b';",
        "256\n",
    ),
]


@pytest.mark.parametrize(("script", "expected"), EXTENDED)
def test_the_extended_protocol(psql: Callable[[str], str], script: str, expected: str) -> None:
    assert expected in psql(script)


def test_psql_tells_of_tables(psql: Callable[[str], str]) -> None:
    found = psql(
        "CREATE TABLE t (a INT NOT NULL, b VARCHAR(7)) DISTKEY (a);\nCREATE VIEW v AS SELECT a FROM t;\n\\d\n\\d t\n"
    )
    assert found == f"public|t|table|{USER}\npublic|v|view|{USER}\na|integer||not null|\nb|character varying(7)|||\n"


def test_stopping_ends_sessions_and_frees_the_port(table: Database) -> None:
    body = SlowBody()
    with scripted(table, lambda: body) as database, database.connect() as connection:
        port = database.endpoint.port
        failure: list[BaseException] = []

        def load() -> None:
            try:
                execute(connection, copy("t", "s3://b/x"))
            except psycopg2.Error as error:
                failure.append(error)

        loading = threading.Thread(target=load)
        loading.start()
        assert body.reached.wait(10)
        database.endpoint.stop()
        loading.join(10)
        assert failure
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert table.run("SELECT count(*) FROM t") == [(0,)]


def test_query_ids_go_on_and_lost_loads_are_marked_after_a_restart(table: Database, put: Put) -> None:
    table.run(copy("t", put("x.csv", "1,x\n")))
    postgres: Postgres = table.endpoint._postgres
    with contextlib.closing(postgres.connect(table.name)) as boss, boss:
        execute(boss, "UPDATE pg_local.load_history SET status = 'running'")
    with Endpoint(
        postgres, port=free_port(), s3_client=table.endpoint._services.s3_client, authorize=lambda *_: None
    ) as again:
        restarted = Database(again, table.name)
        assert statuses(restarted) == ["aborted"]
        restarted.run(copy("t", put("x.csv", "1,x\n")))
    ids = [query for (query,) in table.run("SELECT query_id FROM sys_load_history ORDER BY 1")]
    assert len(set(ids)) == 2
