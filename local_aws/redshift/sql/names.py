"""What a statement may name on Redshift and not on PostgreSQL: aliases of its own SELECT, and columns of the catalog.

Only PostgreSQL knows which names it does not find, and says where the first one stands; that one place is then changed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from local_aws.redshift.quoting import quoted
from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.sql_tokens import NUMBER, QUOTED, SPACE, STRING, WORD, Token
from local_aws.redshift.sql_error import UNDEFINED_COLUMN

_WRONG_TYPE = "42804"
_NO_BOOLEAN = re.compile("argument of (?:WHERE|AND|OR) must be type boolean, not type integer")
# No page tells of those of pg_class and pg_attribute, but sqlalchemy-redshift and AWS's own amazon-redshift-utils ask
# for them; adsrc is PostgreSQL 8's. %s is what stands before the column: nothing, or an alias and a dot.
_CATALOG_COLUMNS = {
    "reldiststyle": "pg_catalog.dist_style(%sreloptions)",
    "attisdistkey": "pg_catalog.is_dist_key(%sattoptions)",
    "attsortkeyord": "pg_catalog.sort_key_place(%sattoptions)",
    "attencodingtype": "pg_catalog.encoding_number(%sattoptions, %satttypid)",
    "relhasoids": "false",
    "adsrc": "pg_catalog.pg_get_expr(%sadbin, %sadrelid)",
}
_VIEW = re.compile(r"\s*create\s+(?:or\s+replace\s+)?view\b", re.IGNORECASE)
# These three are for a text in lower case.
_DOUBTFUL = re.compile(rf"\bwhere\s+\d|\b(?:{'|'.join(_CATALOG_COLUMNS)})\b")
_ALIAS = re.compile(
    r"""(?:\bas\s+|(?<=[\w"')\]])(?<!\bselect)(?<!\bdistinct)(?<!\ball)\s+)"?([^\W\d]\w*)"?\s*(?=,|\bfrom\b)"""
)
_NAME = re.compile(r'(?<![.\w$])"?([^\W\d]\w*)(?!\w*"?\s*[.(])')
_CLAUSES = (
    *("into", "from", "where", "group", "having", "order", "limit", "offset"),
    *("union", "intersect", "except", "minus"),
)
_CONNECTING = (
    *("and", "or", "not", "is", "in", "like", "ilike", "between", "similar", "to"),
    *("case", "when", "then", "else"),
)


class _Select(NamedTuple):
    """A SELECT as positions in a list of tokens: where its items begin and end, and in which clause a place lies."""

    items: list[tuple[int, int]]
    clause: str


def doubtful(sql: str) -> bool:
    """Return whether PostgreSQL might not find a name that Redshift knows."""
    text = sql.lower()
    if _DOUBTFUL.search(text):
        return True
    aliases = set(_ALIAS.findall(text)) if "select" in text else set()
    counted = Counter(_NAME.findall(text)) if aliases else Counter()
    return any(counted[alias] > 1 for alias in aliases)


def mended(sql: str, error: dict[str, str]) -> str | None:
    """Return the statement with the place changed that an error of PostgreSQL's points at, or None if it is a mistake.

    ``error`` holds the fields of an ErrorResponse.
    """
    if "P" not in error:
        return None
    tokens = sql_tokens.tokenize(sql)
    at = _token_at(tokens, int(error["P"]) - 1)
    if at is None:
        return None
    if error.get("C") == UNDEFINED_COLUMN:
        return _with_name(tokens, at)
    if error.get("C") == _WRONG_TYPE and _NO_BOOLEAN.match(error["M"]) and tokens[at].kind == NUMBER:
        # Nor has this a page: sqlalchemy-redshift writes WHERE 1 AND …
        return _put(tokens, at, at + 1, f"({tokens[at].text} <> 0)")
    return None


def split_view(sql: str) -> tuple[str, str]:
    """Return a CREATE VIEW's text up to its AS, and its query: PostgreSQL looks for no names in it before it runs.

    Any other statement is its second part.
    """
    tokens = sql_tokens.tokenize(sql)
    keys = [token.key for token in tokens]
    if not _VIEW.match(sql) or "as" not in keys:
        return "", sql
    at = keys.index("as") + 1
    return sql_tokens.join(tokens[:at]), sql_tokens.join(tokens[at:])


def _with_name(tokens: list[Token], at: int) -> str | None:
    stop = at + 1
    while stop + 1 < len(tokens) and tokens[stop].key == ".":
        stop += 2
    name = sql_tokens.name_value(tokens[stop - 1])
    found = _catalog_column(name, sql_tokens.join(tokens[at : stop - 1]))
    if found is None and stop == at + 1:
        found = _aliased(tokens, at)
    if found is None:
        return None
    end = _end_of_column(tokens, at, stop)
    if end is None:
        return _put(tokens, at, stop, found)
    return _put(tokens, at, end, f"{found}{sql_tokens.join(tokens[stop:end])} AS {quoted(name)}")


def _catalog_column(name: str, qualifier: str) -> str | None:
    template = _CATALOG_COLUMNS.get(name)
    return template.replace("%s", qualifier) if template else None


def _aliased(tokens: list[Token], at: int) -> str | None:
    """Return the expression that an alias stands for: of an item before, or of any for a WHERE.

    https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html tells of items alone; sqlalchemy-redshift asks so
    in its WHERE as well.
    """
    select = _select_around(tokens, at)
    if select is None or select.clause not in ("select", "where"):
        return None
    name, found = sql_tokens.name_value(tokens[at]), []
    for start, stop in select.items:
        if select.clause == "select" and stop > at:
            break
        expression = _expression_called(tokens[start:stop], name)
        if expression:
            found.append(f"({expression.strip()})")
    return found[0] if len(found) == 1 else None


def _expression_called(item: list[Token], name: str) -> str | None:
    """Return the text before an item's alias, if that is the name: ``expression [AS] name``."""
    words = sql_tokens.significant(item)
    if len(words) < 2 or words[-1].kind not in (WORD, QUOTED) or sql_tokens.name_value(words[-1]) != name:
        return None
    before = words[-2]
    ends = before.kind in (WORD, QUOTED, NUMBER, STRING) or before.key in (")", "]")
    if not ends or before.key in _CONNECTING:
        return None
    left = len(words) - (2 if before.key == "as" else 1)
    return sql_tokens.join(item[: _end(item, left)])


def _end(tokens: list[Token], count: int) -> int:
    """Return where the first ``count`` tokens that are no white space or comments end."""
    places = [index for index, token in enumerate(tokens) if token.kind != SPACE]
    return places[count - 1] + 1 if count else 0


def _end_of_column(tokens: list[Token], at: int, stop: int) -> int | None:
    """Return where an item ends that is a name alone, or one cast: the result's column is called by that name."""
    select = _select_around(tokens, at)
    for start, end in select.items if select else []:
        if start <= at < end and not sql_tokens.significant(tokens[start:at]):
            after = sql_tokens.significant(tokens[stop:end])
            is_cast = [token.key for token in after[:1]] == ["::"] and (len(after) == 2 or after[-1].key == ")")
            return stop + _end(tokens[stop:end], len(after)) if is_cast or not after else None
    return None


def _select_around(tokens: list[Token], at: int) -> _Select | None:
    """Return the innermost SELECT that a token is part of."""
    begin = _select_before(tokens, at)
    if begin is None:
        return None
    start = begin + 1
    items: list[tuple[int, int]] = []
    clause, listing, depth = "select", True, 0
    for index in range(start, len(tokens)):
        key = tokens[index].key
        depth += (key == "(") - (key == ")")
        over = depth < 0 or key == ";"
        if listing and key in ("distinct", "all") and not sql_tokens.significant(tokens[start:index]):
            start = index + 1
        if listing and (over or (depth == 0 and key in (",", *_CLAUSES))):
            items.append((start, index))
            start = index + 1
        if over:
            return _Select(items, clause)
        if depth == 0 and key in _CLAUSES:
            listing = False
            clause = key if index < at else clause
    return _Select([*items, (start, len(tokens))] if listing else items, clause)


def _select_before(tokens: list[Token], at: int) -> int | None:
    depth = 0
    for index in range(at - 1, -1, -1):
        key = tokens[index].key
        if key == "select" and depth == 0:
            return index
        if key in ("(", ")"):
            depth = max(depth + (1 if key == ")" else -1), 0)
    return None


def _token_at(tokens: list[Token], offset: int) -> int | None:
    for index, token in enumerate(tokens):
        if offset == 0:
            return index
        offset -= len(token.text)
    return None


def _put(tokens: list[Token], start: int, stop: int, text: str) -> str:
    return sql_tokens.join(tokens[:start]) + text + sql_tokens.join(tokens[stop:])
