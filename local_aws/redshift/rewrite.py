"""Redshift's SQL as PostgreSQL's, token by token: what PostgreSQL understands by itself stays as it was written."""

from __future__ import annotations

import re
from dataclasses import replace

from local_aws.redshift import assume_role, calls, ddl, names, numbers, sql_tokens, transactions, users, wire
from local_aws.redshift.copy_statement import CopyStatement, parse_copy
from local_aws.redshift.script import Script, Statement
from local_aws.redshift.sql_error import UNDEFINED_OBJECT, SqlError, unsupported
from local_aws.redshift.sql_tokens import OPERATOR, SPACE, STRING, WORD, Token

LITERAL_MODE = "standard_conforming_strings"
# What may begin a statement of PostgreSQL's and none of Redshift's.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
_FOREIGN_HEADS = (
    *("do", "savepoint", "release", "listen", "notify", "unlisten", "reindex", "cluster", "discard", "load", "values"),
    *("checkpoint", "security", "reassign", "refresh", "import", "table", "call"),
)
_QUERY_HEADS = ("select", "insert", "update", "delete", "with", "merge", "create", "explain", "(")
_MATCHED = (("matched", "then", "update"), ("matched", "then", "delete"))
_NOT_MATCHED = ("not", "matched", "then", "insert")
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
_FOREIGN_TYPES = (
    *("json", "jsonb", "xml", "uuid", "bytea", "money", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit"),
    *("tsvector", "tsquery", "point", "line", "lseg", "box", "path", "polygon", "circle"),
    *("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"),
)
# A text, in lower case, with none of these words needs no look at its tokens.
_TRIGGERS = re.compile(
    r"\b(?:copy|unload|truncate|create|alter|vacuum|analyze|standard_conforming_strings|sysdate|datediff|dateadd|date_part"
    r"|nvl|nvl2|decode|try_cast|decimal|numeric|dec|max|returning|conflict|assumerole|grant|revoke|isolation|lateral"
    rf"|tablesample|server_version|local_endpoint|top|qualify|pivot|unpivot|merge|window|fetch|{'|'.join(_FOREIGN_TYPES)})\b"
    r"|\b(?:distinct\s+(?:on|from)|filter\s*\(\s*where|for\s+(?:update|share))\b|\(\s*values\b|\["
    # numbers as PostgreSQL alone reads them, in quotes or not
    r"|\b0[xob]|\d_\d"
    rf"|(?:^|;|\*/|--[^\n]*\n)\s*(?:{'|'.join(_FOREIGN_HEADS)})\b"
)
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
    if not asks and not _TRIGGERS.search(sql.lower()):
        return sql
    tokens = sql_tokens.tokenize(sql)
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
    if head == "unload" or head in _FOREIGN_HEADS:
        raise unsupported(head.upper())
    if head in ("begin", "start"):
        return transactions.begin(tokens)
    if _keys(words, 2) == ["set", "local_endpoint"]:
        return transactions.switch(tokens)
    if _keys(words, 2) == ["show", "server_version"]:
        return [Token(WORD, f"SELECT '{wire.SERVER_VERSION}' AS server_version;")]
    if head in ("set", "reset", "show") and any(token.key == LITERAL_MODE for token in words):
        # Redshift has no such setting: a backslash always escapes.
        raise SqlError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{LITERAL_MODE}"')
    if head in ("vacuum", "analyze"):
        return ddl.maintenance(tokens)
    if head in ("grant", "revoke") and words[1:2] and words[1].key == "assumerole":
        return assume_role.rewrite(words)
    if head in ("grant", "revoke", "alter"):
        _refuse_grants(words)
    if head in ("create", "alter") and _keys(words, 2)[1:] in (["user"], ["group"], ["role"], ["database"]):
        return users.rewrite(words, tokens)
    if head in ("insert", "update", "delete", "with", "merge"):
        _refuse_postgres_dml(words)
    if head == "merge":
        _refuse_merges(words)
    _refuse_postgres_queries(words)
    _refuse_redshift_queries(words)
    if head in _QUERY_HEADS:
        tokens = numbers.rewrite_numbers(tokens)
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


def _refuse_grants(words: list[Token]) -> None:
    """GRANT, REVOKE and ALTER DEFAULT PRIVILEGES know privileges and grantees that PostgreSQL does not.

    https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
    """
    keys = [token.key for token in words]
    if keys[0] == "alter":
        verbs = [keys.index(verb) for verb in ("grant", "revoke") if verb in keys]
        if keys[1:3] != ["default", "privileges"] or not verbs:
            return
        keys = keys[min(verbs) :]
    privileges = keys[1 : keys.index("on")] if "on" in keys else []
    for privilege in ("drop", "alter", "explain", "ignore", "sys"):
        if privilege in privileges:
            raise unsupported(f"the privilege {privilege.upper()}")
    if keys[1:2] == ["role"] or "role" in keys[len(privileges) :]:
        raise unsupported(f"{keys[0].upper()} … ROLE")


def _refuse_postgres_dml(words: list[Token]) -> None:
    for token, following in zip(words, words[1:]):
        if token.key == "returning":
            raise unsupported("RETURNING (nor by Redshift)")
        if token.key == "on" and following.key == "conflict":
            raise unsupported("ON CONFLICT (nor by Redshift)")


def _refuse_merges(words: list[Token]) -> None:
    """Redshift has one branch for rows that match and one for those that do not, and no conditions of their own.

    https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
    """
    starts = [index for index, token in enumerate(words) if token.key == "when"]
    branches = [tuple(token.key for token in words[at + 1 : at + 5]) for at in starts]
    matched = [branch[:3] for branch in branches if branch[:3] in _MATCHED]
    if len(branches) != 2 or len(matched) != 1 or _NOT_MATCHED not in branches or words[1].key != "into":
        raise unsupported("MERGE other than WHEN MATCHED THEN UPDATE or DELETE and WHEN NOT MATCHED THEN INSERT")


def _refuse_postgres_queries(words: list[Token]) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html."""
    of_catalog = any(token.key.startswith("pg_") for token in words)  # where the leader node has arrays too
    for token, following, third in zip(words, words[1:], [*words[2:], Token(SPACE, "")]):
        pair = (token.key, following.key)
        if pair == ("distinct", "on") and third.key == "(":
            raise unsupported("DISTINCT ON (nor by Redshift)")
        if pair == ("filter", "(") and third.key == "where":
            raise unsupported("FILTER (nor by Redshift)")
        if pair in (("for", "update"), ("for", "share")):
            raise unsupported(f"SELECT … FOR {following.key.upper()} (nor by Redshift)")
        if pair[0] in ("lateral", "tablesample") and (pair[1] == "(" or following.kind == WORD):
            raise unsupported(f"{pair[0].upper()} (nor by Redshift)")
        if pair[0] in ("::", "as") and pair[1] in _FOREIGN_TYPES and (pair[0] == "::" or third.key == ")"):
            raise unsupported(f"type {following.key.upper()} (nor by Redshift)")
        if pair == ("distinct", "from"):
            raise unsupported("IS DISTINCT FROM (nor by Redshift)")
        if pair == ("(", "values"):
            raise unsupported("VALUES in a query (nor by Redshift)")
        if pair in (("fetch", "first"), ("fetch", "next")):
            raise unsupported(f"FETCH {following.key.upper()} (nor by Redshift)")
        if pair[0] == "window" and third.key == "as":
            raise unsupported("WINDOW (nor by Redshift)")
        if pair[1] == "[" and not of_catalog:
            raise unsupported("an array (nor by Redshift)")


def _refuse_redshift_queries(words: list[Token]) -> None:
    """What Redshift has and PostgreSQL would answer with an error that does not say so.

    https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html, r_QUALIFY_clause.html
    """
    nothing = Token(SPACE, "")
    for before, token, following, third in zip([nothing, *words], words, words[1:], [*words[2:], nothing]):
        if before.key == ".":
            continue
        if (token.key, following.kind) == ("top", sql_tokens.NUMBER) and before.key in ("select", "distinct", "all"):
            raise unsupported("SELECT TOP")
        if token.key == "qualify" and following.kind == WORD and third.key == "(":
            raise unsupported("QUALIFY")
        if token.key in ("pivot", "unpivot") and following.key == "(" and (before.kind == WORD or before.key == ")"):
            raise unsupported(token.key.upper())


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
