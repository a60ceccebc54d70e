"""What a COPY statement asks for, read from its text.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from local_aws.redshift.rows import time_patterns
from local_aws.redshift.rows.columns import Format
from local_aws.redshift.sql import sql_tokens
from local_aws.redshift.sql.cursor import Cursor, syntax_error
from local_aws.redshift.sql.sql_tokens import Token
from local_aws.redshift.sql_error import SYNTAX_ERROR, SqlError, unsupported

MAX_ERRORS_LIMIT = 100_000
EPOCH_TIME_FORMATS = ("epochsecs", "epochmillisecs")


@dataclass(frozen=True)
class CopyStatement:
    """A COPY of CSV or delimited text from S3. An absent option has Redshift's default."""

    schema: str | None
    table: str
    columns: tuple[str, ...] | None
    source: str
    iam_role: str = ""
    region: str | None = None
    manifest: bool = False
    csv: bool = False
    delimiter: str = ""  # "," for CSV, else "|"
    quote: str = '"'
    ignore_header: int = 0
    time_format: str | None = None
    date_format: str | None = None
    max_error: int = 0
    empty_as_null: bool = False
    blanks_as_null: bool = False
    no_load: bool = False
    null_as: str = "\\N"
    escape: bool = False
    compression: str | None = None
    trim_blanks: bool = False
    truncate_columns: bool = False
    fill_record: bool = False
    ignore_blank_lines: bool = False
    replace_invalid: str | None = None
    round_decimals: bool = False
    sql: str = field(default="", compare=False)

    @property
    def value_format(self) -> Format:
        """The options that say how a value reads."""
        return Format(
            time_format=self.time_format,
            date_format=self.date_format,
            # "EMPTYASNULL and NULL AS '' (empty string) produce the same behavior."
            empty_as_null=self.empty_as_null or not self.null_as,
            blanks_as_null=self.blanks_as_null,
            trim_blanks=self.trim_blanks,
            truncate=self.truncate_columns,
            replace_invalid=None if self.replace_invalid is None else self.replace_invalid.encode(),
            round_decimals=self.round_decimals,
        )


def parse_copy(tokens: list[Token]) -> CopyStatement:
    """Read a COPY statement."""
    cursor = Cursor(tokens)
    cursor.expect("copy")
    if cursor.peek().key == "(":
        raise unsupported("COPY of a query")
    schema, table = None, cursor.name()
    if cursor.accept("."):
        schema, table = table, cursor.name()
    columns = _column_list(cursor)
    if cursor.accept("to"):
        raise unsupported("COPY … TO")
    cursor.expect("from")
    if cursor.accept("stdin"):
        raise unsupported("COPY … FROM STDIN (nor by Redshift, which loads from S3)")
    source = cursor.string()
    if not source.startswith("s3://"):
        raise unsupported(f"COPY from '{source.split(':', 1)[0]}:…'")
    copy = CopyStatement(schema, table, columns, source)
    while cursor.peek().text:
        copy = _option(copy, cursor)
    return _checked(copy)


def _column_list(cursor: Cursor) -> tuple[str, ...] | None:
    if not cursor.accept("("):
        return None
    names = [cursor.name()]
    while cursor.accept(","):
        names.append(cursor.name())
    cursor.expect(")")
    return tuple(names)


