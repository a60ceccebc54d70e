"""The same options give the same bytes, whoever writes them and however the work is cut up."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from generator import Options, generate, jobs

SMALL = Options(to="unused", students=2_000, degrees=("data_science", "machine_learning"), months=(1, 2), bad_rows=50)


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of each file below the folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path, options: Options) -> dict[str, bytes]:
    generate(replace(options, to=str(folder)))
    return files(folder)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return written(tmp_path_factory.mktemp("expected"), replace(SMALL, processes=1))


def test_processes_do_not_matter(tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert written(tmp_path, replace(SMALL, processes=3)) == expected


@pytest.mark.parametrize("block", [1, 333, 2_000])
def test_blocks_do_not_matter(
    tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    options, students = (SMALL, 2_000) if block > 1 else (replace(SMALL, students=15, bad_rows=20), 15)
    whole = expected if students == 2_000 else written(tmp_path / "whole", options)
    monkeypatch.setattr(jobs, "BLOCK", block)
    assert written(tmp_path / "cut", options) == whole


def test_a_month_does_not_depend_on_the_ones_asked_for_with_it(tmp_path: Path, expected: dict[str, bytes]) -> None:
    alone = written(tmp_path, replace(SMALL, degrees=("machine_learning",), months=(2,), bad_rows=0))
    without_bad_rows = written(tmp_path / "both", replace(SMALL, bad_rows=0))
    partition = {key for key in alone if key.startswith("machine_learning/")}
    assert len(partition) == 4
    assert {key: alone[key] for key in partition} == {key: without_bad_rows[key] for key in partition}


def test_more_students_leave_the_others_as_they_are(tmp_path: Path, expected: dict[str, bytes]) -> None:
    more = written(tmp_path, replace(SMALL, students=2_500, bad_rows=0))
    users = "dimensional_tables/users_dim.csv"
    assert more[users].startswith(expected[users])


def test_another_seed_gives_other_students(tmp_path: Path, expected: dict[str, bytes]) -> None:
    other = written(tmp_path, replace(SMALL, seed=7))
    same = {key for key, content in other.items() if content == expected[key]}
    assert same == {"dimensional_tables/projects_dim.csv", "dimensional_tables/videos_dim.csv"}


def test_the_processor_does_not_matter(tmp_path: Path, expected: dict[str, bytes]) -> None:
    """With everything off that numpy would choose by processor, in a process of its own."""
    features = " ".join(dispatched_features())
    assert features, "numpy chooses nothing by this processor, so this test would show nothing"
    command = [sys.executable, "-W", "error", "-m", "generator", "--to", str(tmp_path), "--students", "2000"]
    command += ["--degrees", *SMALL.degrees, "--months", "1-2", "--bad-rows", "50"]
    subprocess.run(command, check=True, env={**os.environ, "NPY_DISABLE_CPU_FEATURES": features})
    assert files(tmp_path) == expected


def dispatched_features() -> list[str]:
    """What this processor has of the features that numpy looks for when it starts."""
    try:
        from numpy._core import _multiarray_umath as core
    except ImportError:  # numpy 1
        from numpy.core import _multiarray_umath as core  # type: ignore[no-redef]
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]
