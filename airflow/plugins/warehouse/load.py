"""Load one file into its table: one transaction that replaces what an earlier try left."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from warehouse import ddl, ledger, objects, rejects
from warehouse.model import Source, Table
from warehouse.objects import S3Object
from warehouse.redshift import Connect, Cursor, delete_month, in_transaction, lock

log = logging.getLogger(__name__)

# MAXERROR's own limit: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html
_MOST_ERRORS = 100_000
_TRIES_WHILE_CHANGING = 3
_LOAD_FAILED = "Check 'stl_load_errors'"  # in COPY's message when it fails on the data


class Refused(Exception):
    """The file was not loaded and the previous state stays: too many records were refused, or one of a dimension."""


class CopyFailed(Exception):
    """COPY gave up on the data. Its arguments tell which one: the session's id, and a moment by the server's clock."""


@dataclass(frozen=True)
class Order:
    """What is to be loaded: the month's file at ``key`` for ``degree`` (None for a dimension).

    ``load_month`` is day one of the month, ISO; ``role_arn`` and ``region`` are for COPY; ``recorded_by`` goes to the
    ledger.
    """

    source: Source
    degree: str | None
    load_month: str
    bucket: str
    key: str
    role_arn: str
    region: str
    recorded_by: str

    @property
    def table(self) -> Table:
        """The table that is filled."""
        return self.source.table(self.degree)


@dataclass(frozen=True)
class Version:
    """The version of the file that is loaded, with our own count of its records, and the manifest that names it."""

    obj: S3Object
    records: int
    manifest_url: str


@dataclass(frozen=True)
class Loaded:
    """``query_id`` of the COPY, how many rows it loaded, and how many records the file has."""

    query_id: int
    rows: int
    records: int


def load(connect: Connect, s3: objects.S3Client, order: Order) -> Loaded:
    """Load the file; one that is replaced meanwhile is loaded again.

    Raises MissingObject; Refused; ObjectChanged: it was replaced three times while it was being loaded.
    """
    for attempt in range(1, _TRIES_WHILE_CHANGING + 1):
        try:
            return _load(connect, s3, order, look_up(s3, order))
        except objects.ObjectChanged as changed:
            if attempt == _TRIES_WHILE_CHANGING:
                raise
            log.warning("%s: loading the new version", changed)
    raise AssertionError("unreachable: the last attempt returns or raises")


def look_up(s3: objects.S3Client, order: Order) -> Version:
    """Find the file's current version, count its records, write its manifest. Raises MissingObject, ObjectChanged."""
    obj = objects.head(s3, order.bucket, order.key)
    manifest_url = objects.put_manifest(s3, obj, f"{order.table.name}/{order.load_month}")
    return Version(obj, objects.count_records(s3, obj), manifest_url)


def _load(connect: Connect, s3: objects.S3Client, order: Order, version: Version) -> Loaded:
    def replace_unless_changed(cursor: Cursor) -> Loaded:
        loaded = replace(cursor, order, version)
        objects.ensure_unchanged(s3, version.obj)
        return loaded

    try:
        return in_transaction(connect, replace_unless_changed)
    except CopyFailed as failed:
        which = failed.args
        told = in_transaction(connect, lambda cursor: rejects.of_aborted_copy(cursor, *which))
        raise Refused(_too_many(order, version, told)) from failed


def replace(cursor: Cursor, order: Order, version: Version) -> Loaded:
    """COPY into a temporary table, replace the month (or the whole dimension), add the ledger's row. Does not commit.

    The temporary table stands between since COPY cannot fill ``load_month``. DELETE, not TRUNCATE: that would commit.
    Raises Refused: a row of a dimension was refused. CopyFailed: more records were than the catalog allows.
    """
    table, monthly = order.table, order.source.monthly
    lock(cursor, table.name)
    fresh = Table(f"load_{table.name}", order.source.columns)
    cursor.execute(ddl.create_table(fresh, temporary=True))
    loaded = _copy(cursor, fresh.name, order, version)
    if monthly:
        delete_month(cursor, table.name, order.load_month)
    else:
        _refuse_incomplete(cursor, order, version, loaded)
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
    _move(cursor, fresh, order)
    ledger.add(cursor, _entry(order, version, loaded))
    return loaded


