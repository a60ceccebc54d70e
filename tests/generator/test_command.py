"""``python -m generator``: what it says when it is asked for what cannot be, and when all went well."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.options import OptionError, Options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--students", "0"], "students: 0 is not from 1 to 99999999"),
        (["--students", "100000000"], "students: 100000000 is not"),
        (["--degrees", "alchemy"], "alchemy is not taught; there are data_science, data_analytics"),
        (["--degrees", "data_science", "data_science"], "degrees: the same one twice"),
        (["--years", "1970"], "years: 1970 is not from 1971 to 9999"),
        (["--years", "2020-2019"], "years: at least one is needed"),
        (["--months", "13"], "months: 13 is not from 1 to 12"),
        (["--months", "1", "1-2"], "months: the same one twice"),
        (["--bad-rows", "-1"], "bad rows: -1 is not"),
        (["--bad-rows", "1", "--bad-in", "*/users_dim.csv"], "no file matches '*/users_dim.csv'"),
        (["--processes", "0"], "processes: 0 is not"),
        (["--to", ""], "name a folder or s3://bucket/prefix"),
    ],
)
def test_options_that_cannot_be(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = [] if "--to" in arguments else ["--to", str(tmp_path / "made")]
    assert main([*arguments, *to]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_what_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--years", "20x9"])
    assert "--years: '20x9' is neither a number nor a range such as 1-6" in capsys.readouterr().err


def test_no_degree_at_all() -> None:
    with pytest.raises(OptionError, match="degrees: none is not taught"):
        Options(to="made", degrees=())


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["--to", str(tmp_path / "file"), "--students", "1"]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_summary_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--to", str(tmp_path), "--students", "400", "--years", "2018-2019", "--months", "12", "--bad-rows", "7"]
    assert main(command) == 0
    said = re.fullmatch(
        r".*: (\d+) files, ([\d,]+) rows, ([\d.]+) MB in [\d.]+ s, 7 bad rows on purpose\n", capsys.readouterr().out
    )
    assert said
    files = list(tmp_path.rglob("*.csv"))
    assert int(said[1]) == len(files) == 3 + 3 * 2 * 4
    assert float(said[3]) == round(sum(path.stat().st_size for path in files) / 1e6, 1)
    assert {path.parent.name for path in files} == {"12", "dimensional_tables"}


def test_progress_shows_on_a_terminal_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "generator", "--students", "50", "--months", "1", "--to", str(tmp_path)]
    quiet = subprocess.run(command, check=True, capture_output=True, text=True)
    assert quiet.stderr == ""
    here, there = os.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with os.fdopen(here, "rb", buffering=0) as terminal, os.fdopen(there, "wb") as shown:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=shown)
        assert b"/4 [" in terminal.read(10_000)


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    for option in ("--to", "--students", "--degrees", "--years", "--months", "--seed", "--bad-rows", "--processes"):
        assert option in told
    assert "machine_learning" in told


def test_any_year_has_students(tmp_path: Path) -> None:
    assert main(["--to", str(tmp_path), "--students", "2000", "--years", "1971", "2035", "9999", "--months", "6"]) == 0
    for path in tmp_path.rglob("video_log.csv"):
        assert path.read_bytes().count(b"\n") > 20, path
