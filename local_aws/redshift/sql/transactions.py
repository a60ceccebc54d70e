"""Redshift's isolation: a mode in which one of two transactions that no order could explain ends in error 1023.

https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html. PostgreSQL's own SERIALIZABLE finds them: no
table here has an index, so that it watches whole tables, as Redshift does.
"""

from __future__ import annotations

from local_aws.redshift.sql.cursor import syntax_error
from local_aws.redshift.sql.sql_tokens import WORD, Token, significant
from local_aws.redshift.sql_error import unsupported

_LEVELS = {"level serializable": 2, "level read": 3, "level repeatable": 3}  # and how many words each has
_MODES = {"on": "SERIALIZABLE", "true": "SERIALIZABLE", "off": "READ COMMITTED", "false": "READ COMMITTED"}


def begin(tokens: list[Token]) -> list[Token]:
    """Leave the isolation level out of BEGIN and START TRANSACTION.

    Whatever level is named means the database's own: https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html
    """
    words = significant(tokens)
    keys = [token.key for token in words]
    if "isolation" not in keys:
        return tokens
    at = keys.index("isolation")
    size = _LEVELS.get(" ".join(keys[at + 1 : at + 3]))
    if not size:
        raise syntax_error(words[at])
    return [Token(WORD, " ".join(token.text for token in (*words[:at], *words[at + 1 + size :])))]


def switch(tokens: list[Token]) -> list[Token]:
    """Rewrite ``SET local_endpoint.serializable = on``; other switches are the system tables' to read."""
    words = [token for token in significant(tokens) if token.key != ";"]
    name = words[3].key if len(words) > 3 else ""
    if name == "serverless":
        return tokens
    mode = _MODES.get(words[-1].text.strip("'").lower())
    if name != "serializable" or mode is None:
        raise unsupported(f"SET local_endpoint.{name} = {words[-1].text}")
    return [Token(WORD, f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {mode};")]


def database_isolation(words: list[Token]) -> list[Token]:
    """Rewrite ``ALTER DATABASE name ISOLATION LEVEL SERIALIZABLE``, which holds for the sessions that follow."""
    keys = [token.key for token in words if token.key != ";"]
    if keys[0] != "alter" or keys[3:] != ["isolation", "level", "serializable"]:
        raise unsupported(f"{keys[0].upper()} DATABASE … ISOLATION LEVEL {' '.join(keys[-1:]).upper()}")
    return [Token(WORD, f"ALTER DATABASE {words[2].text} SET default_transaction_isolation = 'serializable';")]
