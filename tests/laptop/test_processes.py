"""Children are watched, ended with all that they started, and found again after their parent was killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from laptop.processes import ChildEnded, Processes

FAMILY = "import subprocess, sys, time; print('up', flush=True); subprocess.Popen(['sleep', '600']); time.sleep(600)"


@pytest.fixture
def family(tmp_path: Path) -> tuple[Processes, list[psutil.Process]]:
    """A child and its own child, started in a state folder."""
    processes = Processes(tmp_path)
    processes.start("parent", [sys.executable, "-c", FAMILY], dict(os.environ), tmp_path)
    leader = psutil.Process(processes.leftovers()["parent"])
    while not leader.children():
        time.sleep(0.02)
    return processes, [leader, *leader.children()]


def test_stopping_ends_the_whole_family(family: tuple[Processes, list[psutil.Process]]) -> None:
    processes, members = family
    processes.check()
    processes.stop("parent")
    assert psutil.wait_procs(members, timeout=5)[1] == []
    assert processes.leftovers() == {}


def test_children_are_found_when_their_parent_is_gone(
    family: tuple[Processes, list[psutil.Process]], tmp_path: Path
) -> None:
    processes, (leader, orphan) = family
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    later = Processes(tmp_path)
    assert later.leftovers() == {"parent": leader.pid}
    assert later.stop_leftovers() == ["parent"]
    assert psutil.wait_procs([orphan], timeout=5)[1] == []
    assert later.stop_leftovers() == []
    processes.stop("parent")


def test_a_number_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    record = f'{{"parent": {{"pid": {os.getpid()}, "started": 1.0}}}}'
    (tmp_path / "processes.json").write_text(record)
    assert Processes(tmp_path).stop_leftovers() == []


def test_a_child_that_ends_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("short", [sys.executable, "-c", "print('no such bucket'); raise SystemExit(3)"], {}, tmp_path)
    while processes.leftovers():
        time.sleep(0.02)
    with pytest.raises(ChildEnded, match=r"short ended \(3\)\. .*short\.log ends with:\nno such bucket"):
        processes.check()
    processes.stop("short")
