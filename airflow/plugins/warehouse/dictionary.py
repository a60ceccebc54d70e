"""What the tables are, in Markdown, from the catalog: for people who look at the DAG, or read its tables."""

from __future__ import annotations

from typing import Iterable, Sequence

from warehouse.catalog import DIMENSIONS, FACTS, SOURCES
from warehouse.model import Check, Column, Fact, Source

# Nowhere `code` within a line: Airflow's page of a task makes a block of each.
HOW_TO_MEND = """### When this fails

Rows of **{table}** wait for a person: the log says which, and why. Until they are settled, the facts of this degree
that read the table wait; no other degree does.

1. Look:

        repair list
        repair show {table}

2. Mend refused rows in the one table **{table}_errors**, by SQL or in a spreadsheet; give up what nobody can mend:

        repair export {table} rows.csv
        repair import {table} rows.csv
        repair discard {table} --line 17 --why "a blank line"

    Rows that fail a check are moved there first, or are let be:

        repair set-aside {table} CHECK
        repair accept {table} CHECK --why "asked the student"

3. Put back:

        repair put-back {table}

4. Go on: clear the failed check, with Downstream and Recursive. Nothing is staged again; the facts that waited are
   built.

On a laptop the command is **make repair ARGS="list"**, in containers **docker compose exec scheduler repair list**.
"""


def overview(degrees: Sequence[str]) -> str:
    """The DAG: what it does, and its tables by kind."""
    subjects: list[Source | Fact] = [*DIMENSIONS, *SOURCES, *FACTS]
    return "\n".join(
        [
            "Load each month's learning data from S3 into Redshift, account for every record, and rebuild the facts.",
            "",
            f"Every node is a SubDAG with a chain of tasks for each degree: {_names(degrees)}.",
            "**A file with refused rows holds back the facts of its own degree that read it, and nothing else:**",
            "where a task is red, its log and its SubDAG's page say what to do.",
            "",
            *_table(("node", "what it is", "reads"), map(_node, subjects)),
        ]
    )


def about_source(source: Source, degrees: Sequence[str] = ()) -> str:
    """A monthly source or a dimension: its tables, columns and checks; for a source also how to mend a file."""
    names = [source.table_name(degree) for degree in degrees] or [source.table_name()]
    lines = [
        f"## {source.name}",
        "",
        source.about,
        "",
        f"Tables: {_names(names)}. One row for each: {_names(source.key)}.",
    ]
    columns = source.table(degrees[0] if degrees else None).columns
    lines += ["", *_columns(columns), "", "### Checks", "", *map(_check, source.checks)]
    if source.monthly:
        lines += ["", HOW_TO_MEND.format(table=f"DEGREE_{source.name}")]
    return "\n".join(lines)


def about_fact(fact: Fact, degrees: Sequence[str]) -> str:
    """A fact: its tables, what they are built from, and their columns."""
    return "\n".join(
        [
            f"## {fact.name}",
            "",
            fact.about,
            "",
            f"Tables: {_names(map(fact.table_name, degrees))}. One row for each: {_names(fact.table(degrees[0]).key)}.",
            f"Read from {_names(fact.reads)}, once all of them have passed this month.",
            "",
            *_columns(fact.table(degrees[0]).columns),
        ]
    )


def checks_of(source: Source, table: str) -> str:
    """The task that checks a table: what it promises, and what to do when that does not hold."""
    mend = HOW_TO_MEND.format(table=table) if source.monthly else ""
    return "\n".join([f"Checks this month's rows of **{table}**:", "", *map(_check, source.checks), "", mend])


def refused_rows_of(table: str) -> str:
    """The task that sets refused rows aside."""
    return (
        f"Moves the records that Redshift refused of this month's file, whole, into **{table}_errors**, and accounts"
        f" for every record of the file.\n\n{HOW_TO_MEND.format(table=table)}"
    )


def _node(subject: Source | Fact) -> tuple[str, str, str]:
    if isinstance(subject, Fact):
        return f"build_{subject.name}", subject.about, ", ".join(subject.reads)
    return f"stage_{subject.name}", subject.about, subject.s3_key("DEGREE", "YEAR", "MONTH")


def _columns(columns: Sequence[Column]) -> list[str]:
    rows = ((column.name, column.type, _about(column)) for column in columns)
    return _table(("column", "type", "what it is"), rows)


def _about(column: Column) -> str:
    notes = [*(["never empty"] if column.required else []), *(["personal"] if column.personal else [])]
    return f"{column.about} ({', '.join(notes)})" if notes else column.about


def _check(check: Check) -> str:
    return f"- {check.name}{'' if check.level == 'error' else ' (said in the log, holds nothing)'}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"**{name}**" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
