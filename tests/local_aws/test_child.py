"""Child processes: ended in order, found again after our own death, and never mistaken for another's."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local_aws.child import Child, ChildError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_for(child: Child, text: bytes) -> None:
    deadline = time.monotonic() + 20
    while text not in child.log.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_killed_process_left_is_ended(tmp_path: Path) -> None:
    left = Child("sleeper", tmp_path)
    left.start(SLEEP, {})
    pid = json.loads((tmp_path / "child.json").read_text())["pid"]
    # Another object: all that a new process has is what stands on disk.
    assert Child("sleeper", tmp_path).stop_leftover()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    with pytest.raises(ChildError, match="sleeper ended"):
        left.check()
    assert not Child("sleeper", tmp_path).stop_leftover()
    left.stop(1)


def check_until_it_fails(child: Child) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        child.check()


@pytest.mark.parametrize("difference", ["born", "folder"])
def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path, difference: str) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    elsewhere = tmp_path if difference == "folder" else folder
    with subprocess.Popen(SLEEP, cwd=elsewhere) as other:
        born = psutil.Process(other.pid).create_time() - (100 if difference == "born" else 0)
        (folder / "child.json").write_text(json.dumps({"pid": other.pid, "born": born}))
        assert not Child("sleeper", folder).stop_leftover()
        assert other.poll() is None
        other.kill()


def test_a_child_that_ends_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child("talker", tmp_path)
    child.start([sys.executable, "-c", "print('the reason', flush=True); raise SystemExit(3)"], {})
    wait_for(child, b"the reason")
    with pytest.raises(ChildError, match=r"talker ended with code 3(.|\n)*the reason"):
        check_until_it_fails(child)
    child.stop(1)


def test_one_that_does_not_listen_is_ended_for_certain(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = Child("deaf one", tmp_path)
    child.start([sys.executable, "-c", deaf], {})
    wait_for(child, b"deaf")
    began = time.monotonic()
    child.stop(0.2)
    assert time.monotonic() - began < 5
    assert not (tmp_path / "child.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends a child with its parent")
def test_a_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time; from local_aws.child import Child;"
        f"Child('sleeper', pathlib.Path(sys.argv[1])).start({SLEEP!r}, {{}});"
        "print('started', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        child = psutil.Process(json.loads((tmp_path / "child.json").read_text())["pid"])
        # It asks to die with its parent once it runs; before that it looks for its parent itself.
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
