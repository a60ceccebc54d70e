"""Transactions on Redshift through psycopg2."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Iterable, Sequence, TypeVar

import psycopg2
from psycopg2 import sql

from warehouse.model import MONTH_COLUMN

log = logging.getLogger(__name__)

Cursor = Any  # psycopg2's cursor; its stubs are not installed where Airflow runs
Connect = Callable[[], Any]
T = TypeVar("T")

_SERIALIZABLE_ISOLATION_VIOLATION = "1023"
_ATTEMPTS = 6
_STATEMENT_BYTES = 4_000_000
_STATEMENT_ROWS = 500


def in_transaction(connect: Connect, work: Callable[[Cursor], T], pause: Callable[[float], None] = time.sleep) -> T:
    """Do ``work`` with a cursor in one transaction on a connection of its own, and commit; any error rolls back.

    Redshift ends one of two transactions that read what the other writes with error 1023: that one is tried again, up
    to six times, waiting 1, 2, 4 … seconds (``pause``).
    https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
    """
    for attempt in range(1, _ATTEMPTS + 1):
        connection = connect()
        try:
            with connection, connection.cursor() as cursor:
                return work(cursor)
        except psycopg2.Error as error:
            if attempt == _ATTEMPTS or not _is_serialization_failure(error):
                raise
            log.warning(
                "Redshift ended the transaction (error 1023: a concurrent one won). Try %s follows.", attempt + 1
            )
            pause(2.0 ** (attempt - 1))
        finally:
            connection.close()
    raise AssertionError("unreachable: the last attempt returns or raises")


def lock(cursor: Cursor, *table_names: str) -> None:
    """Keep everybody else off the tables until the transaction ends, who then see all that it did.

    To be the transaction's first statement: then two that read what they both write follow one another, where Redshift
    would end one of them with error 1023. All lock a staging table before the ledger, so that none waits for another in
    a circle. https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
    """
    cursor.execute(sql.SQL("LOCK {}").format(sql.SQL(", ").join(map(sql.Identifier, table_names))))


def count_month(cursor: Cursor, table_name: str, load_month: str) -> int:
    """How many rows of the month the table has."""
    cursor.execute(
        sql.SQL("SELECT COUNT(*) FROM {} WHERE {} = %s").format(
            sql.Identifier(table_name), sql.Identifier(MONTH_COLUMN)
        ),
        (load_month,),
    )
    return int(cursor.fetchone()[0])


def insert_rows(cursor: Cursor, into: sql.Composable, template: str, rows: Iterable[Sequence[object]]) -> int:
    """INSERT many rows with few statements; return how many. ``template`` has a placeholder for each value of a row.

    A statement of Redshift's has at most 16 MB: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html
    """
    batch: list[bytes] = []
    done = size = 0
    row_sql = template.encode()
    head = sql.SQL("INSERT INTO {} VALUES ").format(into).as_string(cursor.connection).encode()
    for row in rows:
        text = cursor.mogrify(row_sql, row)
        if batch and (size + len(text) > _STATEMENT_BYTES or len(batch) == _STATEMENT_ROWS):
            cursor.execute(head + b",".join(batch))
            batch, size = [], 0
        batch.append(text)
        done, size = done + 1, size + len(text)
    if batch:
        cursor.execute(head + b",".join(batch))
    return done


def table_exists(cursor: Cursor, name: str) -> bool:
    """Whether the schema in use has a table or view of that name."""
    cursor.execute(
        "SELECT COUNT(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relname = %s AND n.nspname = CURRENT_SCHEMA()",
        (name,),
    )
    return bool(cursor.fetchone()[0])


def delete_month(cursor: Cursor, table_name: str, load_month: str) -> None:
    """Delete one month's rows."""
    cursor.execute(
        sql.SQL("DELETE FROM {} WHERE {} = %s").format(sql.Identifier(table_name), sql.Identifier(MONTH_COLUMN)),
        (load_month,),
    )


def _is_serialization_failure(error: psycopg2.Error) -> bool:
    return _SERIALIZABLE_ISOLATION_VIOLATION in str(error).split("\n")[0]
