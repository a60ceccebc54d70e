"""The facts: one .sql file each, its head telling what the table is, its body the SELECT that fills it.

The head is SQL comments: first lines say what the rows mean and why they are computed so; then
``-- key: a, b``, ``-- column NAME TYPE: about`` for each column of the SELECT, in its order, and
``-- columns of SOURCE`` for all columns of a source.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Mapping

from warehouse.model import Column, Fact, Source

_COLUMN = re.compile(r"column (?P<name>\w+) (?P<type>[A-Z][A-Z ]*(?:\([\d, ]+\))?): (?P<about>.+)")
_COLUMNS_OF = re.compile(r"columns of (?P<source>\w+)")
_KEY = re.compile(r"key: (?P<names>.+)")


def read_facts(staged: Mapping[str, Source]) -> tuple[Fact, ...]:
    """Every fact in this folder, by name. ``staged``: the sources and dimensions that a SELECT may read, by name."""
    return tuple(
        parse_fact(path.stem, path.read_text("utf-8"), staged) for path in sorted(Path(__file__).parent.glob("*.sql"))
    )


def parse_fact(name: str, text: str, staged: Mapping[str, Source]) -> Fact:
    """Turn one .sql file into a Fact.

    Raises ValueError: no columns are declared, or the SELECT reads a table that the catalog does not know.
    """
    head = [line[2:].strip() for line in text.splitlines() if line.startswith("--")]
    select = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
    about: list[str] = []
    key: tuple[str, ...] = ()
    columns: list[Column] = []
    for line in head:
        if match := _COLUMN.fullmatch(line):
            columns.append(Column(match["name"], match["type"], match["about"]))
        elif match := _COLUMNS_OF.fullmatch(line):
            columns.extend(staged[match["source"]].columns)
        elif match := _KEY.fullmatch(line):
            key = tuple(part.strip() for part in match["names"].split(","))
        else:
            about.append(line)
    fact = Fact(name, " ".join(about), tuple(columns), select, key)
    _validate(fact, staged)
    return fact


def _validate(fact: Fact, staged: Mapping[str, Source]) -> None:
    if not fact.columns:
        raise ValueError(
            f"facts/{fact.name}.sql declares no column: add lines such as '-- column n INTEGER: rows counted'"
        )
    unknown = [read for read in fact.reads if read not in staged]
    if unknown:
        raise ValueError(f"facts/{fact.name}.sql reads {unknown}, which the catalog does not know: {sorted(staged)}")
