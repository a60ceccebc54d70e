"""What the web UI tells of tables: all that the catalog says, in a form that its pages show well."""

from __future__ import annotations

import re

import pytest

from warehouse import dictionary
from warehouse.catalog import DIMENSIONS, FACTS, SOURCES
from warehouse.model import Fact, Source

DEGREES = ("data_science", "data_ethics")


@pytest.mark.parametrize("source", SOURCES + DIMENSIONS, ids=lambda source: source.name)
def test_a_source_is_told_with_tables_columns_checks_and_what_to_do(source: Source) -> None:
    text = dictionary.about_source(source, DEGREES if source.monthly else ())
    assert source.about in text
    names = [source.table_name(degree) for degree in DEGREES] if source.monthly else [source.name]
    assert [name for name in names if f"**{name}**" not in text] == []
    assert [column.name for column in source.columns if f"| {column.name} | {column.type} |" not in text] == []
    assert [check.name for check in source.checks if f"- {check.name}" not in text] == []
    assert ("When this fails" in text) == source.monthly


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_fact_is_told_with_what_it_reads(fact: Fact) -> None:
    text = dictionary.about_fact(fact, DEGREES)
    assert fact.about in text
    assert [name for name in fact.reads if f"**{name}**" not in text] == []
    assert [column.name for column in fact.columns if f"| {column.name} | {column.type} |" not in text] == []


def test_the_dag_lists_every_node() -> None:
    text = dictionary.overview(DEGREES)
    nodes = [f"stage_{source.name}" for source in DIMENSIONS + SOURCES] + [f"build_{fact.name}" for fact in FACTS]
    assert re.findall(r"^\| ((?:stage|build)_\w+)", text, re.MULTILINE) == nodes


def test_commands_name_the_table_of_the_check() -> None:
    for text in (
        dictionary.refused_rows_of("data_ethics_video_log"),
        dictionary.checks_of(SOURCES[0], "data_ethics_video_log"),
    ):
        assert "        repair put-back data_ethics_video_log\n" in text


def test_nothing_is_code_within_a_line_or_looks_like_a_tag() -> None:
    """Airflow's page of a task makes a block of the one, and drops the other."""
    texts = [dictionary.overview(DEGREES), *(dictionary.about_fact(fact, DEGREES) for fact in FACTS)]
    texts += [dictionary.about_source(source, DEGREES if source.monthly else ()) for source in SOURCES + DIMENSIONS]
    assert [text for text in texts if re.search(r"[`<>]", text)] == []
