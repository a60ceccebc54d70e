"""Numbers that PostgreSQL alone can read: 0x1F, 0o17, 0b11 and 1_000, as they are or in quotes.

PostgreSQL has read them since version 16; Redshift comes from version 8. Where a text is cast to a number they are no
numbers either: see dialect.sql.
"""

from __future__ import annotations

import re

from local_aws.redshift.sql.sql_tokens import NUMBER, SPACE, STRING, WORD, Token, string_value
from local_aws.redshift.sql_error import SqlError, unsupported

INVALID_TEXT = "22P02"
_FOREIGN = re.compile(r"\s*[-+]?(?:0[xob]\w*|(?=[\d.]+_)[\d._]+(?:e[-+]?[\d_]+)?)\s*", re.IGNORECASE)
# A literal after these has their type.
_NUMBER_TYPES = ("smallint", "int2", "integer", "int", "int4", "bigint", "int8", "numeric", "decimal", "dec")

# These read no number in what follows them.
_TYPED = ("date", "time", "timestamp", "timestamptz", "interval", "escape", "zone", "password")


def rewrite_numbers(tokens: list[Token]) -> list[Token]:
    """Make texts that PostgreSQL would take for numbers VARCHARs, so that they stay texts or fail.

    Raises SqlError for such a number without quotes, and for one after the name of a type.
    """
    result = list(tokens)
    before = Token(SPACE, "")
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else Token(SPACE, "")
        if token.kind == NUMBER and following.kind == WORD and _FOREIGN.fullmatch(token.text + following.text):
            raise unsupported(f"the number {token.text}{following.text} (nor by Redshift)")
        if token.kind == STRING and token.text[0] == "'" and _FOREIGN.fullmatch(string_value(token)):
            if before.key in _NUMBER_TYPES:
                raise SqlError(INVALID_TEXT, f'invalid input syntax for type {before.key}: "{string_value(token)}"')
            if before.kind != WORD or before.key not in _TYPED:
                result[index] = Token(WORD, f"{token.text}::varchar")
        if token.kind != SPACE:
            before = token
    return result
