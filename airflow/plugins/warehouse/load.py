"""Load one file into its table: the statements of the one transaction that replaces what an earlier try left."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2 import sql

from warehouse import ddl, ledger, rejects
from warehouse.model import Source, Table
from warehouse.objects import S3Object
from warehouse.redshift import Cursor, delete_month

MAX_REFUSED = 100_000  # the most that COPY takes: at this many refused rows the load fails as a whole


class DimensionRefused(Exception):
    """Redshift refused rows of a dimension: nothing of it was replaced."""


@dataclass(frozen=True)
class Load:
    """What is to be loaded: ``obj`` into the table of ``source`` for ``degree`` (None for a dimension).

    ``load_month`` is day one of the month, ISO; ``records`` the records counted in that version of the object;
    ``role_arn`` and ``region`` are for COPY; ``recorded_by`` goes to the ledger.
    """

    source: Source
    degree: str | None
    load_month: str
    obj: S3Object
    manifest_url: str
    records: int
    role_arn: str
    region: str
    recorded_by: str

    @property
    def table(self) -> Table:
        """The table that is filled."""
        return self.source.table(self.degree)


@dataclass(frozen=True)
class Loaded:
    """``query_id`` of the COPY, and how many rows it loaded."""

    query_id: int
    rows: int


def replace(cursor: Cursor, load: Load) -> Loaded:
    """COPY into a temporary table, replace the month (or the whole dimension), add the ledger's row. Does not commit.

    The temporary table stands between since COPY cannot fill ``load_month``. DELETE, not TRUNCATE: that would commit.

    Raises DimensionRefused: a row of a dimension was refused; the message names the rows.
    """
    fresh = Table(f"load_{load.table.name}", load.source.columns)
    cursor.execute(ddl.create_table(fresh, temporary=True))
    loaded = copy(cursor, fresh.name, load)
    if load.source.monthly:
        delete_month(cursor, load.table.name, load.load_month)
    else:
        _refuse_incomplete(cursor, load, loaded)
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(load.table.name)))
    _move(cursor, fresh, load)
    ledger.add(cursor, _entry(load, loaded))
    return loaded


def copy(cursor: Cursor, into: str, load: Load) -> Loaded:
    """Run the COPY of the load's manifest. https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html"""
    cursor.execute(
        sql.SQL(
            "COPY {} FROM %s IAM_ROLE %s REGION %s MANIFEST FORMAT CSV IGNOREHEADER 1"
            " TIMEFORMAT %s DATEFORMAT 'auto' EMPTYASNULL MAXERROR %s COMPUPDATE OFF STATUPDATE OFF"
        ).format(sql.Identifier(into)),
        (load.manifest_url, load.role_arn, load.region, load.source.time_format, MAX_REFUSED),
    )
    cursor.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
    return Loaded(*cursor.fetchone())


def _move(cursor: Cursor, fresh: Table, load: Load) -> None:
    """Move the rows from the temporary table, adding the month where the table has one."""
    columns = tuple(column.name for column in fresh.columns)
    month = sql.SQL(", %s::DATE") if load.source.monthly else sql.SQL("")
    cursor.execute(
        sql.SQL("INSERT INTO {table} ({columns}) SELECT {fresh_columns}{month} FROM {fresh}").format(
            table=sql.Identifier(load.table.name),
            columns=ddl.identifiers(tuple(column.name for column in load.table.columns)),
            fresh_columns=ddl.identifiers(columns),
            month=month,
            fresh=sql.Identifier(fresh.name),
        ),
        (load.load_month,) if load.source.monthly else None,
    )
    cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(fresh.name)))


def _refuse_incomplete(cursor: Cursor, load: Load, loaded: Loaded) -> None:
    errors = rejects.of_copy(cursor, loaded.query_id)
    if errors or loaded.rows != load.records:
        raise DimensionRefused(
            f"{load.obj.url}: {load.records} records, {loaded.rows} loaded, {len(errors)} refused, so {load.table.name}"
            f" keeps its previous rows.\n{rejects.as_text(errors)}\nMend the file, upload it, then clear this task."
        )


def _entry(load: Load, loaded: Loaded) -> ledger.Entry:
    complete = not load.source.monthly  # a dimension with any refused row never comes here
    return ledger.Entry(
        table_name=load.table.name,
        load_month=load.load_month,
        status=ledger.SETTLED if complete else ledger.LOADED,
        recorded_by=load.recorded_by,
        s3_url=load.obj.url,
        etag=load.obj.etag,
        version_id=load.obj.version_id,
        copy_query_id=loaded.query_id,
        records=load.records,
        loaded=loaded.rows,
        refused=0 if complete else None,
    )
