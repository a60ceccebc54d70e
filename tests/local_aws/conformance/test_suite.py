"""The suite itself: what it must notice, and the page that is made from it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from .case import Case, Step, made_bytes, topic, topics
from .page import PAGE, page
from .run import Run, Target


def test_the_page_is_what_the_cases_say() -> None:
    assert PAGE.read_text("utf-8") == page(topics()), "run: make conformance-page"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("SELECT 1", {"rows": [[2]]}),
    ("SELECT 1", {"rows": [[True]]}),
    ("SELECT 1", {"rows": []}),
    ("SELECT 1 AS a", {"columns": ["b"]}),
    ("SELECT 1", {"types": ["int8"]}),
    ("SELECT 1", {"error": "42703"}),
    ("SELECT nothing", {}),
    ("SELECT nothing", {"error": "42P01"}),
    ("SELECT nothing", {"error": '42703 column "something"'}),
    ("SELECT nothing", {"refused": "nothing"}),
    ("SELECT 1", {"notices": ["INFO: one"]}),
    ("SELECT 1", {"load_errors": [{"line_number": 1}]}),
]


@pytest.mark.parametrize(("sql", "expected"), WRONG)
def test_a_wrong_expectation_is_noticed(target: Target, sql: str, expected: dict[str, Any]) -> None:
    case = Case("topic", "name", "unverified", (Step(sql, expected=expected),), local_only=True)
    with pytest.raises(AssertionError):
        Run(target, case, f"conformance_{uuid4().hex[:12]}").run()


def test_who_does_not_wait_is_noticed(target: Target) -> None:
    case = Case("topic", "name", "unverified", (Step("SELECT 1", waits=True),))
    with pytest.raises(AssertionError, match="did not wait"):
        Run(target, case, f"conformance_{uuid4().hex[:12]}").run()


BAD_FILES = [
    ("topic: T\ncases:\n- {name: a, page: x, step: []}\n", "what is step"),
    ("topic: T\ncases:\n- {name: a, page: x, steps: [{sql: x, row: []}]}\n", "what is row"),
    ("topic: T\ncases:\n- {name: a, page: x, name: b, steps: []}\n", "said twice"),
    ("topic: T\ncases:\n- {name: a, page: x, steps: []}\n- {name: a, page: x, steps: []}\n", "two cases of one name"),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        topic(path)


FILES: list[tuple[Any, bytes]] = [
    ("é ${s3}", "é s3://b/p".encode()),
    ({"bytes": "\xff\x00"}, b"\xff\0"),
    (["a", {"bytes": "\xff"}], b"a\xff"),
    ({"repeat": {"times": 3, "of": "x\n"}}, b"x\nx\nx\n"),
    ({"base64": "/w=="}, b"\xff"),
    ({"manifest": ["a"], "mandatory": False}, b'{"entries": [{"url": "s3://b/p/a", "mandatory": false}]}'),
]


@pytest.mark.parametrize(("piece", "data"), FILES)
def test_files_are_made_as_written(piece: Any, data: bytes) -> None:
    assert made_bytes(piece, {"s3": "s3://b/p"}) == data


def test_files_can_be_compressed() -> None:
    assert gzip.decompress(made_bytes({"gzip": ["a", "b"]}, {})) == b"ab"


def test_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("topic: T\ncases:\n- {name: a, page: r_X, steps: [{sql: x, rows: [[2019-01-01, yes, true, 1]]}]}\n")
    case = topic(path).cases[0]
    assert case.steps[0].expected["rows"] == [["2019-01-01", "yes", True, 1]]
    assert case.url == "https://docs.aws.amazon.com/redshift/latest/dg/r_X.html"
