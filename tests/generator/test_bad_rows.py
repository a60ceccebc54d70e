"""Rows that are bad on purpose: each is refused for what its kind says, stands where the manifest says, and mends."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from generator import Options, generate
from generator.breakage import KINDS
from warehouse.catalog import SOURCES
from warehouse.model import Column, Source

RFC_4180_FIELD = r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))'
BY_NAME = {source.name: source for source in SOURCES}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind several times, in twelve files."""
    folder = tmp_path_factory.mktemp("planted")
    generate(Options(to=str(folder), students=3_000, months=(1,), bad_rows=1_200))
    return folder


@pytest.fixture(scope="module")
def manifest(planted: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((planted / "bad_rows.json").read_text(encoding="utf-8"))["rows"]
    return [{**row, "raw": base64.b64decode(row["raw"])} for row in rows]


def source_of(row: dict[str, Any]) -> Source:
    return BY_NAME[Path(row["file"]).stem]


def why_refused(raw: bytes, source: Source) -> str:
    """What a strict warehouse says against the record; empty if it takes it. Written from the formats' descriptions."""
    if b"\0" in raw:
        return "NUL byte"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    if not re.fullmatch(rf"{RFC_4180_FIELD}(?:,{RFC_4180_FIELD})*", text):
        return "stray quote"
    fields = [quoted.replace('""', '"') or plain for quoted, plain in re.findall(rf"(?:^|,){RFC_4180_FIELD}", text)]
    if len(fields) != len(source.columns):
        return "number of fields"
    reasons = (why_value_refused(value, column, source) for value, column in zip(fields, source.columns))
    return next((reason for reason in reasons if reason), "")


def why_value_refused(value: str, column: Column, source: Source) -> str:
    if column.type.startswith("VARCHAR"):
        return "too long" if len(value.encode()) > int(column.type[8:-1]) else ""
    if not value:
        return "empty" if column.required else ""
    if column.type == "INTEGER":
        return "" if re.fullmatch(r"-?[0-9]+", value) and abs(int(value)) < 2**31 else "not an integer"
    if source.time_format == "epochmillisecs":
        return "" if re.fullmatch(r"[0-9]{13}", value) else "not a date"
    try:
        datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "not a date"
    return ""


def test_as_many_as_asked_for_of_every_kind(manifest: list[dict[str, Any]]) -> None:
    assert len(manifest) == 1_200
    assert {row["kind"] for row in manifest} == {kind.name for kind in KINDS}
    assert len(KINDS) >= 20
    assert len({row["file"] for row in manifest}) == 12


def test_every_bad_row_is_refused(manifest: list[dict[str, Any]]) -> None:
    taken = {(row["kind"], row["file"]) for row in manifest if not why_refused(row["raw"], source_of(row))}
    assert not taken


def test_every_bad_row_can_be_mended(manifest: list[dict[str, Any]]) -> None:
    for row in manifest:
        if row["mended"] is None:
            assert row["kind"] == "blank_line"
            continue
        fields = (value.replace('"', '""') for value in row["mended"].values())
        assert not why_refused(",".join(f'"{field}"' for field in fields).encode(), source_of(row)), row["kind"]
        assert not row["column"] or row["column"] in row["mended"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("word_for_number", "not an integer"),
        ("too_long_text", "too long"),
        ("too_long_in_bytes_only", "too long"),
        ("bad_utf8", "not UTF-8"),
        ("extra_field", "number of fields"),
        ("missing_last_field", "number of fields"),
        ("nul_byte_in_text", "NUL byte"),
        ("wrong_date", "not a date"),
        ("empty_user", "empty"),
        ("stray_quote", "stray quote"),
        ("multi_line_text_and_wrong_number", "not an integer"),
    ],
)
def test_a_kind_is_refused_for_what_it_says(manifest: list[dict[str, Any]], kind: str, reason: str) -> None:
    assert {why_refused(row["raw"], source_of(row)) for row in manifest if row["kind"] == kind} == {reason}


def test_the_long_story_is_longer_than_load_errors_keep(manifest: list[dict[str, Any]]) -> None:
    stories = [row for row in manifest if row["kind"] == "multi_line_text_and_wrong_number"]
    assert stories
    for row in stories:
        text = row["raw"].decode()
        assert len(row["raw"]) > 1_024
        assert row["lines"] == text.count("\n") + 1 > 10
        assert '""' in text
        assert "," in text
        assert not text.isascii()


def test_too_long_in_bytes_only_is_not_too_long_in_characters(manifest: list[dict[str, Any]]) -> None:
    for row in manifest:
        if row["kind"] == "too_long_in_bytes_only":
            most = {column.name: column.type for column in source_of(row).columns}[row["column"]]
            assert max(len(field) for field in row["raw"].decode().split(",")) <= int(most[8:-1])


def test_the_manifest_says_where_each_stands(planted: Path, manifest: list[dict[str, Any]]) -> None:
    for name in {row["file"] for row in manifest}:
        content = (planted / name).read_bytes()
        line_starts = [0] + [found.end() for found in re.finditer(b"\n", content)]
        # A record ends at a line end with an even number of quotes before it; the broken ones have even numbers too.
        record_starts = [at for at in line_starts if content.count(b'"', 0, at) % 2 == 0]
        for row in (row for row in manifest if row["file"] == name):
            start = line_starts[row["line"] - 1]
            assert content[start:].startswith(row["raw"] + b"\n"), row["kind"]
            assert record_starts[row["record"]] == start, row["kind"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same students, without bad rows."""
    folder = tmp_path_factory.mktemp("clean")
    generate(Options(to=str(folder), students=3_000, months=(1,)))
    return folder


def test_without_them_the_files_are_the_clean_ones(planted: Path, clean: Path, manifest: list[dict[str, Any]]) -> None:
    assert not (clean / "bad_rows.json").exists()
    for path in sorted(clean.rglob("*.csv")):
        name = str(path.relative_to(clean))
        lines = (planted / name).read_bytes().splitlines(keepends=True)
        of_file = [row for row in manifest if row["file"] == name]
        bad = {number for row in of_file for number in range(row["line"] - 1, row["line"] - 1 + row["lines"])}
        assert b"".join(line for number, line in enumerate(lines) if number not in bad) == path.read_bytes()


def test_mended_rows_have_keys_that_are_free(clean: Path, manifest: list[dict[str, Any]]) -> None:
    for name in {row["file"] for row in manifest}:
        mended = [row["mended"]["user_id"] for row in manifest if row["file"] == name and row["mended"]]
        assert len(set(mended)) == len(mended)
        assert not re.search(rf"^(?:{'|'.join(mended)}),".encode(), (clean / name).read_bytes(), re.MULTILINE)


def test_only_where_they_are_wanted(tmp_path: Path) -> None:
    wanted = "data_engineering/2019/2/video_log.csv"
    options = Options(to=str(tmp_path), students=500, months=(1, 2), bad_rows=10, bad_in="data_engineering/2019/2/v*")
    summary = generate(options)
    assert {row.file for row in summary.refused} == {wanted}
    assert len({row.kind for row in summary.refused}) == 10
