"""What is refused by name before PostgreSQL sees it: SQL that Redshift has and this endpoint has not, or the other way.

What only PostgreSQL finds out is in refusals.py, what tables and users are made of in ddl.py and users.py.
"""

from __future__ import annotations

from local_aws.redshift.sql.parameters import LITERAL_MODE
from local_aws.redshift.sql.sql_tokens import NUMBER, QUOTED, SPACE, WORD, Token, closing, name_value
from local_aws.redshift.sql_error import FEATURE_NOT_SUPPORTED, UNDEFINED_OBJECT, SqlError, unsupported

# What may begin a statement of PostgreSQL's and none of Redshift's.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
_POSTGRES_HEADS = (
    *("do", "savepoint", "release", "listen", "notify", "unlisten", "reindex", "cluster", "discard", "load", "values"),
    *("checkpoint", "security", "reassign", "import", "table"),
)
_REDSHIFT_HEADS = ("unload", "call", "refresh", "cancel", "use", "attach", "detach", "desc")
HEADS = (*_POSTGRES_HEADS, *_REDSHIFT_HEADS)
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
_POSTGRES_TYPES = (
    *("json", "jsonb", "xml", "uuid", "bytea", "money", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit"),
    *("tsvector", "tsquery", "point", "line", "lseg", "box", "path", "polygon", "circle"),
    *("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"),
)
_REDSHIFT_TYPES = ("super", "geometry", "geography", "hllsketch")
# A text, in lower case, in which none of these words and forms is found holds nothing that is refused here but HEADS.
WORDS = (
    *_POSTGRES_TYPES,
    *_REDSHIFT_TYPES,
    *("returning", "conflict", "grant", "revoke", "lateral", "tablesample", "top", "qualify", "pivot", "unpivot"),
    *("merge", "window", "fetch", "approximate", "exclude", "connect", "quota", "show"),
    *("materialized", "symmetric", "overriding", "over", "explain", "lock", "set_config"),
)
FORMS = (
    r"\b(?:distinct\s+(?:on|from)|filter\s*\(\s*where|for\s+(?:update|share)|(?:ignore|respect)\s+nulls|by\s+all)\b"
    r"|\b(?:(?:intersect|except)\s+all|select\s+from|as\s+table|for\s+(?:no|key)|recursive\s+view)\b"
    r"|\b(?:array|row|set|with)\s*\(|\(\s*(?:values|insert|update|delete|merge)\b|\[|#|[\w$]{64}|\"[^\"]{64}"
)
# https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW.html, and the pages beside it
_SHOWN = (
    *("columns", "constraints", "databases", "datashares", "external", "functions", "grants", "model", "parameters"),
    *("policies", "procedure", "procedures", "schemas", "table", "tables", "template", "templates", "view"),
)
_BEFORE_TABLES = ("table", "into", "from", "join", "update", "exists", "truncate")
_MOST_BYTES = 63  # of a name; Redshift takes 127, PostgreSQL would cut off the rest
# https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html, r_WF_first_value.html, r_WF_nth.html
_FRAMED = (
    *("any_value", "avg", "bit_and", "bit_or", "bool_and", "bool_or", "count", "first_value", "last_value"),
    *("max", "min", "nth_value", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance"),
)
# Words of PostgreSQL's that stand side by side in no SQL of Redshift's.
_POSTGRES_PAIRS = {
    ("distinct", "from"): "IS DISTINCT FROM",
    ("(", "values"): "VALUES in a query",
    ("fetch", "first"): "FETCH FIRST",
    ("fetch", "next"): "FETCH NEXT",
    ("for", "update"): "SELECT … FOR UPDATE",
    ("for", "share"): "SELECT … FOR SHARE",
    ("between", "symmetric"): "BETWEEN SYMMETRIC",
    ("intersect", "all"): "INTERSECT ALL",
    ("except", "all"): "EXCEPT ALL",
    ("select", "from"): "SELECT of nothing",
    ("as", "table"): "TABLE as a query",
    ("row", "("): "ROW",
    ("with", "("): "WITH (…)",
    ("recursive", "view"): "CREATE RECURSIVE VIEW",
    ("exclude", "current"): "a frame that excludes rows",
    ("overriding", "system"): "OVERRIDING",
    ("overriding", "user"): "OVERRIDING",
}
_POSTGRES_TRIPLES = {
    ("distinct", "on", "("): "DISTINCT ON",
    ("filter", "(", "where"): "FILTER",
    ("for", "no", "key"): "SELECT … FOR NO KEY UPDATE",
    ("for", "key", "share"): "SELECT … FOR KEY SHARE",
    ("as", "materialized", "("): "MATERIALIZED",
    ("not", "materialized", "("): "MATERIALIZED",
    ("(", "insert", "into"): "INSERT in a query",
    ("(", "delete", "from"): "DELETE in a query",
    ("(", "merge", "into"): "MERGE in a query",
}
# And of Redshift's that PostgreSQL does not have.
_REDSHIFT_PAIRS = {
    ("ignore", "nulls"): "IGNORE NULLS",
    ("respect", "nulls"): "RESPECT NULLS",
    ("*", "exclude"): "SELECT * EXCLUDE",
    ("array", "("): "function ARRAY",
    ("connect", "by"): "CONNECT BY",
}
_FRAMES = ("rows", "range", "groups")
# Redshift's words; the SQLSTATE is unverified.
FRAME_REQUIRED = "Aggregate window functions with an ORDER BY clause require a frame clause"
_MATCHED = (("matched", "then", "update"), ("matched", "then", "delete"))
_NOT_MATCHED = ("not", "matched", "then", "insert")


def refuse(words: list[Token]) -> None:
    """Raise SqlError if a statement, given without white space, holds something that is refused."""
    keys = [token.key for token in words]
    head = keys[0]
    if head in HEADS:
        raise unsupported(head.upper())
    if keys[:2] in (["explain", "analyze"], ["explain", "("]):
        raise unsupported("EXPLAIN ANALYZE, or with options in parentheses, (nor by Redshift)")
    if head == "lock" and "mode" in keys:
        raise unsupported("LOCK in a mode (nor by Redshift)")
    if head == "update" and ("set", "(") in zip(keys, keys[1:]):
        raise unsupported("UPDATE of several columns at once (nor by Redshift)")
    if ("set_config", "(") in zip(keys, keys[1:]) and any(LITERAL_MODE in token.text.lower() for token in words):
        raise SqlError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{LITERAL_MODE}"')
    for token in words:
        if token.kind in (WORD, QUOTED) and len(name_value(token).encode()) > _MOST_BYTES:
            raise unsupported(f"a name of more than {_MOST_BYTES} bytes")
    if head == "show" and keys[1:2] and keys[1] in _SHOWN:
        raise unsupported(f"SHOW {keys[1].upper()}")
    if keys[:2] == ["create", "schema"] and "quota" in keys:
        raise unsupported("CREATE SCHEMA … QUOTA")
    if head in ("grant", "revoke", "alter"):
        _refuse_grants(keys)
    if head in ("insert", "update", "delete", "with", "merge"):
        _refuse_postgres_dml(keys)
    if head == "merge":
        _refuse_merges(keys)
    _refuse_postgres_queries(words)
    _refuse_redshift_queries(words)
    _refuse_windows(words)


def _refuse_grants(keys: list[str]) -> None:
    """GRANT, REVOKE and ALTER DEFAULT PRIVILEGES know privileges and grantees that PostgreSQL does not.

    https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
    """
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


def _refuse_postgres_dml(keys: list[str]) -> None:
    if "returning" in keys[:-1]:
        raise unsupported("RETURNING (nor by Redshift)")
    if ("on", "conflict") in zip(keys, keys[1:]):
        raise unsupported("ON CONFLICT (nor by Redshift)")


def _refuse_merges(keys: list[str]) -> None:
    """Redshift has one branch for rows that match and one for those that do not, and no conditions of their own.

    https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
    """
    starts = [index for index, key in enumerate(keys) if key == "when"]
    branches = [tuple(keys[at + 1 : at + 5]) for at in starts]
    matched = [branch[:3] for branch in branches if branch[:3] in _MATCHED]
    if len(branches) != 2 or len(matched) != 1 or _NOT_MATCHED not in branches or keys[1] != "into":
        raise unsupported("MERGE other than WHEN MATCHED THEN UPDATE or DELETE and WHEN NOT MATCHED THEN INSERT")


def _refuse_postgres_queries(words: list[Token]) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html."""
    of_catalog = any(token.key.startswith("pg_") for token in words)  # where the leader node has arrays too
    for token, following, third in zip(words, words[1:], [*words[2:], Token(SPACE, "")]):
        pair = (token.key, following.key)
        postgres = _POSTGRES_PAIRS.get(pair) or _POSTGRES_TRIPLES.get((*pair, third.key))
        if postgres:
            raise unsupported(f"{postgres} (nor by Redshift)")
        if pair == ("(", "update") and third.kind in (WORD, QUOTED):
            raise unsupported("UPDATE in a query (nor by Redshift)")
        if pair[0] in ("lateral", "tablesample") and (pair[1] == "(" or following.kind == WORD):
            raise unsupported(f"{pair[0].upper()} (nor by Redshift)")
        if _casts_to(token, following, third, _POSTGRES_TYPES):
            raise unsupported(f"type {following.key.upper()} (nor by Redshift)")
        if pair[0] == "window" and third.key == "as":
            raise unsupported("WINDOW (nor by Redshift)")
        if pair[1] == "[" and not of_catalog:
            raise unsupported("an array (nor by Redshift)")


def _casts_to(token: Token, following: Token, third: Token, types: tuple[str, ...]) -> bool:
    return following.key in types and (token.key == "::" or (token.key == "as" and third.key == ")"))


def _refuse_redshift_queries(words: list[Token]) -> None:
    """What Redshift has and PostgreSQL would answer with an error that does not say so.

    https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html, r_SELECT_list.html, r_GROUP_BY_clause.html,
    r_QUALIFY_clause.html, r_CONNECT_BY_clause.html, r_WF_first_value.html; r_CREATE_TABLE_NEW.html for ``#``
    """
    nothing = Token(SPACE, "")
    for before, token, following, third in zip([nothing, *words], words, words[1:], [*words[2:], nothing]):
        pair = (token.key, following.key)
        if before.key == ".":
            continue
        redshift = "GROUP BY ALL" if (*pair, third.key) == ("group", "by", "all") else _REDSHIFT_PAIRS.get(pair)
        if redshift:
            raise unsupported(redshift)
        if pair[0] == "top" and following.kind == NUMBER and before.key in ("select", "distinct", "all"):
            raise unsupported("SELECT TOP")
        if pair[0] == "qualify" and following.kind == WORD and third.key == "(":
            raise unsupported("QUALIFY")
        if pair[0] in ("pivot", "unpivot") and pair[1] == "(" and (before.kind == WORD or before.key == ")"):
            raise unsupported(pair[0].upper())
        if pair[0] == "approximate" and following.kind == WORD and third.key == "(":
            raise unsupported("APPROXIMATE")
        if pair[1] == "#" and pair[0] in _BEFORE_TABLES:
            raise unsupported("the # of a temporary table's name (but TEMP is)")
        if _casts_to(token, following, third, _REDSHIFT_TYPES):
            raise unsupported(f"type {following.key.upper()}")


def _refuse_windows(words: list[Token]) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html."""
    for begin in (index + 1 for index, token in enumerate(words[:-1]) if token.key == "over"):
        if words[begin].key != "(":
            continue
        inside = words[begin : closing(words, begin)]
        pairs = list(zip(inside, inside[1:]))
        frames = {
            token.key
            for token, following in pairs
            if token.key in _FRAMES
            and (following.key in ("between", "unbounded", "current") or following.kind == NUMBER)
        }
        if frames - {"rows"}:
            raise unsupported("a window's frame other than ROWS")
        ordered = any((token.key, following.key) == ("order", "by") for token, following in pairs)
        if ordered and not frames and _function(words, begin) in _FRAMED:
            raise SqlError(FEATURE_NOT_SUPPORTED, FRAME_REQUIRED)


def _function(words: list[Token], window: int) -> str:
    """Return the name of the function before OVER and its window's parenthesis."""
    depth = 0
    for index in range(window - 2, 0, -1):
        depth += (words[index].key == ")") - (words[index].key == "(")
        if depth == 0:
            return words[index - 1].key
    return ""
