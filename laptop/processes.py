"""Child processes: each with a log of its own, and remembered on disk, so that what a kill left is found and ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Mapping, Sequence

import psutil

STOP_SECONDS = 20.0


class ChildEnded(RuntimeError):
    """A process that should go on has ended; the text has the end of its log."""


class Processes:
    """The processes of one state folder.

    Each is the leader of a session of its own, so that its children can be told by the session's number even when
    their parent is gone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._record = folder / "processes.json"
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Start a process that goes on until ``stop``."""
        with self.log_file(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                command,
                env=environment,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._remember()

    def log_file(self, name: str) -> Path:
        """Where the process writes what it says."""
        return self.folder / f"{name}.log"

    def check(self) -> None:
        """Raise ChildEnded if one of them has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                how = (
                    f"was ended by signal {-child.returncode}"
                    if child.returncode < 0
                    else f"ended ({child.returncode})"
                )
                raise ChildEnded(f"{name} {how}. {self.log_file(name)} ends with:\n{self.log_tail(name)}")

    def log_tail(self, name: str, characters: int = 1500) -> str:
        """The end of what it said."""
        return self.log_file(name).read_text(encoding="utf-8", errors="replace")[-characters:].strip()

    def stop(self, name: str) -> None:
        """End one of them, with its children."""
        _end_session(self._children[name].pid)
        self._children.pop(name).wait()
        self._remember()

    def leftovers(self) -> dict[str, int]:
        """Names and pids of processes that an earlier run left: its leaders, or children that outlived them."""
        if not self._record.exists():
            return {}
        recorded = json.loads(self._record.read_text())
        return {name: entry["pid"] for name, entry in recorded.items() if _is_ours(entry["pid"], entry["started"])}

    def stop_leftovers(self) -> list[str]:
        """End what an earlier run left; return the names."""
        left = self.leftovers()
        for pid in left.values():
            _end_session(pid)
        self._record.unlink(missing_ok=True)
        return list(left)

    def _remember(self) -> None:
        entries = {
            name: {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
            for name, child in self._children.items()
            if psutil.pid_exists(child.pid)
        }
        fresh = self._record.with_suffix(".new")
        fresh.write_text(json.dumps(entries))
        fresh.replace(self._record)


def _is_ours(pid: int, started: float) -> bool:
    """Whether the session is that of the process recorded: while a session has members its number is not given anew."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return bool(_session(pid))


def _session(leader: int) -> list[psutil.Process]:
    """The living processes of the session."""
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):  # it ended meanwhile: no member
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def _end_session(leader: int) -> None:
    """Ask the leader to stop, which stops its children in order; after that, or twenty seconds, kill who is left."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while leader in (process.pid for process in _session(leader)) and time.monotonic() < deadline:
        time.sleep(0.1)
    while members := _session(leader):
        for process in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.05)
