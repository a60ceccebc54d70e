"""Atomic writes: whole or not at all, and never readable by others."""

import stat
from pathlib import Path

import pytest

from local_aws.files import write_atomically


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_file_has_the_content_and_the_mode(tmp_path: Path, mode: int) -> None:
    write_atomically(tmp_path / "f", b"old")
    write_atomically(tmp_path / "f", b"new", mode)
    assert (tmp_path / "f").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == mode
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_crash_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(tmp_path / "f", b"old")

    def crash(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("local_aws.files.os.fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    monkeypatch.undo()
    write_atomically(tmp_path / "f", b"newer")
    assert (tmp_path / "f").read_bytes() == b"newer"
