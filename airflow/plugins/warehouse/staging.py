"""Rows of one month in a staging table, as values: put in, taken out, and read."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Iterator, Sequence

from psycopg2 import sql

from warehouse import ddl
from warehouse.model import MONTH_COLUMN, Source
from warehouse.redshift import Cursor, insert_rows

Values = Sequence[object]  # one for each column of the file, as psycopg2 gives them


def insert(cursor: Cursor, source: Source, table_name: str, load_month: str, rows: Iterable[Values]) -> int:
    """Add rows; return how many."""
    names = tuple(column.name for column in source.table().columns)
    into = sql.SQL("{} ({})").format(sql.Identifier(table_name), ddl.identifiers(names))
    return insert_rows(cursor, into, f"({', '.join(['%s'] * len(names))})", ((*row, load_month) for row in rows))


def take_out(cursor: Cursor, source: Source, table_name: str, load_month: str, rows: Iterable[Values]) -> int:
    """Take one row out for each of ``rows``; return how many were there. Equal ones beyond that number stay."""
    taken = 0
    for row, count in Counter(map(tuple, rows)).items():
        conditions = [
            sql.SQL("{} IS NULL" if value is None else "{} = %s").format(sql.Identifier(column.name))
            for column, value in zip(source.columns, row)
        ]
        cursor.execute(
            sql.SQL("DELETE FROM {} WHERE {} = %s AND {}").format(
                sql.Identifier(table_name), sql.Identifier(MONTH_COLUMN), sql.SQL(" AND ").join(conditions)
            ),
            (load_month, *(value for value in row if value is not None)),
        )
        found = cursor.rowcount
        # SQL cannot tell equal rows apart: all go, and those that are to stay come again.
        insert(cursor, source, table_name, load_month, [row] * max(0, found - count))
        taken += min(found, count)
    return taken


def read(cursor: Cursor, source: Source, table_name: str, load_month: str) -> Iterator[tuple[object, ...]]:
    """Yield the month's rows, without the month."""
    columns = ddl.identifiers(tuple(column.name for column in source.columns))
    cursor.execute(
        sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
            columns, sql.Identifier(table_name), sql.Identifier(MONTH_COLUMN)
        ),
        (load_month,),
    )
    yield from cursor
