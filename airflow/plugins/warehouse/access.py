"""Who may read which columns: derived from the catalog, so that a new source, fact or degree needs no line here.

Groups of people, with the tables that they read; nobody but data engineers sees a personal column. Tables of a degree
are told by their names, ``<degree>_<source>`` and ``<degree>_<fact>``.
"""

from __future__ import annotations

from psycopg2 import sql

from warehouse import ddl
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES
from warehouse.model import Fact, Source
from warehouse.redshift import Cursor

ENGINEERS = "data_engineers"
SCIENTISTS = "data_scientists"
ANALYSTS = "analysts"
PIPELINE = "pipeline"
GROUPS = (ENGINEERS, SCIENTISTS, ANALYSTS, PIPELINE)

_READ: dict[str, tuple[Source | Fact, ...]] = {
    SCIENTISTS: (*DIMENSIONS, *SOURCES, *FACTS),
    ANALYSTS: (*DIMENSIONS, *FACTS),
}
_PERSONAL = {
    (source.name, column.name) for source in DIMENSIONS + SOURCES for column in source.columns if column.personal
}


def readable(group: str, table_name: str) -> tuple[str, ...]:
    """The columns of the table that members of the group may read; none of a table that is not for them."""
    noun = _noun(group, table_name)
    if noun is None:
        return ()
    return tuple(column.name for column in noun.table("any").columns if column.name not in _personal(noun))


def grant(cursor: Cursor, table_name: str) -> None:
    """Let each group that there is read what it may of this table, and no more. Does not commit; can run twice.

    Run by the table's owner or a superuser. https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
    """
    cursor.execute("SELECT groname FROM pg_group WHERE groname IN %s", (tuple(_READ),))
    for (group,) in cursor.fetchall():
        names = {"table": sql.Identifier(table_name), "group": sql.Identifier(group)}
        # A column that became personal loses its grant.
        cursor.execute(sql.SQL("REVOKE ALL ON TABLE {table} FROM GROUP {group}").format(**names))
        noun = _noun(group, table_name)
        if noun is not None:
            # Where nothing is withheld the whole table, so that SELECT * and COUNT(*) work.
            columns = ddl.identifiers(readable(group, table_name))
            some = sql.SQL(" ({})").format(columns) if _personal(noun) else sql.SQL("")
            cursor.execute(sql.SQL("GRANT SELECT{some} ON TABLE {table} TO GROUP {group}").format(some=some, **names))


def _noun(group: str, table_name: str) -> Source | Fact | None:
    for noun in _READ.get(group, ()):
        if table_name == noun.name if _is_dimension(noun) else table_name.endswith(f"_{noun.name}"):
            return noun
    return None


def _is_dimension(noun: Source | Fact) -> bool:
    return isinstance(noun, Source) and not noun.monthly


def _personal(noun: Source | Fact) -> set[str]:
    """Names of its personal columns; of a fact also those named like a personal one of a table that it reads."""
    origins = {noun.name} if isinstance(noun, Source) else {noun.name, *noun.reads}
    marked = {column.name for column in noun.columns if column.personal}
    names = {column.name for column in noun.columns}
    return marked | {column for source, column in _PERSONAL if source in origins and column in names}
