"""SQL text as tokens: enough of the lexer to know what is a string, a comment or a name, and nothing of grammar.

The tokens of a text, joined, are the text. Redshift keeps PostgreSQL 8.0's string literals, in which a backslash
escapes (https://docs.aws.amazon.com/redshift/latest/dg/pattern-matching-conditions-posix.html doubles every one).
"""

from __future__ import annotations

import re
from typing import NamedTuple

SPACE, STRING, QUOTED, WORD, NUMBER, PARAMETER, OPERATOR, BROKEN = (
    "space",
    "string",
    "quoted",
    "word",
    "number",
    "parameter",
    "operator",
    "broken",
)

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<string>'(?:[^'\\]+|''|\\.)*')
    |(?P<quoted>"(?:[^"]+|"")*")
    |(?P<dollar>\$(?:[A-Za-z_\u0080-\U0010ffff][\w]*)?\$)
    |(?P<parameter>\$\d+)
    |(?P<word>[A-Za-z_\u0080-\U0010ffff][\w$]*)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<broken>['"].*)
    |(?P<operator>::|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """A piece of SQL text and what it is; comments count as space."""

    kind: str
    text: str

    @property
    def key(self) -> str:
        """An unquoted word in lower case, an operator as it is, else nothing: for comparing with keywords."""
        if self.kind == WORD:
            return self.text.lower()
        return self.text if self.kind == OPERATOR else ""


def tokenize(sql: str) -> list[Token]:
    """Cut SQL text into tokens. An unclosed string, name or comment is one broken token up to the end."""
    tokens: list[Token] = []
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        assert match is not None  # the last alternative takes any character
        kind, end = match.lastgroup or BROKEN, match.end()
        if kind == "comment":
            kind, end = _comment_end(sql, at)
        elif kind == "dollar":
            close = sql.find(match.group(), end)
            kind, end = (STRING, close + len(match.group())) if close >= 0 else (BROKEN, len(sql))
        tokens.append(Token(kind, sql[at:end]))
        at = end
    return tokens


def _comment_end(sql: str, start: int) -> tuple[str, int]:
    """Block comments nest, as in PostgreSQL."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return SPACE, edge.end()
    return BROKEN, len(sql)


def join(tokens: list[Token]) -> str:
    """Return the text of the tokens."""
    return "".join(token.text for token in tokens)


def significant(tokens: list[Token]) -> list[Token]:
    """Return the tokens without white space and comments."""
    return [token for token in tokens if token.kind != SPACE]


def statements(tokens: list[Token]) -> list[list[Token]]:
    """Cut the tokens at semicolons; the semicolon ends its statement, and empty statements are left out."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        parts[-1].append(token)
        if token.key == ";":
            parts.append([])
    return [part for part in parts if any(token.key != ";" for token in significant(part))]


def closing(tokens: list[Token], opening: int) -> int:
    """Return the index of the parenthesis that closes the one at ``opening``, or -1."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].key == "(":
            depth += 1
        elif tokens[index].key == ")":
            depth -= 1
            if depth == 0:
                return index
    return -1


def split_commas(tokens: list[Token]) -> list[list[Token]]:
    """Cut the tokens at the commas that stand in no parentheses."""
    items: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.key == "(") - (token.key == ")")
        if token.key == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return items


def string_value(token: Token) -> str:
    """Return the value of a quoted string literal."""

    def unescape(match: re.Match[str]) -> str:
        letter = match.group(1)
        if letter is None:
            return "'"
        return chr(int(letter, 8)) if letter[0] in "01234567" else _ESCAPES.get(letter, letter)

    return re.sub(r"''|\\([0-7]{1,3}|.)", unescape, token.text[1:-1], flags=re.DOTALL)


def name_value(token: Token) -> str:
    """Return the name that an unquoted word or a quoted name stands for."""
    return token.text[1:-1].replace('""', '"') if token.kind == QUOTED else token.text.lower()