def _copy(cursor: Cursor, into: str, order: Order, version: Version) -> Loaded:
    """Run the COPY of the manifest. https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html"""
    cursor.execute("SELECT pg_backend_pid(), SYSDATE")
    session_id, now = cursor.fetchone()
    # COPY fails when the errors reach MAXERROR, not when they exceed it. Of a dimension all errors are wanted.
    limit = order.source.most_refused(version.records) + 1 if order.source.monthly else _MOST_ERRORS
    try:
        cursor.execute(
            sql.SQL(
                "COPY {} FROM %s IAM_ROLE %s REGION %s MANIFEST FORMAT CSV IGNOREHEADER 1"
                " TIMEFORMAT %s DATEFORMAT 'auto' EMPTYASNULL MAXERROR %s COMPUPDATE OFF STATUPDATE OFF"
            ).format(sql.Identifier(into)),
            (version.manifest_url, order.role_arn, order.region, order.source.time_format, min(limit, _MOST_ERRORS)),
        )
    except psycopg2.Error as error:
        if _LOAD_FAILED in str(error):
            raise CopyFailed(session_id, now) from error
        raise
    cursor.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
    query_id, rows = cursor.fetchone()
    return Loaded(query_id, rows, version.records)


def _move(cursor: Cursor, fresh: Table, order: Order) -> None:
    """Move the rows from the temporary table, adding the month where the table has one."""
    month = sql.SQL(", %s::DATE") if order.source.monthly else sql.SQL("")
    cursor.execute(
        sql.SQL("INSERT INTO {table} ({columns}) SELECT {fresh_columns}{month} FROM {fresh}").format(
            table=sql.Identifier(order.table.name),
            columns=ddl.identifiers(tuple(column.name for column in order.table.columns)),
            fresh_columns=ddl.identifiers(tuple(column.name for column in fresh.columns)),
            month=month,
            fresh=sql.Identifier(fresh.name),
        ),
        (order.load_month,) if order.source.monthly else None,
    )
    cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(fresh.name)))


def _refuse_incomplete(cursor: Cursor, order: Order, version: Version, loaded: Loaded) -> None:
    told = rejects.of_copy(cursor, loaded.query_id)
    if told or loaded.rows != version.records:
        raise Refused(
            f"{version.obj.url}: {version.records} records, {loaded.rows} loaded, {len(told)} refused, so"
            f" {order.table.name} keeps its previous rows.\n{rejects.as_text(told)}\n"
            "Mend the file, upload it, then clear this task."
        )


def _too_many(order: Order, version: Version, told: list[rejects.Reject]) -> str:
    source = order.source
    return (
        f"{version.obj.url}: more than {source.most_refused(version.records)} of its {version.records} records were"
        f" refused, so nothing of it was loaded and {order.table.name} keeps its previous rows. The limit stands in"
        f" warehouse/catalog.py: max_refused={source.max_refused}, max_refused_share={source.max_refused_share} of"
        f" {source.name}.\n{rejects.as_text(told)}\nMend the file, upload it, then clear this task with its downstream."
    )


def _entry(order: Order, version: Version, loaded: Loaded) -> ledger.Entry:
    complete = not order.source.monthly  # a dimension with any refused row never comes here
    return ledger.Entry(
        table_name=order.table.name,
        load_month=order.load_month,
        status=ledger.SETTLED if complete else ledger.LOADED,
        recorded_by=order.recorded_by,
        s3_url=version.obj.url,
        etag=version.obj.etag,
        version_id=version.obj.version_id,
        copy_query_id=loaded.query_id,
        records=version.records,
        loaded=loaded.rows,
        refused=0 if complete else None,
    )
