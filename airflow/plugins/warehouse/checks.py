"""Quality checks: the catalog's promises as SQL, and what a failed one says.

Kinds are named as Airflow's common-sql operators name them: ``row_count``, ``null_check``, ``unique_check``, ``min``,
``max``, ``accepted_values``, ``relationship``; and ``within_month``: a date lies in the month of its file. NULL passes
every check but ``null_check``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from psycopg2 import sql

from warehouse import ddl
from warehouse.model import MONTH_COLUMN, Check, Source
from warehouse.redshift import Cursor

_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """A check that does not hold: how many rows offend, and up to five of them (the key and the columns checked)."""

    table_name: str
    check: Check
    expected: str
    found: str
    rows: tuple[tuple[Any, ...], ...] = ()

    def __str__(self) -> str:
        """One line with table, check, expected and found, then a line for each row shown."""
        head = (
            f"[{self.check.level}] {self.table_name}: {self.check.name}: expected {self.expected}, found {self.found}"
        )
        return "\n".join([head, *(f"    {', '.join(map(str, row))}" for row in self.rows)])


def run(cursor: Cursor, source: Source, degree: str | None, load_month: str) -> list[Finding]:
    """Run the source's checks on the month's rows (all rows of a dimension); return those that do not hold."""
    findings = (_run_one(cursor, source, check, source.table_name(degree), load_month) for check in source.checks)
    return [finding for finding in findings if finding]


def offending_rows(
    cursor: Cursor, source: Source, degree: str | None, load_month: str, check: Check
) -> list[tuple[Any, ...]]:
    """The rows for which the check does not hold, with all columns of the file. Not for ``row_count``."""
    names = tuple(column.name for column in source.columns)
    scope = {"table": sql.Identifier(source.table_name(degree)), "where": _month(source)}
    if check.kind == "unique_check":
        keys = _columns(check.columns)
        found = sql.SQL(
            "SELECT {names} FROM {table} AS t WHERE {where} AND ({keys}) IN"
            " (SELECT {keys} FROM {table} AS t WHERE {where} GROUP BY {keys} HAVING COUNT(*) > 1)"
        ).format(names=_columns(names), keys=keys, **scope)
    else:
        found = _offending(check, names, scope)
    cursor.execute(found, {"load_month": load_month, "value": check.value})
    return list(cursor.fetchall())


def _run_one(cursor: Cursor, source: Source, check: Check, table_name: str, load_month: str) -> Finding | None:
    scope = {"table": sql.Identifier(table_name), "where": _month(source)}
    values = {"load_month": load_month, "value": check.value}
    if check.kind == "row_count":
        cursor.execute(sql.SQL("SELECT COUNT(*) FROM {table} AS t WHERE {where}").format(**scope), values)
        count = cursor.fetchone()[0]
        return None if count >= check.value else Finding(table_name, check, f"at least {check.value} rows", f"{count}")
    shown = check.columns if check.kind == "unique_check" else tuple(dict.fromkeys(source.key + check.columns))
    offending = _offending(check, shown, scope)
    cursor.execute(sql.SQL("SELECT COUNT(*) FROM ({}) AS offending").format(offending), values)
    count = cursor.fetchone()[0]
    if not count:
        return None
    cursor.execute(sql.SQL("{} ORDER BY {} LIMIT {}").format(offending, _numbers(shown), sql.Literal(_SHOWN)), values)
    return Finding(
        table_name,
        check,
        _EXPECTED[check.kind].format(check=check, columns=", ".join(check.columns)),
        f"{count} rows",
        tuple(cursor.fetchall()),
    )


_EXPECTED = {
    "null_check": "no NULL",
    "unique_check": "every ({columns}) once",
    "min": "at least {check.value}",
    "max": "at most {check.value}",
    "accepted_values": "one of {check.value}",
    "relationship": "every value in {check.reads}",
    "within_month": "a date within the month",
}

_CONDITIONS = {
    "null_check": "t.{column} IS NULL",
    "min": "t.{column} < %(value)s",
    "max": "t.{column} > %(value)s",
    "accepted_values": "t.{column} NOT IN %(value)s",
    "within_month": "(t.{column} < %(load_month)s::DATE OR t.{column} >= DATEADD(month, 1, %(load_month)s::DATE))",
    "relationship": (
        "t.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {other} AS o WHERE o.{other_column} = t.{column})"
    ),
}


def _offending(check: Check, shown: Sequence[str], scope: dict[str, sql.Composable]) -> sql.Composed:
    """The SELECT of the rows that offend, each as the columns ``shown`` (for unique_check: the keys, and how often)."""
    if check.kind == "unique_check":
        columns = ddl.identifiers(check.columns)
        return sql.SQL(
            "SELECT {columns}, COUNT(*) FROM {table} AS t WHERE {where} GROUP BY {columns} HAVING COUNT(*) > 1"
        ).format(columns=columns, **scope)
    other, _, other_column = (check.reads or "").partition(".")
    condition = sql.SQL(_CONDITIONS[check.kind]).format(
        column=sql.Identifier(check.columns[0]), other=sql.Identifier(other), other_column=sql.Identifier(other_column)
    )
    return sql.SQL("SELECT {columns} FROM {table} AS t WHERE {where} AND {condition}").format(
        columns=_columns(shown), condition=condition, **scope
    )


def _columns(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)


def _month(source: Source) -> sql.Composable:
    if not source.monthly:
        return sql.SQL("TRUE")
    return sql.SQL("t.{} = %(load_month)s").format(sql.Identifier(MONTH_COLUMN))


def _numbers(shown: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Literal(number + 1) for number in range(len(shown)))
