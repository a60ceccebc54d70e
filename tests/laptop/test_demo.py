"""The story of bad rows is played to its end, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local_aws.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_story_ends_well(tmp_path: Path) -> None:
    ports = {name: str(free_port()) for name in ("AWS_PORT", "S3_PORT", "REDSHIFT_PORT")}
    done = subprocess.run(
        [sys.executable, "-m", "laptop", "demo"],
        env={**os.environ, "LAPTOP_STATE": str(tmp_path / "state"), **ports},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("== ")]
    assert [line.split(".")[0] for line in told] == [f"== {number} of 6" for number in range(1, 7)]
    assert "39 rows were put into data_science_project_feedback; 1 are still wrong." in done.stdout
    assert "January 2019: failed" in done.stdout
    assert "January 2019: success" in done.stdout
    assert done.stdout.rstrip().endswith("7 projects, each average as computed from the mended file.")
    assert not (tmp_path / "state" / "demo").exists()
