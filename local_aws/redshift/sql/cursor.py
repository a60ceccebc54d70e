"""The tokens of one statement, taken one after the other."""

from __future__ import annotations

from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.sql_tokens import Token
from local_aws.redshift.sql_error import SYNTAX_ERROR, SqlError


class Cursor:
    """Where a reader of a statement stands."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = [token for token in sql_tokens.significant(tokens) if token.key != ";"]
        self._at = 0

    def peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token(sql_tokens.BROKEN, "")

    def next(self) -> Token:
        token = self.peek()
        self._at += 1
        return token

    def accept(self, *keys: str) -> bool:
        """Take the next token if it is one of the keywords."""
        found = self.peek().key in keys
        self._at += found
        return found

    def expect(self, key: str) -> None:
        if not self.accept(key):
            raise syntax_error(self.peek())

    def name(self) -> str:
        token = self.next()
        if token.kind not in (sql_tokens.WORD, sql_tokens.QUOTED):
            raise syntax_error(token)
        return sql_tokens.name_value(token)

    def string(self) -> str:
        self.accept("as")
        token = self.next()
        if token.kind != sql_tokens.STRING or not token.text.startswith("'"):
            raise syntax_error(token)
        return sql_tokens.string_value(token)

    def number(self) -> int:
        self.accept("as")
        token = self.next()
        if not token.text.isdecimal():
            raise syntax_error(token)
        return int(token.text)


def syntax_error(token: Token) -> SqlError:
    """Return PostgreSQL's own words for a token that cannot stand where it stands."""
    if not token.text:
        return SqlError(SYNTAX_ERROR, "syntax error at end of input")
    return SqlError(SYNTAX_ERROR, f'syntax error at or near "{token.text}"')
