"""Redshift's SQL as PostgreSQL's, token by token: what PostgreSQL understands by itself stays as it was written."""

from __future__ import annotations

import re
from dataclasses import replace

from local_aws.redshift.sql import (
    assume_role,
    calls,
    ddl,
    names,
    numbers,
    parameters,
    sql_tokens,
    transactions,
    unsupported_sql,
    users,
)
from local_aws.redshift.sql.copy_statement import CopyStatement, parse_copy
from local_aws.redshift.sql.sql_tokens import OPERATOR, QUOTED, SPACE, STRING, WORD, Token
from local_aws.redshift.sql.statement import Script, Statement
from local_aws.redshift.sql_error import unsupported

_QUERY_HEADS = ("select", "insert", "update", "delete", "with", "merge", "create", "explain", "(")
_WORDS = (
    *("copy", "truncate", "create", "alter", "vacuum", "analyze", "sysdate", "datediff", "dateadd", "date_part"),
    *("nvl", "nvl2", "decode", "try_cast", "decimal", "numeric", "dec", "max", "minus"),
    *("assumerole", "isolation", "server_version", "local_endpoint"),
    *(parameters.LITERAL_MODE, *parameters.NAMES, *unsupported_sql.WORDS),
)
# A text, in lower case, in which none of these is found needs no look at its tokens. One search for all takes longer.
_TRIGGERS = [
    # The letters are there for speed: most words begin with another one.
    re.compile(rf"\b(?=[{''.join(sorted({word[0] for word in _WORDS}))}])(?:{'|'.join(_WORDS)})\b"),
    re.compile(rf"(?:^|;|\*/|--[^\n]*\n)\s*(?:{'|'.join(unsupported_sql.HEADS)})\b"),
    # Numbers as PostgreSQL alone reads them stand in quotes or not.
    re.compile(rf"\b0[xob]|\d_\d|\bdelete\s+(?!from\b)|{unsupported_sql.FORMS}"),
]
_MIXED_CASE = re.compile(r'"[^"]*[A-Z]')
# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html: a bare word may name the part.
_DATE_PART_FUNCTIONS = ("datediff", "dateadd", "date_part")
# The names of parts that PostgreSQL's own DATE_PART does not know.
_DATE_PARTS = {
    **dict.fromkeys(("years", "yrs"), "year"),
    **dict.fromkeys(("quarters", "qtrs", "qtr"), "quarter"),
    **dict.fromkeys(("dayofweek", "dw", "weekday"), "dow"),
    **dict.fromkeys(("dayofyear", "dy", "yearday"), "doy"),
    **dict.fromkeys(("mons",), "month"),
}
_DECIMALS = ("decimal", "numeric", "dec")
_TEXT_TYPES = ("varchar", "varying", "nvarchar")


def rewrite(sql: str) -> str | Script:
    """Return what PostgreSQL shall run; statement by statement where the endpoint itself has a part in one of them, or
    has to ask for its names (trial.py).

    Raises SqlError for what Redshift may know but this endpoint does not.
    """
    asks = ";" in sql.rstrip("; \n") and names.doubtful(sql)
    text = sql.lower()
    if not asks and not _MIXED_CASE.search(sql) and not any(trigger.search(text) for trigger in _TRIGGERS):
        return sql
    tokens = [_folded(token) for token in sql_tokens.tokenize(sql)]
    if tokens[-1].kind == sql_tokens.BROKEN:
        return sql  # PostgreSQL names the unclosed string or comment
    parts = sql_tokens.statements(tokens)
    script = [_statement(part) for part in parts]
    own = any(isinstance(item, CopyStatement) or item.head == "truncate" for item in script)
    if not own and not (asks and len(script) > 1):
        return "".join(item.sql for item in script if isinstance(item, Statement))
    return script


def _statement(part: list[Token]) -> Statement | CopyStatement:
    result = _rewrite_statement(part)
    if isinstance(result, CopyStatement):
        return replace(result, sql=sql_tokens.join(part).strip())
    return Statement(sql_tokens.join(result), sql_tokens.significant(part)[0].key)


