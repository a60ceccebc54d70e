"""Tables as Redshift SQL."""

from __future__ import annotations

from psycopg2 import sql

from warehouse.model import Column, Table


def create_table(table: Table, temporary: bool = False) -> sql.Composed:
    """CREATE TABLE IF NOT EXISTS, with keys (informational on Redshift), distribution and sort order.

    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
    """
    parts = [_column(column) for column in table.columns]
    if table.key:
        parts.append(sql.SQL("PRIMARY KEY ({})").format(identifiers(table.key)))
    return sql.SQL("CREATE {kind}TABLE IF NOT EXISTS {name} (\n    {parts}\n) {attributes}").format(
        kind=sql.SQL("TEMP " if temporary else ""),
        name=sql.Identifier(table.name),
        parts=sql.SQL(",\n    ").join(parts),
        attributes=_attributes(table),
    )


def identifiers(names: tuple[str, ...]) -> sql.Composed:
    """The names quoted, with commas between."""
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _column(column: Column) -> sql.Composed:
    required = sql.SQL(" NOT NULL" if column.required else "")
    return sql.SQL("{} {}{}").format(sql.Identifier(column.name), sql.SQL(column.type), required)


def _attributes(table: Table) -> sql.Composed:
    distribution = sql.Composed([sql.SQL("DISTSTYLE ALL")])
    if table.distkey:
        distribution = sql.SQL("DISTSTYLE KEY DISTKEY ({})").format(sql.Identifier(table.distkey))
    if not table.sortkey:
        return distribution
    return sql.SQL("{} COMPOUND SORTKEY ({})").format(distribution, identifiers(table.sortkey))
