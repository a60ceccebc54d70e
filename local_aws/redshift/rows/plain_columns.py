"""For each column of a COPY: which values may go on as they are, and which are rewritten all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.rows import plain_patterns, plain_values, scalars
from local_aws.redshift.rows.columns import BLANKS, Column, Format
from local_aws.redshift.rows.copy_text import date_fields, timestamp_fields
from local_aws.redshift.rows.marks import Flags, Positions
from local_aws.redshift.rows.plain_patterns import Moments
from local_aws.redshift.rows.plain_values import Fields, Plain

FIRST_MILLISECOND = -62_135_596_800_000  # 0001-01-01
LAST_MILLISECOND = 253_402_300_799_999  # 9999-12-31


@dataclass(frozen=True)
class Rewritten:
    """Fields that PostgreSQL cannot read as they stand: where they are among the values, and what stands for them."""

    at: Positions
    texts: list[bytes]
    whole: bool  # else the text is put behind the value


def plain_check(column: Column, form: Format) -> Plain:
    """Return the function that says which values of a column are plain."""
    if column.is_text:
        return _text_check(column, form)
    if column.type in scalars.INTEGERS:
        return plain_values.integers(scalars.INTEGERS[column.type][1])
    if column.type == "numeric":
        return plain_values.decimals(column.length - column.scale, column.scale)
    if column.type in ("float4", "float8"):
        return plain_values.decimals(24, 24)
    if column.type == "bool":
        return plain_values.booleans
    if column.type == "date" and form.date_format in (None, "auto"):
        return plain_values.dates
    if column.type in ("timestamp", "timestamptz") and form.time_format in (None, "auto"):
        return plain_values.timestamps if form.time_format is None else plain_values.iso_timestamps
    return lambda fields: np.zeros(len(fields.size), np.bool_)


def _text_check(column: Column, form: Format) -> Plain:
    def plain(fields: Fields) -> Flags:
        text = fields.text
        good = fields.size <= column.length
        if column.type == "bpchar" and not text.is_ascii:
            wide = np.flatnonzero(text.bytes > 127)
            good &= np.searchsorted(wide, fields.begin) == np.searchsorted(wide, fields.end)
        if form.empty_as_null:
            good &= fields.size > 0
        if form.blanks_as_null:
            good &= ~np.isin(text.first(fields.begin), list(BLANKS))
        if form.trim_blanks:
            good &= ~np.isin(text.first(np.maximum(fields.end - 1, 0)), list(BLANKS))
        return good

    return plain


Rewrite = Callable[[Fields, Flags, Flags, bytes], Rewritten]


def rewriter(column: Column, form: Format) -> Rewrite | None:
    """Return what rewrites values of a column all at once.

    It is given the values, which of them are plain, which are surely not NULL, and a quote to put around a whole one.
    """
    zone = b"Z" if column.type == "timestamptz" else b""
    moments = _moments(column, form)
    if moments:

        def from_moments(fields: Fields, plain: Flags, sure: Flags, quote: bytes) -> Rewritten:
            good, milliseconds = moments(fields)
            at = np.flatnonzero(good & sure)
            texts = date_fields if column.type == "date" else timestamp_fields
            return Rewritten(at, texts(milliseconds[at], quote, zone), whole=True)

        return from_moments
    if not zone:
        return None

    def add_zone(fields: Fields, plain: Flags, sure: Flags, quote: bytes) -> Rewritten:
        at = np.flatnonzero(plain & ~plain_values.ends_in_z(fields))
        return Rewritten(at, [zone] * len(at), whole=False)

    return add_zone


def _moments(column: Column, form: Format) -> Moments | None:
    """Return what reads values as milliseconds since 1970, where a column's have to be read."""
    if column.type not in ("date", "timestamp", "timestamptz"):
        return None
    pattern = form.date_format if column.type == "date" else form.time_format
    if pattern is None or pattern == "auto":
        return None
    if pattern not in scalars.EPOCH_UNITS:
        return plain_patterns.reader(pattern)
    factor = scalars.EPOCH_UNITS[pattern] // 1000

    def from_epoch(fields: Fields) -> tuple[Flags, NDArray[np.int64]]:
        digits, minus = fields.unsigned()
        good, number = plain_values.whole_numbers(digits, 15)
        milliseconds = np.where(minus, -number.astype(np.int64), number.astype(np.int64)) * factor
        return good & (milliseconds >= FIRST_MILLISECOND) & (milliseconds <= LAST_MILLISECOND), milliseconds

    return from_epoch
