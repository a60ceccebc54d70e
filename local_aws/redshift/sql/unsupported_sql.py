"""What is refused by name before PostgreSQL sees it: SQL that Redshift has and this endpoint has not, or the other way.

What only PostgreSQL finds out is in refusals.py, what tables and users are made of in ddl.py and users.py.
"""

from __future__ import annotations

from local_aws.redshift.sql.sql_tokens import NUMBER, SPACE, WORD, Token
from local_aws.redshift.sql_error import unsupported

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
)
FORMS = (
    r"\b(?:distinct\s+(?:on|from)|filter\s*\(\s*where|for\s+(?:update|share)|(?:ignore|respect)\s+nulls|by\s+all)\b"
    r"|\barray\s*\(|\(\s*values\b|\[|#"
)
# https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW.html, and the pages beside it
_SHOWN = (
    *("columns", "constraints", "databases", "datashares", "external", "functions", "grants", "model", "parameters"),
    *("policies", "procedure", "procedures", "schemas", "table", "tables", "template", "templates", "view"),
)
_BEFORE_TABLES = ("table", "into", "from", "join", "update", "exists", "truncate")
_MATCHED = (("matched", "then", "update"), ("matched", "then", "delete"))
_NOT_MATCHED = ("not", "matched", "then", "insert")


def refuse(words: list[Token]) -> None:
    """Raise SqlError if a statement, given without white space, holds something that is refused."""
    keys = [token.key for token in words]
    head = keys[0]
    if head in HEADS:
        raise unsupported(head.upper())
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
        if pair == ("distinct", "on") and third.key == "(":
            raise unsupported("DISTINCT ON (nor by Redshift)")
        if pair == ("filter", "(") and third.key == "where":
            raise unsupported("FILTER (nor by Redshift)")
        if pair in (("for", "update"), ("for", "share")):
            raise unsupported(f"SELECT … FOR {following.key.upper()} (nor by Redshift)")
        if pair[0] in ("lateral", "tablesample") and (pair[1] == "(" or following.kind == WORD):
            raise unsupported(f"{pair[0].upper()} (nor by Redshift)")
        if _casts_to(token, following, third, _POSTGRES_TYPES):
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
        if pair[0] == "top" and following.kind == NUMBER and before.key in ("select", "distinct", "all"):
            raise unsupported("SELECT TOP")
        if pair[0] == "qualify" and following.kind == WORD and third.key == "(":
            raise unsupported("QUALIFY")
        if pair[0] in ("pivot", "unpivot") and pair[1] == "(" and (before.kind == WORD or before.key == ")"):
            raise unsupported(pair[0].upper())
        if pair in (("ignore", "nulls"), ("respect", "nulls")):
            raise unsupported(f"{pair[0].upper()} NULLS")
        if pair[0] == "approximate" and following.kind == WORD and third.key == "(":
            raise unsupported("APPROXIMATE")
        if pair == ("*", "exclude"):
            raise unsupported("SELECT * EXCLUDE")
        if pair == ("array", "("):
            raise unsupported("function ARRAY")
        if pair == ("connect", "by"):
            raise unsupported("CONNECT BY")
        if pair == ("by", "all") and before.key == "group":
            raise unsupported("GROUP BY ALL")
        if pair[1] == "#" and pair[0] in _BEFORE_TABLES:
            raise unsupported("the # of a temporary table's name (but TEMP is)")
        if _casts_to(token, following, third, _REDSHIFT_TYPES):
            raise unsupported(f"type {following.key.upper()}")
