"""``<degree>_<source>_errors``: the one place where refused records wait, whole, until a person has mended them.

Each column of the file stands there as text. A person's edits of them are the mended values; ``raw_record`` keeps what
was in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from psycopg2 import sql

from warehouse import ddl, records, values
from warehouse.model import MONTH_COLUMN, Column, Source, Table
from warehouse.redshift import Cursor, count_month, insert_rows, table_exists
from warehouse.rejects import Reject

# https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html and r_VARBYTE_type.html
TEXT_BYTES = 65_535
_TEXT = f"VARCHAR({TEXT_BYTES})"
RAW = "VARBYTE(16777216)"
# A statement of Redshift's has at most 16 MB, and bytes stand in it as hexadecimal. COPY itself takes 4 MB a record.
_MOST_RAW_BYTES = 7_000_000
EXTRA = "extra_fields"

_TOLD = (
    Column(MONTH_COLUMN, "DATE", "day one of the month of the file", required=True),
    Column(
        "line_number", "BIGINT", "the line that it begins on, the header being 1; below 0: not found", required=True
    ),
    Column("colname", "VARCHAR(512)", "the column at fault; empty: the record as a whole"),
    Column("err_code", "INTEGER", "Redshift's number of the reason; none: a quality check's"),
    Column("err_reason", "VARCHAR(1024)", "the reason"),
    Column("filename", "VARCHAR(2048)", "the file"),
    Column("etag", "VARCHAR(128)", "S3's fingerprint of its version", required=True),
    Column("raw_record", RAW, "the record's bytes as they are in the file; none: not found there, or too large"),
    Column("copy_query_id", "BIGINT", "the COPY that refused it"),
    Column("created_at", "TIMESTAMP DEFAULT SYSDATE", "when it was set aside, UTC"),
)
_GIVEN = tuple(column.name for column in _TOLD[:-1])


@dataclass(frozen=True)
class Row:
    """A row that waits. ``texts`` has one value for each column of the file, None where the record had no such field.

    ``extra`` are the fields beyond the last column, as CSV; ``raw`` the record's bytes, None if it was not found.
    """

    texts: tuple[str | None, ...]
    extra: str | None
    load_month: str
    line_number: int
    colname: str
    err_code: int | None
    err_reason: str
    filename: str
    etag: str
    raw: bytes | None
    copy_query_id: int | None


def name(table_name: str) -> str:
    """The error table of a staging table."""
    return f"{table_name}_errors"


def table(source: Source, degree: str | None) -> Table:
    """Its columns: those of the file as text, ``extra_fields``, then what is known of the record."""
    clash = {column.name for column in source.columns} & {column.name for column in (*_TOLD, Column(EXTRA, "", ""))}
    if clash:
        raise ValueError(
            f"{source.name}: error tables have a column {', '.join(sorted(clash))} of their own: rename it."
        )
    texts = tuple(Column(column.name, _TEXT, column.about) for column in source.columns)
    extra = Column(EXTRA, _TEXT, "fields beyond the last column, as CSV; to be emptied when they are mended")
    return Table(name(source.table_name(degree)), (*texts, extra, *_TOLD), sortkey=(MONTH_COLUMN,))


def row_of(reject: Reject, source: Source, load_month: str, etag: str, query_id: int | None) -> Row:
    """A refused record as a row of the error table: bytes that are no text become U+FFFD, and stay in ``raw``.

    One that is too large to keep (an unclosed quote takes in all that follows) stands there as if it were not found.
    """
    raw, reason = reject.record.raw if reject.record else None, reject.err_reason
    if raw is not None and len(raw) > _MOST_RAW_BYTES:
        reason = f"{reason} (its {len(raw)} bytes are too many to stand here: see the file)"
        raw = None
    nothing: tuple[str | None, ...] = (None,) * len(source.columns)
    texts, extra = split(source, raw) if raw is not None else (nothing, None)
    told = (reject.colname, reject.err_code, reason, reject.filename)
    return Row(texts, extra, load_month, reject.line_number, *told, etag, raw, query_id)


def split(source: Source, raw: bytes) -> tuple[tuple[str | None, ...], str | None]:
    """The texts of a record, one for each column, and its extra fields as CSV."""
    found = [_decode(field) for field in records.fields(raw)]
    width = len(source.columns)
    texts = (*found[:width], *[None] * (width - len(found)))
    return texts, _cut(records.encode(found[width:]).decode("utf-8")) if found[width:] else None


def add(cursor: Cursor, errors: Table, rows: Sequence[Row]) -> None:
    """Insert rows; the table is made when the first one comes."""
    if not rows:
        return
    cursor.execute(ddl.create_table(errors))
    names = tuple(column.name for column in errors.columns[:-1])
    into = sql.SQL("{} ({})").format(sql.Identifier(errors.name), ddl.identifiers(names))
    # Redshift takes no bytes in a statement but as hexadecimal text.
    marks = ["FROM_HEX(%s)" if column == "raw_record" else "%s" for column in names]
    insert_rows(cursor, into, f"({', '.join(marks)})", map(_values, rows))


def read(cursor: Cursor, errors: Table, load_month: str | None = None) -> list[Row]:
    """The rows that wait, of one month or all, in the files' order; none if there is no such table."""
    if not table_exists(cursor, errors.name):
        return []
    width = len(errors.columns) - len(_TOLD)
    columns = [
        sql.SQL("TO_HEX({})" if column.name == "raw_record" else "{}").format(sql.Identifier(column.name))
        for column in errors.columns[:-1]
    ]
    cursor.execute(
        sql.SQL("SELECT {} FROM {} WHERE %s IS NULL OR {} = %s::DATE ORDER BY {}, line_number").format(
            sql.SQL(", ").join(columns), sql.Identifier(errors.name), *[sql.Identifier(MONTH_COLUMN)] * 2
        ),
        (load_month, load_month),
    )
    return [_row(found, width) for found in cursor.fetchall()]


