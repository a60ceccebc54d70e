"""Runs a conformance case on a database: the local endpoint, or a real cluster."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import psycopg2

from .case import Case, Step, filled, filled_in, made_bytes

WAIT_SECONDS = 0.7
END_SECONDS = 30.0
# By psycopg2's type codes, which are PostgreSQL's and Redshift's numbers of types.
TYPES = {
    **{16: "bool", 17: "bytea", 20: "int8", 21: "int2", 23: "int4", 25: "text", 700: "float4", 701: "float8"},
    **{1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz"},
    **{1266: "timetz", 1700: "numeric", 6551: "varbyte", 19: "name", 26: "oid", 18: "char"},
}


@dataclass(frozen=True)
class Target:
    """A database to run cases on, with a bucket and a role to load from where there are."""

    dsn: dict[str, Any]
    local: bool
    s3: Any = None
    bucket: str = ""
    role: str = ""


@dataclass
class Outcome:
    """What came of one statement."""

    rows: list[list[Any]] | None = None
    columns: list[str] | None = None
    types: list[str] | None = None
    error: str | None = None
    notices: tuple[str, ...] = ()


class Run:
    """One case on one target, with its sessions."""

    def __init__(self, target: Target, case: Case, schema: str) -> None:
        self._target = target
        self._case = case
        self._values = {"schema": schema, "s3": f"s3://{target.bucket}/{schema}", "role": target.role}
        self._connections: dict[str, Any] = {}
        self._waiting: dict[str, tuple[threading.Thread, list[Outcome]]] = {}

    def run(self) -> None:
        """Run every step; raises AssertionError for the first that ends otherwise than the case says."""
        keys = [f"{self._values['schema']}/{key}" for key in self._case.files]
        try:
            for key, piece in zip(keys, self._case.files.values()):
                body = made_bytes(piece, self._values)
                self._target.s3.put_object(Bucket=self._target.bucket, Key=key, Body=body)
            for number, step in enumerate(self._case.steps, 1):
                self._step(number, step)
        finally:
            self._clean(keys)

    def _clean(self, keys: list[str]) -> None:
        for connection in self._connections.values():
            connection.close()
        for thread, _ in self._waiting.values():
            thread.join(END_SECONDS)
        with closing(self._connected({})) as connection:
            outcome(connection, f"DROP SCHEMA IF EXISTS {self._values['schema']} CASCADE")
            for statement in self._case.cleanup:
                found = outcome(connection, filled(statement, self._values))
                assert found.error is None, f"{statement}: {found.error}"
        for key in keys:
            self._target.s3.delete_object(Bucket=self._target.bucket, Key=key)

    def _connected(self, login: dict[str, str]) -> Any:
        connection = psycopg2.connect(**{**self._target.dsn, **login})
        connection.autocommit = True
        return connection

    def _session(self, name: str) -> Any:
        if name not in self._connections:
            schema = self._values["schema"]
            if not self._connections:
                with closing(self._connected({})) as first:
                    outcome(first, f"CREATE SCHEMA {schema}")
            connection = self._connected(self._case.sessions.get(name, {}))
            self._connections[name] = connection
            assert outcome(connection, f"SET search_path TO {schema}").error is None
        return self._connections[name]

    def _step(self, number: int, step: Step) -> None:
        expected = step.here() if self._target.local else step.expected
        if not self._target.local and step.refused is not None:
            return  # nothing is said of Redshift
        connection = self._session(step.session)
        if step.ends:
            thread, found = self._waiting.pop(step.session)
            thread.join(END_SECONDS)
            assert not thread.is_alive(), f"step {number}: {step.session} still waits"
            result = found[0]
        elif step.waits:
            self._begin(step.session, connection, filled(step.sql, self._values))
            return
        else:
            result = outcome(connection, filled(step.sql, self._values))
        where = f"step {number}, {filled(step.sql, self._values)}"
        compare({**{"error": None}, **expected}, result, where, self._values)
        if "load_errors" in expected:
            self._compare_load_errors(connection, expected["load_errors"], where)

    def _begin(self, name: str, connection: Any, sql: str) -> None:
        found: list[Outcome] = []
        thread = threading.Thread(target=lambda: found.append(outcome(connection, sql)), daemon=True)
        thread.start()
        thread.join(WAIT_SECONDS)
        self._waiting[name] = (thread, found)
        assert thread.is_alive(), f"{sql} did not wait: {found}"

    def _compare_load_errors(self, connection: Any, expected: list[dict[str, Any]], where: str) -> None:
        """``expected`` names the columns that matter, row by row."""
        result = outcome(
            connection, "SELECT * FROM stl_load_errors WHERE query = pg_last_copy_id() ORDER BY line_number"
        )
        assert result.error is None, result.error
        assert result.rows is not None
        assert result.columns is not None
        rows = [dict(zip(result.columns, row)) for row in result.rows]
        found = [
            {key: trimmed(row[key]) for key in wanted or row}
            for row, wanted in zip_longest(rows, expected)
            if row is not None
        ]
        assert found == filled_in(expected, self._values), where


def trimmed(value: Any) -> Any:
    """Without the padding of a CHAR column."""
    return value.rstrip(" ") if isinstance(value, str) else value


def compare(expected: dict[str, Any], found: Outcome, where: str, values: dict[str, str]) -> None:
    """Compare what the case names of an outcome."""
    error = expected["error"]
    if error is None:
        assert found.error is None, where
    else:
        sqlstate, _, words = filled(str(error), values).partition(" ")
        assert (found.error or "none").startswith(sqlstate), f"{where}: {found.error}"
        assert words in (found.error or ""), where
    for name in ("rows", "columns", "types"):
        if name in expected:
            wanted = filled_in(expected[name], values)
            assert getattr(found, name) == wanted, where
            assert repr(getattr(found, name)) == repr(wanted), where  # 1 and True and 1.0 are equal, and not the same
    if "notices" in expected:
        assert list(found.notices) == filled_in(expected["notices"], values), where


def outcome(connection: Any, sql: str) -> Outcome:
    """Run one string of SQL."""
    del connection.notices[:]
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            return Outcome(error=f"{error.pgcode} {(error.diag.message_primary or str(error)).strip()}")
        found = Outcome(notices=tuple(map(said, connection.notices)))
        if cursor.description:
            found.rows = [[plain(value) for value in row] for row in cursor.fetchall()]
            found.columns = [column.name for column in cursor.description]
            found.types = [TYPES.get(column.type_code, str(column.type_code)) for column in cursor.description]
        return found


def said(notice: str) -> str:
    """A notice as ``INFO: text``."""
    severity, _, text = notice.partition(":")
    return f"{severity}: {text.strip()}"


def plain(value: Any) -> Any:
    """A value as a case can say it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (dt.datetime, dt.time)):
        return value.isoformat(*([" "] if isinstance(value, dt.datetime) else []))
    return [plain(item) for item in value] if isinstance(value, list) else str(value)
