"""The table that a COPY loads, as the client's own session sees it: a temporary table is visible there alone."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.redshift.quoting import literal, quoted
from local_aws.redshift.rows.columns import Column
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql_error import INTERNAL_ERROR, UNDEFINED_COLUMN, UNDEFINED_TABLE, SqlError, unsupported

Row = tuple["str | None", ...]


@dataclass(frozen=True)
class Target:
    """The table to load: its id, whose session it is, and the columns in the order of the file's fields."""

    table_id: int
    user_id: int
    database: str
    columns: list[Column]


# One row a column of the table, or none where there is no such table.
_TARGET = """
SELECT a.attrelid, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),
       current_database(), a.attname, t.typname, a.atttypmod, a.attnotnull,
       a.atthasdef, a.attidentity
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def target_query(statement: CopyStatement) -> str:
    """Return the query for ``described_target``."""
    return _TARGET.format(table=literal(table_name(statement)))


def described_target(rows: list[Row], statement: CopyStatement) -> Target:
    """Return the table to load from what the catalog says of it."""
    if not rows:
        raise SqlError(UNDEFINED_TABLE, f"Cannot COPY into nonexistent table {statement.table}")
    table_id, user_id, database = rows[0][:3]
    return Target(
        table_id=int(table_id or 0),
        user_id=int(user_id or 0),
        database=database or "",
        columns=chosen_columns([row[3:] for row in rows], statement),
    )


def chosen_columns(rows: list[Row], statement: CopyStatement) -> list[Column]:
    """Return the columns to load in the order of the fields."""
    columns = {str(row[0]): described_column(row) for row in rows}
    identities = {str(row[0]) for row in rows if row[5]}
    names = statement.columns if statement.columns is not None else tuple(columns)
    for name in names:
        if name not in columns:
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}" of relation "{statement.table}" does not exist')
        if name in identities:
            raise unsupported(f"COPY into the IDENTITY column {name} (leave it out of a column list)")
    for row in rows:
        if row[0] not in names and row[3] == "t" and row[4] != "t" and not row[5]:
            raise SqlError(INTERNAL_ERROR, "NOT NULL column without DEFAULT must be included in column list")
    return [columns[name] for name in names]


def described_column(row: Row) -> Column:
    """Return a column from its row of the catalog; a type modifier holds length plus four, or precision and scale."""
    name, type_name, typmod, not_null = str(row[0]), str(row[1]), int(row[2] or -1), row[3] == "t"
    if type_name == "numeric":
        precision, scale = ((typmod - 4) >> 16, (typmod - 4) & 0x7FF) if typmod >= 4 else (38, 37)
        return Column(name, type_name, precision, scale, not_null)
    return Column(name, type_name, typmod - 4 if typmod >= 4 else 65_535, 0, not_null)


def table_name(statement: CopyStatement) -> str:
    """Return the table's name, quoted."""
    schema = f"{quoted(statement.schema)}." if statement.schema else ""
    return schema + quoted(statement.table)
