"""COPY statements as values."""

from __future__ import annotations

import pytest

from local_aws.redshift.sql.copy_statement import CopyStatement, parse_copy
from local_aws.redshift.sql.sql_tokens import tokenize
from local_aws.redshift.sql_error import SqlError

ROLE = "arn:aws:iam::123456789012:role/reader"
PLAIN = CopyStatement(None, "t", None, "s3://b/k", iam_role=ROLE, csv=True, delimiter=",")


def with_options(**options: object) -> CopyStatement:
    return CopyStatement(**{**PLAIN.__dict__, **options})


OPTIONS = [
    ("CSV", {}),
    ("FORMAT CSV", {}),
    ("format as csv", {}),
    ("CSV QUOTE AS '%' DELIMITER '\\t'", {"quote": "%", "delimiter": "\t"}),
    ("CSV IGNOREHEADER AS 1", {"ignore_header": 1}),
    ("CSV TIMEFORMAT 'epochmillisecs' DATEFORMAT AS 'auto'", {"time_format": "epochmillisecs", "date_format": "auto"}),
    ("CSV MAXERROR 100000", {"max_error": 100_000}),
    ("CSV EMPTYASNULL BLANKSASNULL", {"empty_as_null": True, "blanks_as_null": True}),
    ("CSV COMPUPDATE OFF STATUPDATE ON NOLOAD", {"no_load": True}),
    ("", {"csv": False, "delimiter": "|"}),
    ("DELIMITER '\\t' ESCAPE", {"csv": False, "delimiter": "\t", "escape": True}),
    ("CSV GZIP", {"compression": "gzip"}),
    ("CSV NULL AS 'NA' TRIMBLANKS TRUNCATECOLUMNS", {"null_as": "NA", "trim_blanks": True, "truncate_columns": True}),
    (
        "CSV FILLRECORD IGNOREBLANKLINES ROUNDEC",
        {"fill_record": True, "ignore_blank_lines": True, "round_decimals": True},
    ),
    ("CSV ACCEPTINVCHARS", {"replace_invalid": "?"}),
    ("CSV ACCEPTINVCHARS AS '^' ENCODING UTF8", {"replace_invalid": "^"}),
    ("CSV DATEFORMAT 'MM/DD/YYYY'", {"date_format": "MM/DD/YYYY"}),
    ("REGION 'us-west-2' MANIFEST CSV", {"region": "us-west-2", "manifest": True}),
]


@pytest.mark.parametrize(("text", "options"), OPTIONS)
def test_options(text: str, options: dict[str, object]) -> None:
    assert parse_copy(tokenize(f"COPY t FROM 's3://b/k' IAM_ROLE '{ROLE}' {text}")) == with_options(**options)


def test_names_and_columns() -> None:
    copy = parse_copy(
        tokenize(f"copy S.\"My Table\" (A, \"b c\") from 's3://b/k' credentials 'aws_iam_role={ROLE}' csv;")
    )
    assert copy == with_options(schema="s", table="My Table", columns=("a", "b c"))


REFUSED = [
    ("COPY t FROM 's3://b/k' CSV", "0A000", "IAM_ROLE"),
    ("COPY t FROM 's3://b/k' IAM_ROLE default CSV", "0A000", "IAM_ROLE DEFAULT"),
    ("COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=x;y=z' CSV", "0A000", "access keys"),
    ("COPY t FROM 's3://b/k' ACCESS_KEY_ID 'x' CSV", "0A000", "ACCESS_KEY_ID"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV LZOP", "0A000", "LZOP"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' FORMAT PARQUET", "0A000", "PARQUET"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV ACCEPTANYDATE", "0A000", "ACCEPTANYDATE"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' REMOVEQUOTES", "0A000", "REMOVEQUOTES"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' FIXEDWIDTH 'a:1'", "0A000", "FIXEDWIDTH"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV ESCAPE", "42601", "ESCAPE"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' QUOTE '%'", "42601", "only with CSV"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV QUOTE '1'", "0A000", "QUOTE '1'"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV ENCODING UTF16", "0A000", "UTF16"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV DATEFORMAT 'DD-MM-YY'", "0A000", "DATEFORMAT"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV DATEFORMAT 'YYYY-DDD'", "0A000", "DATEFORMAT"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV TIMEFORMAT 'YYYY-MM-DD HH12'", "0A000", "TIMEFORMAT"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV TIMEFORMAT 'YYYY-MM-DD MM'", "42601", "twice"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV TIMEFORMAT 'EPOCHMILLISECS'", "0A000", "TIMEFORMAT"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV DELIMITER '||'", "0A000", "DELIMITER"),
    ("COPY t FROM 'dynamodb://x' IAM_ROLE 'r'", "0A000", "dynamodb"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV MAXERROR 100001", "42601", "100001"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV MAXERROR x", "42601", '"x"'),
    ("COPY t FROM 's3://b/k' IAM_ROLE", "42601", "end of input"),
    ("COPY t FROM", "42601", "end of input"),
    ("COPY t (a b) FROM 's3://b/k'", "42601", '"b"'),
    ("COPY t FROM 's3://' IAM_ROLE 'r' CSV", "42601", "bucket"),
    ("COPY t FROM 's3://b' IAM_ROLE 'r' CSV MANIFEST", "42601", "object"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV 'x'", "42601", "'x'"),
    ("COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV QUOTE ','", "42601", "differ"),
]


@pytest.mark.parametrize(("text", "sqlstate", "words"), REFUSED)
def test_what_is_not_known_is_refused_by_name(text: str, sqlstate: str, words: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse_copy(tokenize(text))
    assert caught.value.sqlstate == sqlstate
    assert words in caught.value.message
