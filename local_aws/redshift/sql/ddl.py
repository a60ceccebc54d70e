"""Redshift's CREATE, ALTER, VACUUM and ANALYZE as PostgreSQL's.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html and r_CREATE_TABLE_AS.html
Distribution, sort order, encoding and backup have no meaning on one machine: they are checked for form, and only noted.
"""

from __future__ import annotations

from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.cursor import syntax_error
from local_aws.redshift.sql.ddl_column import VARCHAR_MAX, column, skip_references
from local_aws.redshift.sql.sql_tokens import QUOTED, SPACE, STRING, WORD, Token
from local_aws.redshift.sql.table_marks import TableMarks
from local_aws.redshift.sql_error import UNDEFINED_COLUMN, SqlError, unsupported

__all__ = ["VARCHAR_MAX", "alter", "create", "maintenance"]

_TABLE_CONSTRAINTS = ("primary", "unique", "foreign", "constraint", "like", "check", "exclude")
# What PostgreSQL would make, and Redshift does not know.
_NOT_ON_REDSHIFT = (
    *("index", "trigger", "sequence", "type", "domain", "extension", "rule", "tablespace", "aggregate", "operator"),
    *("cast", "collation", "policy", "publication", "subscription", "server", "statistics", "event", "foreign"),
)
_LIKE_OPTIONS = ("including", "excluding", "defaults")
_ALTER_REFUSED = ("distkey", "diststyle", "sortkey", "encode", "compound", "interleaved", "append", "location")


def create(tokens: list[Token]) -> list[Token]:
    """Rewrite a CREATE statement."""
    words = [token.key for token in sql_tokens.significant(tokens)]
    kinds = [word for word in words[1:4] if word not in ("or", "replace", "local", "temp", "temporary", "unique")]
    kind = kinds[0] if kinds else ""
    if kind == "external" or words[1:3] == ["external", "schema"]:
        raise unsupported(f"CREATE EXTERNAL {words[2].upper()}")
    if kind in ("global", "unlogged", "materialized", "model", "datashare", "library", *_NOT_ON_REDSHIFT):
        raise unsupported(f"CREATE {kind.upper()}")
    if kind == "procedure" or (kind == "function" and ("language", "sql") not in zip(words, words[1:])):
        raise unsupported("CREATE PROCEDURE" if kind == "procedure" else "CREATE FUNCTION … LANGUAGE other than SQL")
    if kind == "view" and ("schema", "binding") in zip(words, words[1:]):
        raise unsupported("CREATE VIEW … WITH NO SCHEMA BINDING")
    return _create_table(tokens) if kind == "table" else tokens


def _create_table(tokens: list[Token]) -> list[Token]:
    tokens = _plain(tokens)
    marks = TableMarks()
    at = next(index for index, token in enumerate(tokens) if token.key == "table") + 1
    opening = _after_name(tokens, at)
    names_before = [token for token in tokens[at:opening] if token.kind in (WORD, QUOTED)]
    if not names_before:
        return tokens  # PostgreSQL names the mistake
    marks.table = sql_tokens.name_value(names_before[-1])
    body: list[Token] = []
    names: set[str] | None = None
    tail_from = opening
    if opening < len(tokens) and tokens[opening].key == "(":
        close = sql_tokens.closing(tokens, opening)
        if close < 0:
            return tokens  # PostgreSQL names the mistake
        items = sql_tokens.split_commas(tokens[opening + 1 : close])
        tail_from = close + 1
        if _is_ctas(tokens[tail_from:]):
            body = tokens[opening:tail_from]
        else:
            body, names = _table_body(items, marks)
    tail = _table_tail(tokens[tail_from:], names, marks)
    return [*tokens[:opening], Token(SPACE, marks.comment()), *body, *tail]


def _plain(tokens: list[Token]) -> list[Token]:
    """Comments and line ends are of no use to what is built anew: one space stands for each."""
    return [Token(SPACE, " ") if token.kind == SPACE else token for token in tokens]