def _option(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    token = cursor.next()
    if token.kind != sql_tokens.WORD:
        raise syntax_error(token)
    option = _OPTIONS.get(token.key)
    if option is None:
        raise unsupported(f"COPY option {token.text.upper()}")
    return option(copy, cursor)


def _iam_role(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    if cursor.accept("default"):
        raise unsupported("COPY option IAM_ROLE DEFAULT")
    return replace(copy, iam_role=cursor.string())


def _credentials(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    cursor.accept("with")
    name, _, value = cursor.string().partition("=")
    if name != "aws_iam_role":
        raise unsupported("COPY with access keys (name an IAM_ROLE)")
    return replace(copy, iam_role=value)


def _format(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    cursor.accept("as")
    token = cursor.next()
    if token.key != "csv":
        raise unsupported(f"COPY option FORMAT {token.text.upper()}")
    return replace(copy, csv=True)


def _quote(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = _one_byte("QUOTE", cursor.string())
    # Such a quote could stand in a number or a date, and be part of it or not.
    if value.isalnum() or value in "+-.: ":
        raise unsupported(f"COPY option QUOTE '{value}'")
    return replace(copy, quote=value)


def _delimiter(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    return replace(copy, delimiter=_one_byte("DELIMITER", cursor.string()))


def _one_byte(option: str, value: str) -> str:
    # Redshift also takes octal escapes and, for DELIMITER, several characters.
    if len(value) != 1 or not value.isascii() or value in "\r\n\0":
        raise unsupported(f"COPY option {option} '{value}'")
    return value


def _time_format(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = cursor.string()
    # https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html: these are case sensitive
    if value not in ("auto", *EPOCH_TIME_FORMATS):
        time_patterns.reader("TIMEFORMAT", value)
    return replace(copy, time_format=value)


def _date_format(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = cursor.string()
    if value != "auto":
        time_patterns.reader("DATEFORMAT", value)
    return replace(copy, date_format=value)


def _null_as(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = cursor.string()
    if "\0" in value or "\n" in value or "\r" in value:
        raise unsupported("COPY option NULL AS with a NUL byte or a line end")
    return replace(copy, null_as=value)


def _accept_invalid(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = "?"
    if cursor.accept("as") or cursor.peek().kind == sql_tokens.STRING:
        value = cursor.string()
    if len(value) != 1 or not value.isascii() or value == "\0":
        raise SqlError(SYNTAX_ERROR, f"ACCEPTINVCHARS '{value}': one ASCII character but NUL replaces a bad one")
    return replace(copy, replace_invalid=value)


def _encoding(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    cursor.accept("as")
    token = cursor.next()
    if token.text.strip("'").lower() != "utf8":
        raise unsupported(f"COPY option ENCODING {token.text.upper()}")
    return copy


def _switch(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    """COMPUPDATE and STATUPDATE: nothing to do here, neither compression nor statistics depend on them."""
    cursor.accept("on", "off", "true", "false", "preset")
    return copy


def _max_error(copy: CopyStatement, cursor: Cursor) -> CopyStatement:
    value = cursor.number()
    if value > MAX_ERRORS_LIMIT:
        raise SqlError(SYNTAX_ERROR, f"MAXERROR is {value}: it may be from 0 to {MAX_ERRORS_LIMIT}")
    return replace(copy, max_error=value)


_OPTIONS: dict[str, Callable[[CopyStatement, Cursor], CopyStatement]] = {
    "iam_role": _iam_role,
    "credentials": _credentials,
    "region": lambda copy, cursor: replace(copy, region=cursor.string()),
    "manifest": lambda copy, _: replace(copy, manifest=True),
    "format": _format,
    "csv": lambda copy, _: replace(copy, csv=True),
    "quote": _quote,
    "delimiter": _delimiter,
    "ignoreheader": lambda copy, cursor: replace(copy, ignore_header=cursor.number()),
    "timeformat": _time_format,
    "dateformat": _date_format,
    "maxerror": _max_error,
    "emptyasnull": lambda copy, _: replace(copy, empty_as_null=True),
    "blanksasnull": lambda copy, _: replace(copy, blanks_as_null=True),
    "compupdate": _switch,
    "statupdate": _switch,
    "noload": lambda copy, _: replace(copy, no_load=True),
    "null": _null_as,
    "escape": lambda copy, _: replace(copy, escape=True),
    "gzip": lambda copy, _: replace(copy, compression="gzip"),
    "bzip2": lambda copy, _: replace(copy, compression="bzip2"),
    "zstd": lambda copy, _: replace(copy, compression="zstd"),
    "trimblanks": lambda copy, _: replace(copy, trim_blanks=True),
    "truncatecolumns": lambda copy, _: replace(copy, truncate_columns=True),
    "fillrecord": lambda copy, _: replace(copy, fill_record=True),
    "ignoreblanklines": lambda copy, _: replace(copy, ignore_blank_lines=True),
    "acceptinvchars": _accept_invalid,
    "roundec": lambda copy, _: replace(copy, round_decimals=True),
    "encoding": _encoding,
}


def _checked(copy: CopyStatement) -> CopyStatement:
    copy = replace(copy, delimiter=copy.delimiter or ("," if copy.csv else "|"))
    if not copy.iam_role:
        raise unsupported("COPY without IAM_ROLE")
    bucket, _, key = copy.source[len("s3://") :].partition("/")
    if not bucket or (copy.manifest and not key):
        raise SqlError(SYNTAX_ERROR, f"The S3 path '{copy.source}' names no {'bucket' if not bucket else 'object'}")
    if copy.csv and copy.quote == copy.delimiter:
        raise SqlError(SYNTAX_ERROR, "DELIMITER and QUOTE must differ")
    # https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-csv
    if copy.csv and copy.escape:
        raise SqlError(SYNTAX_ERROR, "CSV cannot be used with ESCAPE")
    if not copy.csv and copy.quote != CopyStatement.quote:
        raise SqlError(SYNTAX_ERROR, "QUOTE can be used only with CSV")
    if copy.escape and copy.delimiter == "\\":
        raise SqlError(SYNTAX_ERROR, "DELIMITER must not be the backslash that ESCAPE gives a meaning")
    return copy
