"""One column definition of Redshift's as PostgreSQL's.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html and r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.cursor import syntax_error
from local_aws.redshift.sql.sql_tokens import Token
from local_aws.redshift.sql.table_marks import TableMarks
from local_aws.redshift.sql_error import UNDEFINED_OBJECT, SqlError, unsupported

INVALID_PARAMETER = "22023"
VARCHAR_MAX = 65_535
VARCHAR_DEFAULT = 256
CHAR_MAX = 4_096
DECIMAL_MAX = 38
VARBYTE_DEFAULT = 64_000
VARBYTE_MAX = 16_777_216

_PLAIN_TYPES = (
    *("smallint", "int2", "integer", "int", "int4", "bigint", "int8", "real", "float4", "float8", "float"),
    *("boolean", "bool", "date", "timestamp", "timestamptz", "time", "timetz"),
)
_DECIMAL_TYPES = ("decimal", "numeric", "dec")
_VARCHAR_TYPES = ("varchar", "nvarchar", "text")
_CHAR_TYPES = ("char", "character", "nchar", "bpchar")
_VARBYTE_TYPES = ("varbyte", "varbinary")
_REFUSED_TYPES = ("super", "geometry", "geography", "hllsketch", "interval", "binary")


def column(words: list[Token], marks: TableMarks, *, not_null: bool = False) -> str:
    """Return a column definition for PostgreSQL from the tokens of Redshift's."""
    name, rest = words[0].text, words[1:]
    if not rest:
        raise syntax_error(words[0])
    type_text, check, rest = _type(name, rest)
    parts = [name, type_text]
    if check:
        parts.append(check)
    while rest:
        marks.column_attribute(sql_tokens.name_value(words[0]), rest)
        text, is_key, rest = _attribute(rest)
        not_null = not_null or is_key
        if text:
            parts.append(text)
    if not_null and "NOT NULL" not in parts:
        parts.append("NOT NULL")
    return " ".join(parts)


def _type(name: str, words: list[Token]) -> tuple[str, str, list[Token]]:
    """Return the type for PostgreSQL, a CHECK that it needs, and the tokens after it."""
    key, rest = words[0].key, words[1:]
    if key in _REFUSED_TYPES:
        raise unsupported(f"type {key.upper()}")
    if key in ("character", "char") and rest and rest[0].key == "varying":
        key, rest = "varchar", rest[1:]
    arguments, rest = _arguments(rest)
    if key in _VARCHAR_TYPES:
        return f"varchar({_length('varchar', arguments, VARCHAR_DEFAULT, VARCHAR_MAX)})", "", rest
    if key in _CHAR_TYPES:
        return f"char({_length('char', arguments, 256 if key == 'bpchar' else 1, CHAR_MAX)})", "", rest
    if key in _VARBYTE_TYPES:
        length = _length("varbyte", arguments, VARBYTE_DEFAULT, VARBYTE_MAX)
        fits = f"coalesce(octet_length({name}), 0) <= {length}"
        return "bytea", f"CHECK ({fits} OR pg_catalog.varbyte_too_long({length}))", rest
    if key in _DECIMAL_TYPES:
        if arguments and arguments[0].isdecimal() and not 1 <= int(arguments[0]) <= DECIMAL_MAX:
            raise SqlError(INVALID_PARAMETER, f"DECIMAL precision {arguments[0]} must be between 1 and {DECIMAL_MAX}")
        return f"numeric({','.join(arguments) or '18,0'})", "", rest
    if key == "double" and rest and rest[0].key == "precision":
        return "double precision", "", rest[1:]
    if key in _PLAIN_TYPES:
        if arguments:
            raise unsupported(f"type {key.upper()}({','.join(arguments)})")
        zone, rest = _time_zone(rest) if key in ("timestamp", "time") else ("", rest)
        return f"{key}{zone}", "", rest
    raise SqlError(UNDEFINED_OBJECT, f'type "{words[0].text}" does not exist')


