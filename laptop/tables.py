"""What a run leaves in Redshift, as text: the ledger, and the first rows of each fact table."""

from __future__ import annotations

from typing import Any, Sequence

from psycopg2 import sql

from warehouse.catalog import FACTS

_LEDGER = """
SELECT TO_CHAR(load_month, 'YYYY-MM') AS month, table_name, status, records, loaded, refused, copy_query_id AS copy
FROM load_status
ORDER BY load_month, status = 'built', table_name
"""
_FACT_TABLES = "SELECT DISTINCT table_name FROM load_status WHERE status = 'built' ORDER BY table_name"
_WIDEST = 36


def ledger(cursor: Any) -> str:
    """The newest row of the ledger for each table and month."""
    cursor.execute(_LEDGER)
    return grid(cursor)


def facts(cursor: Any, rows: int = 3) -> str:
    """How many rows each fact has, and the first ones of the first degree that has it."""
    cursor.execute(_FACT_TABLES)
    built = [name for (name,) in cursor.fetchall()]
    tables = {fact.name: [name for name in built if name.endswith(f"_{fact.name}")] for fact in FACTS}
    return "\n\n".join(_fact(cursor, fact, names, rows) for fact, names in tables.items())


def _fact(cursor: Any, fact: str, names: Sequence[str], rows: int) -> str:
    if not names:
        return f"{fact}: not built for any degree"
    total = 0
    for name in names:
        cursor.execute(sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(name)))
        total += cursor.fetchone()[0]
    first = sql.Identifier(names[0])
    cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY load_month, 1 LIMIT {}").format(first, sql.Literal(rows)))
    return f"{fact}: {total} rows of {len(names)} degrees; the first of {names[0]}:\n{grid(cursor)}"


def grid(cursor: Any) -> str:
    """The rows that a query gives, below the names of its columns; long values are cut."""
    head = [column.name for column in cursor.description]
    body = [[_cell(value) for value in row] for row in cursor.fetchall()]
    widths = [max(map(len, column)) for column in zip(head, *body)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [head, *body])


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("\n", " ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