def _rewrite_statement(tokens: list[Token]) -> list[Token] | CopyStatement:
    words = sql_tokens.significant(tokens)
    head = words[0].key
    if head == "copy":
        return parse_copy(tokens)
    if head == "truncate":
        return _truncate(words, tokens)
    if head in ("begin", "start"):
        return transactions.begin(tokens)
    if _keys(words, 2) == ["set", "local_endpoint"]:
        return transactions.switch(tokens)
    if head in ("vacuum", "analyze"):
        return ddl.maintenance(tokens)
    if head in ("grant", "revoke") and words[1:2] and words[1].key == "assumerole":
        return assume_role.rewrite(words)
    unsupported_sql.refuse(words)
    if head in ("set", "reset", "show"):
        return parameters.rewrite(tokens)
    if head in ("create", "alter") and _keys(words, 2)[1:] in (["user"], ["group"], ["role"], ["database"]):
        return users.rewrite(words, tokens)
    if head == "delete" and _keys(words, 2)[1:] != ["from"]:
        # https://docs.aws.amazon.com/redshift/latest/dg/r_DELETE.html: FROM is optional
        tokens = [Token(WORD, "DELETE FROM") if token is words[0] else token for token in tokens]
    if head in _QUERY_HEADS:
        tokens = _except_for_minus(numbers.rewrite_numbers(tokens))
    tokens = calls.rewrite_calls(rewrite_expressions(tokens))
    if head == "create":
        return ddl.create(tokens)
    return ddl.alter(tokens) if head == "alter" else tokens


def _truncate(words: list[Token], tokens: list[Token]) -> list[Token]:
    """``TRUNCATE [TABLE] name`` is all that Redshift knows, and here foreign keys are no constraints either."""
    rest = [token for token in words[1:] if token.key not in ("table", ";")]
    if any(token.key in (",", "cascade", "restrict", "restart", "continue", "only", "*") for token in rest):
        raise unsupported("TRUNCATE of more than one table name (nor by Redshift)")
    return tokens


def _keys(words: list[Token], count: int) -> list[str]:
    return [token.key for token in words[:count]]


def _folded(token: Token) -> Token:
    """Names in quotes are lower case too: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html."""
    return Token(QUOTED, token.text.encode().lower().decode()) if token.kind == QUOTED else token


def _except_for_minus(tokens: list[Token]) -> list[Token]:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html: MINUS and EXCEPT are the same."""
    result = list(tokens)
    places = [index for index, token in enumerate(tokens) if token.kind != SPACE]
    for index, following, third in zip(places, places[1:], [*places[2:], -1]):
        words = [tokens[following].key, tokens[third].key]
        if tokens[index].key == "minus" and (words[0] == "select" or words == ["(", "select"]):
            result[index] = Token(WORD, "EXCEPT")
    return result


def rewrite_expressions(tokens: list[Token]) -> list[Token]:
    """Rewrite the functions and types that may stand anywhere in a statement."""
    result = list(tokens)
    positions = [index for index, token in enumerate(tokens) if token.kind != SPACE]
    nothing = Token(SPACE, "")
    for place, index in enumerate(positions):
        token = tokens[index]
        if token.kind != WORD:
            continue
        before = tokens[positions[place - 1]] if place else nothing
        after = [tokens[position] for position in positions[place + 1 : place + 4]] + [nothing] * 3
        if before.key == ".":
            continue
        if token.key == "sysdate" and after[0].key not in ("(", ".") and before.key != "as":
            # A function of that name, so that the column of SELECT SYSDATE is called so too.
            result[index] = Token(WORD, "pg_catalog.sysdate()")
        elif token.key == "nvl" and after[0].key == "(":
            result[index] = Token(WORD, "coalesce")
        elif token.key in _DATE_PART_FUNCTIONS and [item.key for item in (after[0], after[2])] == ["(", ","]:
            if after[1].kind == WORD:
                part = _DATE_PARTS.get(after[1].key, after[1].key) if token.key == "date_part" else after[1].key
                result[positions[place + 2]] = Token(STRING, f"'{part}'")
        elif token.key in _DECIMALS and after[0].key != "(" and _is_cast(before, after[0]):
            # https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html: the default is (18,0)
            result[index] = Token(WORD, f"{token.text}(18,0)")
        elif token.key in _TEXT_TYPES and [item.key for item in after[:3]] == ["(", "max", ")"]:
            result[positions[place + 2]] = Token(sql_tokens.NUMBER, str(ddl.VARCHAR_MAX))
    return result


def _is_cast(before: Token, after: Token) -> bool:
    return before.key == "::" or (before.key == "as" and after.kind == OPERATOR and after.key == ")")
