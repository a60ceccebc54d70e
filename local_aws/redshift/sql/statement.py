"""What a text of SQL comes to."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.redshift.sql.copy_statement import CopyStatement


@dataclass(frozen=True)
class Statement:
    """A statement that PostgreSQL runs: its text and its first word."""

    sql: str
    head: str


Script = list[Statement | CopyStatement]
