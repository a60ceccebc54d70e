"""Who may load with which IAM role: GRANT and REVOKE ASSUMEROLE, which PostgreSQL does not know.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html. Until it is revoked from PUBLIC, everyone may use
every role of the cluster; a superuser always may. ``system.sql`` keeps the grants, COPY asks ``question``.
"""

from __future__ import annotations

from local_aws.redshift.quoting import literal
from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.cursor import syntax_error
from local_aws.redshift.sql.sql_tokens import OPERATOR, STRING, WORD, Token
from local_aws.redshift.sql_error import unsupported

ACTIONS = ("copy", "unload", "external function", "create model")


def rewrite(words: list[Token]) -> list[Token]:
    """Turn ``GRANT|REVOKE ASSUMEROLE ON … TO|FROM … FOR …`` into a call of the function that keeps the grants."""
    verb = words[0].key
    words = [token for token in words if token.key != ";"]
    keys = [token.key for token in words]
    to = "to" if verb == "grant" else "from"
    if keys[2:3] != ["on"] or to not in keys or "for" not in keys[keys.index(to) :]:
        raise syntax_error(words[-1])
    at, end = keys.index(to), keys.index("for", keys.index(to))
    roles = [_role(item) for item in sql_tokens.split_commas(words[3:at])]
    grantees = [_grantee(item) for item in sql_tokens.split_commas(words[at + 1 : end])]
    actions = [action for item in sql_tokens.split_commas(words[end + 1 :]) for action in _actions(item)]
    arrays = ", ".join(f"ARRAY[{', '.join(map(literal, values))}]" for values in (roles, grantees, actions))
    # DO answers with no rows, as GRANT does.
    return [Token(WORD, f"DO {literal(f'BEGIN PERFORM pg_catalog.assumerole_{verb}({arrays}); END')};")]


def question(role_arn: str) -> str:
    """Return the query that tells whether the session's user may COPY with the role: ``t`` or ``f``."""
    return f"SELECT pg_catalog.may_assume(current_user, {literal(role_arn)}, 'copy')"


def _role(item: list[Token]) -> str:
    """An ARN, or ``*`` for ALL."""
    if len(item) == 1 and item[0].kind == STRING:
        return sql_tokens.string_value(item[0])
    if [token.key for token in item] == ["all"]:
        return "*"
    if [token.key for token in item] == ["default"]:
        raise unsupported("ASSUMEROLE ON DEFAULT")
    raise syntax_error(item[0] if item else Token(OPERATOR, ","))


def _grantee(item: list[Token]) -> str:
    """The name of a user or group; nothing for PUBLIC."""
    if len(item) == 2 and item[0].key == "group":
        return sql_tokens.name_value(item[1])
    if len(item) == 2 and item[0].key == "role":
        raise unsupported("ASSUMEROLE TO ROLE")
    if len(item) != 1:
        raise syntax_error(item[0] if item else Token(OPERATOR, ","))
    return "" if item[0].key == "public" else sql_tokens.name_value(item[0])


def _actions(item: list[Token]) -> tuple[str, ...]:
    action = " ".join(token.key for token in item)
    if action == "all":
        return ACTIONS
    if action not in ACTIONS:
        raise syntax_error(item[0] if item else Token(OPERATOR, ","))
    return (action,)
