"""Errors of PostgreSQL's in Redshift's words, or as refusals where only one of the two knows something.

What is refused before PostgreSQL sees it is in the room sql; here is what only PostgreSQL finds out, and where in the
client's text it found it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import takewhile

from local_aws.redshift.sql_error import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INTERNAL_ERROR,
    UNDEFINED_COLUMN,
    SqlError,
    unsupported,
)

_UNDEFINED_FUNCTION = "42883"
_GENERATED_ALWAYS = "428C9"
_SERIALIZATION_FAILURE = "40001"
# What functions.sql forbids.
_FORBIDDEN = re.compile(r"permission denied for (?:function|aggregate) (\w+)$")
_MISSING_FUNCTION = re.compile(r"function (?:pg_catalog\.)?(\w+)\(.*\) does not exist$", re.DOTALL)
_MISSING_COLUMN = re.compile(r'column "([^"]+)" does not exist$')
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html, without those that are there
_REDSHIFT_FUNCTIONS = (
    *("add_months", "array_concat", "array_flatten", "can_json_parse", "charindex", "checksum", "collate"),
    *("date_part_year", "decimal_precision", "decimal_scale", "difference", "farmfingerprint64", "fnv_hash"),
    *("func_sha1", "get_array_length", "get_number_attributes", "getbit", "hll", "hll_cardinality"),
    *("hll_combine", "hll_combine_sketches", "hll_create_sketch", "is_array", "is_bigint", "is_boolean"),
    *("is_char", "is_decimal", "is_float", "is_integer", "is_object", "is_scalar", "is_smallint"),
    *("is_valid_json", "is_valid_json_array", "is_varchar", "json_extract_array_element_text"),
    *("json_extract_path_text", "json_parse", "json_serialize", "json_serialize_to_varbyte", "json_size"),
    *("last_day", "last_user_query_id", "listagg", "lower_attribute_names", "median", "months_between"),
    *("murmur3_32_hash", "next_day", "object", "object_transform", "pg_last_query_id", "pg_last_unload_count"),
    *("pg_last_unload_id", "ratio_to_report", "role_is_member_of", "sha", "sha1", "sha2", "slice_num"),
    *("soundex", "split_to_array", "strtol", "subarray", "text_to_int_alt", "text_to_numeric_alt"),
    *("upper_attribute_names", "user_is_member_of"),
)
# Functions without parentheses, which are columns to PostgreSQL.
_REDSHIFT_WORDS = ("current_namespace", "current_session_arn", "current_user_id", "default_iam_role")


def in_redshifts_words(fields: dict[str, str], sql: str, forbidden: Collection[str]) -> SqlError | None:
    """Return what Redshift or this endpoint says in place of an error of PostgreSQL's, or None where it may stay.

    ``fields`` are those of the ErrorResponse, ``sql`` is the client's text as far as it is known, ``forbidden`` the
    names of functions that functions.sql takes away.
    """
    code, message = fields.get("C"), fields.get("M", "")
    if code == INSUFFICIENT_PRIVILEGE and (found := _FORBIDDEN.match(message)) and found[1] in forbidden:
        return unsupported(f"function {found[1].upper()}")
    if code == _UNDEFINED_FUNCTION and (found := _MISSING_FUNCTION.match(message)) and found[1] in _REDSHIFT_FUNCTIONS:
        return unsupported(f"function {found[1].upper()}")
    if code == _GENERATED_ALWAYS:  # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
        return SqlError(FEATURE_NOT_SUPPORTED, "cannot set an identity column to a value")
    if code == _SERIALIZATION_FAILURE:
        # Seen on clusters: XX000, the message 1023, and in the detail the table, which PostgreSQL does not tell.
        detail = f"Serializable isolation violation on table (the local endpoint cannot say which): {message}"
        return SqlError(INTERNAL_ERROR, "1023", detail)
    if code == UNDEFINED_COLUMN and (found := _MISSING_COLUMN.match(message)) and found[1] in _REDSHIFT_WORDS:
        return unsupported(found[1].upper())
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html
    if code == UNDEFINED_COLUMN and (found := _MISSING_COLUMN.match(message)) and _is_alias(found[1], sql):
        return unsupported(f'the alias "{found[1]}" in the SELECT that gives it')
    return None


def _is_alias(name: str, sql: str) -> bool:
    return bool(re.search(rf'\bas\s+"?{re.escape(name)}"?\b', sql, re.IGNORECASE))


def place(position: int, sent: str, sql: str) -> int | None:
    """Return where in the client's SQL a position lies that PostgreSQL tells of the text that was sent in its stead.

    Both count from 1. None where the texts differ around there.
    """
    if position <= _alike(sent, sql):
        return position
    from_end = len(sent) - position
    if 0 <= from_end < _alike(sent[::-1], sql[::-1]):
        return len(sql) - from_end
    return None


def _alike(one: str, other: str) -> int:
    """Return how many characters are the same before the first that is not."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other)))
