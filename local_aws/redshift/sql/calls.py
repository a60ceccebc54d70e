"""Redshift's functions whose calls PostgreSQL cannot read, or reads as something else: NVL2, DECODE and TRY_CAST."""

from __future__ import annotations

from collections.abc import Callable

from local_aws.redshift.quoting import literal
from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.cursor import syntax_error
from local_aws.redshift.sql.ddl_column import cast_type
from local_aws.redshift.sql.sql_tokens import SPACE, WORD, Token
from local_aws.redshift.sql_error import SqlError

UNDEFINED_FUNCTION = "42883"


def rewrite_calls(tokens: list[Token]) -> list[Token]:
    """Rewrite the calls wherever they stand, one in another too."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        opening = _opening(tokens, at)
        close = sql_tokens.closing(tokens, opening) if opening else -1
        if close < 0 or _before(tokens, at) == ".":
            result.append(tokens[at])
            at += 1
            continue
        inside = rewrite_calls(tokens[opening + 1 : close])
        result.append(Token(WORD, _CALLS[tokens[at].key](inside)))
        at = close + 1
    return result


def _opening(tokens: list[Token], at: int) -> int:
    """Return where the arguments of a call that concerns us begin; 0 if none does."""
    if tokens[at].key not in _CALLS:
        return 0
    following = at + 1
    while following < len(tokens) and tokens[following].kind == SPACE:
        following += 1
    return following if following < len(tokens) and tokens[following].key == "(" else 0


def _before(tokens: list[Token], at: int) -> str:
    return next((token.key for token in reversed(tokens[:at]) if token.kind != SPACE), "")


def _arguments(inside: list[Token]) -> list[str]:
    return [sql_tokens.join(item).strip() for item in sql_tokens.split_commas(inside)]


def _nvl2(inside: list[Token]) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_NVL2.html."""
    arguments = _arguments(inside)
    if len(arguments) != 3:
        raise SqlError(UNDEFINED_FUNCTION, f"function nvl2 takes 3 arguments, not {len(arguments)}")
    value, there, absent = arguments
    return f"CASE WHEN ({value}) IS NOT NULL THEN {there} ELSE {absent} END"


def _decode(inside: list[Token]) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_DECODE_expression.html: NULL equals NULL."""
    value, *rest = _arguments(inside)
    if len(rest) < 2:
        raise SqlError(UNDEFINED_FUNCTION, f"function decode takes 3 or more arguments, not {len(rest) + 1}")
    pairs = zip(rest[::2], rest[1::2])
    branches = " ".join(f"WHEN ({value}) IS NOT DISTINCT FROM ({search}) THEN {result}" for search, result in pairs)
    return f"CASE {branches} ELSE {rest[-1] if len(rest) % 2 else 'NULL'} END"


def _try_cast(inside: list[Token]) -> str:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html."""
    depth, at = 0, -1
    for index, token in enumerate(inside):
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key == "as":
            at = index
    if at < 0:
        raise syntax_error(Token(sql_tokens.OPERATOR, ")"))
    form = cast_type(sql_tokens.significant(inside[at + 1 :]))
    value = sql_tokens.join(inside[:at]).strip()
    return f"CAST(pg_catalog.try_cast({value}, {literal(form)}, NULL::{form}) AS {form})"


_CALLS: dict[str, Callable[[list[Token]], str]] = {"nvl2": _nvl2, "decode": _decode, "try_cast": _try_cast}