def update(cursor: Cursor, errors: Table, row: Row) -> None:
    """Write a row's texts and extra fields."""
    names = tuple(column.name for column in errors.columns[: len(row.texts) + 1])
    assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in names)
    cursor.execute(
        sql.SQL("UPDATE {} SET {} WHERE {} = %s AND line_number = %s").format(
            sql.Identifier(errors.name), assignments, sql.Identifier(MONTH_COLUMN)
        ),
        (*row.texts, row.extra, row.load_month, row.line_number),
    )


def remove(cursor: Cursor, errors: Table, load_month: str, lines: Sequence[int]) -> None:
    """Delete rows by the lines of their records."""
    for begin in range(0, len(lines), 1000):
        cursor.execute(
            sql.SQL("DELETE FROM {} WHERE {} = %s AND line_number IN %s").format(
                sql.Identifier(errors.name), sql.Identifier(MONTH_COLUMN)
            ),
            (load_month, tuple(lines[begin : begin + 1000])),
        )


def drop_if_empty(cursor: Cursor, errors: Table) -> bool:
    """Drop the table if nothing waits in it, of no month; return whether it is gone."""
    if not table_exists(cursor, errors.name):
        return True
    cursor.execute(sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(errors.name)))
    if cursor.fetchone()[0]:
        return False
    cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(errors.name)))
    return True


def waiting(cursor: Cursor, errors_name: str, load_month: str) -> int:
    """How many rows of the month wait."""
    return count_month(cursor, errors_name, load_month) if table_exists(cursor, errors_name) else 0


def _values(row: Row) -> tuple[object, ...]:
    told = (row.load_month, row.line_number, row.colname, row.err_code, row.err_reason, row.filename, row.etag)
    raw = row.raw.hex() if row.raw is not None else None
    return (*row.texts, row.extra, *told, raw, row.copy_query_id)


def _row(found: Sequence[object], width: int) -> Row:
    texts, extra, told = found[: width - 1], found[width - 1], dict(zip(_GIVEN, found[width:]))
    raw = told.pop("raw_record")
    load_month = str(told.pop(MONTH_COLUMN))
    return Row(
        texts=tuple(texts),  # type: ignore[arg-type]  # VARCHAR
        extra=extra,  # type: ignore[arg-type]
        load_month=load_month,
        raw=bytes.fromhex(str(raw)) if raw is not None else None,
        **told,  # type: ignore[arg-type]
    )


def _decode(field: bytes) -> str:
    return _cut(field.decode("utf-8", "replace").replace("\0", values.REPLACEMENT))


def _cut(text: str) -> str:
    """Text within its column; ``raw_record`` has the whole."""
    raw = text.encode("utf-8")
    return text if len(raw) <= TEXT_BYTES else raw[:TEXT_BYTES].decode("utf-8", "ignore")
