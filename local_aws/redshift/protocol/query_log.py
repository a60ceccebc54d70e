"""The queries that run and ran, for STV_INFLIGHT and STL_QUERY: noted in memory, written a moment later or when read.

Nothing waits for this: a query costs no more for being noted, and what a crash takes away is a piece of a log.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone

import psycopg2
from psycopg2.extras import execute_values

from local_aws.postgres import Postgres

WRITE_SECONDS = 0.5
KEEP = 100_000
log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/redshift/latest/dg/r_STL_QUERY.html: queries, and neither DDL nor utilities
_QUERY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:select|with|insert|update|delete|copy|vacuum|analyze|create\s.*\bas\b)\b",
    re.IGNORECASE | re.DOTALL,
)
_INSERT = """
INSERT INTO pg_local.query_log (query, xid, userid, pid, querytxt, starttime, endtime, aborted)
SELECT query, xid, (SELECT oid FROM pg_roles WHERE rolname = username), pid, querytxt, starttime, endtime, aborted
FROM (VALUES %s) AS ran (query, xid, username, pid, querytxt, starttime, endtime, aborted)
"""
_FORGET = "DELETE FROM pg_local.query_log WHERE query < (SELECT max(query) - %s FROM pg_local.query_log)"
_ROW = "(%s::int, %s::int8, %s, %s::int, %s, %s::timestamp, %s::timestamp, %s::int)"
NUMBERS = 1000  # that many at once: the increment of pg_local.query_id


def now() -> datetime:
    """The time as the system tables tell it: UTC."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class Running:
    """What began to run: its number, and that of its transaction, which is the number of the first in it."""

    number: int
    xid: int
    started: datetime


@dataclass(frozen=True)
class Ran:
    """A string of SQL that has ended, and whose it was."""

    database: str
    user: str
    pid: int
    sql: str
    running: Running
    ended: datetime
    aborted: bool


class SessionQueries:
    """What one session runs."""

    def __init__(self, log: QueryLog, database: str, user: str) -> None:
        self._log = log
        self._database = database
        self._user = user
        self._xid = 0

    def begin(self, pid: int) -> Running:
        """Number what begins to run."""
        number = self._log.number(self._database)
        self._xid = self._xid or number
        running = Running(number, self._xid, now())
        self._log.running[pid] = self._database, running
        return running

    def end(self, pid: int, sql: str, running: Running, *, failed: bool) -> None:
        """Note what ran."""
        self._log.running.pop(pid, None)
        self._log.note(Ran(self._database, self._user, pid, sql, running, now(), failed))

    def abandon(self, pid: int) -> None:
        """The session is over: nothing of it runs any longer."""
        self._log.running.pop(pid, None)

    def end_transaction(self) -> None:
        """What begins from now on is another transaction's."""
        self._xid = 0

    def before(self, sql: str) -> None:
        """Bring up to date what the SQL, which is about to run, will ask for."""
        text = sql.lower()
        if "stl_query" in text:
            self._log.write()
        if "stv_inflight" in text:
            self._log.show_running(self._database)
        if "database" in text:
            self._log.forget_numbers()


class QueryLog:
    """Numbers the queries of all sessions, takes notes of them, and writes these in a thread of its own."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._numbers: dict[str, Iterator[int]] = {}
        self._numbering = threading.Lock()
        self.running: dict[int, tuple[str, Running]] = {}
        self._noted: list[Ran] = []
        self._noting = threading.Lock()
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def number(self, database: str) -> int:
        """Return the next number; raises ConnectionError if PostgreSQL is gone."""
        with self._numbering:
            found = next(self._numbers.get(database, iter(())), None)
            if found is None:
                self._numbers[database] = numbers = iter(self._reserve(database))
                found = next(numbers)
            return found

    def _reserve(self, database: str) -> range:
        try:
            with closing(self._postgres.connect(database)) as connection, connection, connection.cursor() as cursor:
                cursor.execute("SELECT nextval('pg_local.query_id')")
                ((first,),) = cursor.fetchall()
        except psycopg2.OperationalError as error:
            raise ConnectionError(f"no query number for database {database}: {error}") from error
        return range(first, first + NUMBERS)

    def forget_numbers(self) -> None:
        """A database may be dropped and made anew, and then begins with the first number again."""
        with self._numbering:
            self._numbers.clear()

    def show_running(self, database: str) -> None:
        """Write what runs in a database at this moment, for STV_INFLIGHT."""
        rows = [(pid, run.number, run.xid) for pid, (where, run) in tuple(self.running.items()) if where == database]
        with closing(self._postgres.connect(database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            # One writer at a time, while transactions that have read it may still be open.
            cursor.execute("LOCK pg_local.running IN SHARE ROW EXCLUSIVE MODE; DELETE FROM pg_local.running")
            execute_values(cursor, "INSERT INTO pg_local.running (pid, query, xid) VALUES %s", rows)

    def start(self) -> None:
        """Begin to write."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="redshift-query-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None

    def note(self, ran: Ran) -> None:
        """Note a string of SQL, if there is a query in it."""
        if _QUERY.match(ran.sql):
            with self._noting:
                self._noted.append(ran)

    def write(self) -> None:
        """Write what was noted up to now."""
        with self._writing:
            with self._noting:
                noted, self._noted = self._noted, []
            for database in {ran.database for ran in noted}:
                self._write_to(database, [ran for ran in noted if ran.database == database])

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_SECONDS):
            self.write()
        self.write()

    def _write_to(self, database: str, noted: list[Ran]) -> None:
        rows = [
            (
                *(ran.running.number, ran.running.xid, ran.user, ran.pid, ran.sql.replace("\0", "")),
                *(ran.running.started, ran.ended, int(ran.aborted)),
            )
            for ran in noted
        ]
        try:
            with closing(self._postgres.connect(database)) as connection, connection, connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")
                execute_values(cursor, _INSERT, rows, template=_ROW, page_size=1000)
                cursor.execute(_FORGET, (KEEP,))
        except psycopg2.Error as error:
            # The database was dropped, or PostgreSQL is gone: a log must not end the sessions that it is about.
            log.warning("%s queries of database %s are missing in stl_query: %s", len(noted), database, error)
