"""CREATE and ALTER of users, groups and databases.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
"""

from __future__ import annotations

from local_aws.redshift.sql import transactions
from local_aws.redshift.sql.sql_tokens import SPACE, WORD, Token
from local_aws.redshift.sql_error import unsupported

_REFUSED = (("createuser",), ("nocreateuser",), ("syslog", "access"), ("session", "timeout"), ("external", "id"))
_UNLIMITED = [Token(WORD, "-1")]


def rewrite(words: list[Token], tokens: list[Token]) -> list[Token]:
    """Rewrite CREATE or ALTER of a USER, GROUP, ROLE or DATABASE."""
    keys = [token.key for token in words]
    if keys[1] == "role":
        raise unsupported(f"{keys[0].upper()} ROLE (use groups)")
    if keys[1] == "database":
        return transactions.database_isolation(words) if "isolation" in keys else tokens
    if keys[1] == "group":
        return tokens
    for option in _REFUSED:
        if any(tuple(keys[at : at + len(option)]) == option for at in range(3, len(keys))):
            raise unsupported(f"{keys[0].upper()} USER … {' '.join(option).upper()}")
    return _replaced(tokens)


def _replaced(tokens: list[Token]) -> list[Token]:
    """PASSWORD DISABLE and CONNECTION LIMIT UNLIMITED in PostgreSQL's words."""
    result, before = [], ""
    for token in tokens:
        pair = (before, token.key)
        if pair == ("password", "disable"):
            result.append(Token(WORD, "NULL"))
        elif pair == ("limit", "unlimited"):
            result += _UNLIMITED
        else:
            result.append(token)
        before = before if token.kind == SPACE else token.key
    return result