def _after_name(tokens: list[Token], at: int) -> int:
    """Return the index of the first token after ``[IF NOT EXISTS] [schema.]name``."""
    while at < len(tokens) and (tokens[at].kind == SPACE or tokens[at].key in ("if", "not", "exists")):
        at += 1
    at += 1
    while at < len(tokens):
        if tokens[at].key == ".":
            at += 2
        elif tokens[at].kind == SPACE:
            at += 1
        else:
            break
    return at


def _is_ctas(tail: list[Token]) -> bool:
    depth = 0
    for token in tail:
        depth += (token.key == "(") - (token.key == ")")
        if token.key == "as" and depth == 0:
            return True
    return False


def _table_body(items: list[list[Token]], marks: TableMarks) -> tuple[list[Token], set[str] | None]:
    """Return the list of columns for PostgreSQL, and their names where no LIKE hides some."""
    columns: list[list[Token]] = []
    constraints: list[list[Token]] = []
    for item in items:
        words = sql_tokens.significant(item)
        if not words:
            raise syntax_error(Token(sql_tokens.OPERATOR, ","))
        (constraints if words[0].key in _TABLE_CONSTRAINTS else columns).append(words)
    likes = [words for words in constraints if words[0].key == "like"]
    keys = {name for words in constraints if words[0].key != "like" for name in _table_constraint(words)}
    texts = [column(words, marks, not_null=sql_tokens.name_value(words[0]) in keys) for words in columns]
    names = {sql_tokens.name_value(words[0]) for words in columns}
    if not likes and keys - names:
        raise SqlError(UNDEFINED_COLUMN, f'column "{min(keys - names)}" named in key does not exist')
    texts += [" ".join(token.text for token in words) for words in likes]
    if likes:
        marks.like = sql_tokens.join([token for token in likes[0][1:] if token.key not in _LIKE_OPTIONS])
    return [Token(WORD, f"({', '.join(texts)})")], None if likes else names


def _table_constraint(words: list[Token]) -> set[str]:
    """Return the columns of a primary key; keys are informational, but a primary key's columns are NOT NULL."""
    if words[0].key == "constraint":
        words = words[2:]
    kind = words[0].key if words else ""
    if kind not in ("primary", "unique", "foreign"):
        raise unsupported(f"table constraint {kind.upper()}")
    opening = next((index for index, token in enumerate(words) if token.key == "("), len(words) - 1)
    close = sql_tokens.closing(words, opening)
    if close < 0:
        raise syntax_error(words[-1])
    rest = skip_references(words[close + 1 :]) if kind == "foreign" else words[close + 1 :]
    if rest:
        raise syntax_error(rest[0])
    names = {sql_tokens.name_value(item[0]) for item in sql_tokens.split_commas(words[opening + 1 : close]) if item}
    return names if kind == "primary" else set()


def _table_tail(tail: list[Token], names: set[str] | None, marks: TableMarks) -> list[Token]:
    """Leave out Redshift's table attributes; what follows AS stays."""
    words = sql_tokens.significant(tail)
    while words and words[0].key not in ("as", ";"):
        words = _attribute(words, names, marks)
    if not words or words[0].key == ";":
        return words
    start = next(index for index, token in enumerate(tail) if token is words[0])
    return [Token(SPACE, " "), *_literals_with_lengths(tail[start:])]


def _literals_with_lengths(query: list[Token]) -> list[Token]:
    """Give the literals that a query selects as columns their length, which is that of the new table's column."""
    result, depth, last = list(query), 0, Token(SPACE, "")
    for index, token in enumerate(query):
        depth += (token.key == "(") - (token.key == ")")
        after = next((each for each in query[index + 1 :] if each.kind != SPACE), Token(SPACE, ""))
        begins = depth == 0 and (last.key in ("select", "distinct", "all", ","))
        if token.kind == STRING and begins and (after.kind in (WORD, QUOTED, SPACE) or after.key in (",", ";")):
            length = max(1, len(sql_tokens.string_value(token).encode()))
            result[index] = Token(WORD, f"{token.text}::varchar({length})")
        if token.kind != SPACE:
            last = token
    return result


