"""Build a fact for one degree and month from its SELECT, and note in the ledger what it was built from."""

from __future__ import annotations

import json
from typing import Sequence

from psycopg2 import sql

from warehouse import ddl, ledger
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES, STAGED
from warehouse.model import MONTH_COLUMN, Fact
from warehouse.redshift import Connect, Cursor, delete_month, in_transaction


def tables_read(fact: Fact, degree: str) -> dict[str, str]:
    """The names in the fact's SELECT, and the tables that they mean for this degree."""
    return {name: STAGED[name].table_name(degree) for name in fact.reads}


def build(connect: Connect, fact: Fact, degree: str, load_month: str, recorded_by: str) -> int:
    """Replace the month's rows of the degree's fact table, add the ledger's row, return the rows.

    What the tables read were filled by is looked up before, in a transaction of its own: one that reads the ledger and
    writes it would keep every other from building. A table loaded in between makes the fact count as older than it is.
    """
    reads = tuple(tables_read(fact, degree).values())
    entries = in_transaction(connect, lambda cursor: ledger.status(cursor, reads, load_month))
    sources = json.dumps(ledger.built_from(entries, reads))
    return in_transaction(connect, lambda cursor: _replace(cursor, fact, degree, load_month, recorded_by, sources))


def _replace(cursor: Cursor, fact: Fact, degree: str, load_month: str, recorded_by: str, sources: str) -> int:
    name = fact.table_name(degree)
    delete_month(cursor, name, load_month)
    cursor.execute(_insert(fact, name, tables_read(fact, degree)), {"load_month": load_month})
    rows = int(cursor.rowcount)
    ledger.add(cursor, ledger.Entry(name, load_month, ledger.BUILT, recorded_by, records=rows, built_from=sources))
    return rows


def _insert(fact: Fact, name: str, reads: dict[str, str]) -> sql.Composed:
    columns = tuple(column.name for column in fact.columns)
    select = sql.SQL(fact.select).format(**{key: sql.Identifier(table) for key, table in reads.items()})
    return sql.SQL(
        "INSERT INTO {name} ({columns}, {month})\nSELECT built.*, %(load_month)s::DATE FROM (\n{select}\n) AS built"
    ).format(
        name=sql.Identifier(name), columns=ddl.identifiers(columns), month=sql.Identifier(MONTH_COLUMN), select=select
    )


def expected_tables(degrees: Sequence[str]) -> list[str]:
    """Every table that a month fills from files: the dimensions, and each degree's staging tables."""
    monthly = [source.table_name(degree) for source in SOURCES for degree in degrees]
    return [source.table_name() for source in DIMENSIONS] + monthly


def expected_facts(degrees: Sequence[str]) -> dict[str, list[str]]:
    """Every fact table that a month builds, each with the tables that it reads."""
    return {fact.table_name(degree): list(tables_read(fact, degree).values()) for fact in FACTS for degree in degrees}