def _arguments(words: list[Token]) -> tuple[list[str], list[Token]]:
    if not words or words[0].key != "(":
        return [], words
    close = sql_tokens.closing(words, 0)
    if close < 0:
        raise syntax_error(words[0])
    return ["".join(token.text for token in item) for item in sql_tokens.split_commas(words[1:close])], words[
        close + 1 :
    ]


def _length(kind: str, arguments: list[str], default: int, limit: int) -> int:
    """Lengths are bytes; MAX is the longest."""
    if not arguments:
        return default
    if arguments[0].lower() == "max":
        return limit
    if not arguments[0].isdecimal() or not 1 <= int(arguments[0]) <= limit:
        raise SqlError(INVALID_PARAMETER, f"length for type {kind} must be from 1 to {limit}, not {arguments[0]}")
    return int(arguments[0])


def _time_zone(words: list[Token]) -> tuple[str, list[Token]]:
    keys = [token.key for token in words[:3]]
    if keys in (["with", "time", "zone"], ["without", "time", "zone"]):
        return f" {keys[0]} time zone", words[3:]
    return "", words


def _attribute(words: list[Token]) -> tuple[str, bool, list[Token]]:
    """Return the text for PostgreSQL of the first attribute, whether it is a primary key, and the rest."""
    keys = [token.key for token in words[:5]] + [""] * 5
    if keys[:2] == ["not", "null"]:
        return "NOT NULL", False, words[2:]
    if keys[0] in ("null", "distkey", "sortkey", "unique"):
        return "", False, words[1:]
    if keys[:2] == ["primary", "key"]:
        return "", True, words[2:]
    if keys[0] == "encode" and len(words) > 1:
        return "", False, words[2:]
    if keys[:2] == ["collate", "case_sensitive"]:
        return "", False, words[2:]
    if keys[0] == "references":
        return "", False, skip_references(words)
    if keys[0] == "identity":
        return _identity("ALWAYS", words[1:])
    if keys[:5] == ["generated", "by", "default", "as", "identity"]:
        return _identity("BY DEFAULT", words[5:])
    if keys[0] == "default":
        return _default(words)
    raise unsupported(f"column attribute {words[0].text.upper()}")


def skip_references(words: list[Token]) -> list[Token]:
    """Take ``REFERENCES table [(columns)]`` off the front."""
    if not words or words[0].key != "references" or len(words) < 2:
        raise syntax_error(words[0] if words else Token(sql_tokens.BROKEN, ""))
    rest = words[2:]
    while rest and rest[0].key == ".":
        rest = rest[2:]
    return _arguments(rest)[1]


def _identity(kind: str, words: list[Token]) -> tuple[str, bool, list[Token]]:
    arguments, rest = _arguments(words)
    if len(arguments) != 2:
        raise syntax_error(words[0] if words else Token(sql_tokens.BROKEN, ""))
    seed, step = arguments
    bounds = " NO MINVALUE NO MAXVALUE" if step.startswith("-") else f" MINVALUE {min(int(seed), 1)}"
    return f"GENERATED {kind} AS IDENTITY (START WITH {seed} INCREMENT BY {step}{bounds})", True, rest


def _default(words: list[Token]) -> tuple[str, bool, list[Token]]:
    """A default runs up to the next attribute outside parentheses."""
    ends = ("not", "null", "encode", "distkey", "sortkey", "unique", "primary", "references", "collate", "identity")
    depth, at = 0, 2
    for at in range(1, len(words) + 1):
        if at == len(words):
            break
        depth += (words[at].key == "(") - (words[at].key == ")")
        # DEFAULT NULL is an expression; a later NULL is an attribute.
        if depth == 0 and at > 1 and words[at].key in ends:
            break
    return "DEFAULT " + " ".join(token.text for token in words[1:at]), False, words[at:]


def cast_type(words: list[Token]) -> str:
    """Return the type of a cast for PostgreSQL."""
    if not words:
        raise syntax_error(Token(sql_tokens.OPERATOR, ")"))
    text, check, rest = _type("", words)
    if check:
        raise unsupported(f"TRY_CAST to {words[0].text.upper()}")
    if rest:
        raise syntax_error(rest[0])
    return text
