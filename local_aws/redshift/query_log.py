"""The queries that ran, for STL_QUERY: noted in memory when they end, and written a moment later or when they are read.

Nothing waits for this: a query costs no more for being noted, and what a crash takes away is a piece of a log.
"""

from __future__ import annotations

import logging
import re
import threading
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
INSERT INTO pg_local.query_log (query, userid, pid, querytxt, starttime, endtime, aborted)
SELECT coalesce(query, nextval('pg_local.query_id')), (SELECT oid FROM pg_roles WHERE rolname = username), pid,
       querytxt, starttime, endtime, aborted
FROM (VALUES %s) AS ran (query, username, pid, querytxt, starttime, endtime, aborted)
"""
_FORGET = "DELETE FROM pg_local.query_log WHERE query < (SELECT max(query) - %s FROM pg_local.query_log)"
_ROW = "(%s::int, %s, %s::int, %s, %s::timestamp, %s::timestamp, %s::int)"


def now() -> datetime:
    """The time as the system tables tell it: UTC."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class Ran:
    """A string of SQL that has ended, and whose it was; a COPY has its number already."""

    database: str
    user: str
    pid: int
    sql: str
    started: datetime
    ended: datetime
    aborted: bool
    query_id: int | None = None


class QueryLog:
    """Takes notes of all sessions, and writes them in a thread of its own."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._noted: list[Ran] = []
        self._noting = threading.Lock()
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

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
            (ran.query_id, ran.user, ran.pid, ran.sql.replace("\0", ""), ran.started, ran.ended, int(ran.aborted))
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