def _attribute(words: list[Token], names: set[str] | None, marks: TableMarks) -> list[Token]:
    """Take one table attribute off the front."""
    keys = [token.key for token in words[:3]] + ["", "", ""]
    if keys[0] == "diststyle" and keys[1] in ("even", "key", "all", "auto"):
        marks.diststyle = keys[1]
        return words[2:]
    if keys[0] == "backup" and keys[1] in ("yes", "no"):
        return words[2:]
    if keys[:2] in (["encode", "auto"], ["sortkey", "auto"]):
        return words[2:]
    if keys[0] in ("compound", "interleaved") and keys[1] == "sortkey":
        marks.interleaved = keys[0] == "interleaved"
        words, keys = words[1:], keys[1:]
    if keys[0] in ("distkey", "sortkey") and keys[1] == "(":
        close = sql_tokens.closing(words, 1)
        if close < 0:
            raise syntax_error(words[0])
        for item in filter(None, sql_tokens.split_commas(words[2:close])):
            name = sql_tokens.name_value(item[0])
            if names is not None and name not in names:
                raise SqlError(UNDEFINED_COLUMN, f'column "{item[0].text}" named in {keys[0].upper()} does not exist')
            marks.key(keys[0], name)
        return words[close + 1 :]
    raise unsupported(f"CREATE TABLE … {words[0].text.upper()}")


def alter(tokens: list[Token]) -> list[Token]:
    """Rewrite an ALTER statement.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
    """
    words = sql_tokens.significant(tokens)
    if len(words) < 2 or words[1].key != "table":
        return tokens
    at = _after_name(words, 2)
    action = [token.key for token in words[at : at + 3]] + [""] * 3
    if action[0] == "add" and action[1] in _TABLE_CONSTRAINTS:
        raise unsupported(f"ALTER TABLE … ADD {action[1].upper()}")
    for key in action if action[0] != "add" else []:
        if key in _ALTER_REFUSED:
            raise unsupported(f"ALTER TABLE … {key.upper()}")
    if action[0] in ("alter", "set", "enable", "disable", "inherit", "no", "force", "validate", "attach", "detach"):
        _refuse_foreign_action([token.key for token in words[at:]])
    if action[0] != "add":
        return tokens
    at += 2 if action[1] == "column" else 1
    definition = [token for token in words[at:] if token.key != ";"]
    front = " ".join(token.text for token in words[:at])
    return [Token(WORD, f"{front} {column(definition, TableMarks())};")]


def _refuse_foreign_action(keys: list[str]) -> None:
    """``ALTER [COLUMN] name TYPE VARCHAR(n)`` is all of this kind that Redshift and PostgreSQL both know."""
    if keys[0] == "alter":
        change = keys[3:] if keys[1] == "column" else keys[2:]
        if change[:2] in (["type", "varchar"], ["type", "character"]):
            return
        keys = [keys[0], *change]
    raise unsupported(f"ALTER TABLE … {' '.join(keys[:2]).upper()}")


def maintenance(tokens: list[Token]) -> list[Token]:
    """Rewrite VACUUM and ANALYZE: PostgreSQL has one way of each.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html and r_ANALYZE.html
    """
    words = [token for token in sql_tokens.significant(tokens) if token.key != ";"]
    keys = [token.key for token in words]
    if keys[:2] == ["analyze", "compression"]:
        raise unsupported("ANALYZE COMPRESSION")
    end = keys.index("to") if "to" in keys else len(words)
    rest = [token for token in words[1:end] if token.key != "boost"]
    if keys[0] == "vacuum":
        while rest and rest[0].key in ("full", "sort", "delete", "only", "reindex", "recluster"):
            rest = rest[1:]
    elif [token.key for token in rest[-2:]] in (["predicate", "columns"], ["all", "columns"]):
        rest = rest[:-2]
    return [Token(WORD, " ".join([keys[0].upper(), " ".join(token.text for token in rest)]) + ";")]
