"""A look at the warehouse's tables, as pandas data frames, and mending, with the pipeline's login."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from warehouse import repair_command
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES
from warehouse.login import connect
from warehouse.settings import load

if TYPE_CHECKING:
    import pandas as pd

_EXIST = """
SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') ORDER BY c.relname
"""
_NAMES = {
    "dimensions": tuple(source.name for source in DIMENSIONS),
    "staging": tuple(f"_{source.name}" for source in SOURCES),
    "facts": tuple(f"_{fact.name}" for fact in FACTS),
    "errors": ("_errors",),
}


def query(statement: str | sql.Composable, values: Sequence[Any] | None = None) -> pd.DataFrame:
    """The rows of a SELECT, in which each ``%s`` stands for one of ``values``; nothing that it changes is kept.

    Raises psycopg2.Error: the warehouse refuses; SettingsError: it is not provisioned.
    """
    import pandas as pd  # here: commands that look at no table start without it

    with closing(connect(load())) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        head = [column.name for column in cursor.description or []]
        found: pd.DataFrame = pd.DataFrame(cursor.fetchall() if head else [], columns=head)
    return found


def repair(*arguments: str) -> None:
    """Mend refused rows: the words of the command ``repair``, such as ``repair("show", "data_science_video_log")``."""
    repair_command.main(arguments)


def tables(kind: str) -> list[str]:
    """Names of the tables that there are: ``dimensions``, ``staging``, ``facts`` or ``errors``."""
    return [name for name in query(_EXIST)["relname"] if name.endswith(_NAMES[kind])]


def first_rows(table_name: str, rows: int = 5) -> pd.DataFrame:
    """The first rows of a table, in no particular order."""
    return query(sql.SQL("SELECT * FROM {} LIMIT {}").format(sql.Identifier(table_name), sql.Literal(rows)))
