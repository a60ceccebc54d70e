"""Transactions on Redshift through psycopg2."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, TypeVar

import psycopg2
from psycopg2 import sql

from warehouse.model import MONTH_COLUMN

log = logging.getLogger(__name__)

Cursor = Any  # psycopg2's cursor; its stubs are not installed where Airflow runs
Connect = Callable[[], Any]
T = TypeVar("T")

_SERIALIZABLE_ISOLATION_VIOLATION = "1023"
_ATTEMPTS = 6


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
