"""Names and texts as PostgreSQL reads them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """Return an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string literal, in the mode where a backslash escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
