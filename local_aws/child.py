"""A server that is another program: started, remembered on disk, and stopped even after our own sudden death."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from local_aws.files import write_atomically

# On Linux the kernel can end the child when its parent dies. It is asked for by the child itself before it becomes the
# server, since running Python between fork and exec of a process with threads may deadlock. 1 is PR_SET_PDEATHSIG.
_DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys;"
    "ctypes.CDLL(None).prctl(1, signal.SIGKILL);"
    "os.getppid() == int(sys.argv[1]) or sys.exit('the parent is gone');"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


class ChildError(Exception):
    """The child ended by itself or cannot be ended; the message says which and where its log is."""


class Child:
    """One child process that works in ``folder`` of its own and keeps ``child.json`` and ``log`` there.

    A child is known as ours by three things at once: process id, time of birth, and the folder that it works in.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / "log"
        self._record = folder / "child.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run ``command`` (no secrets on it: every user of the machine can read it) in the folder."""
        self.stop_leftover()
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for our process, which then stops the server in order.
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        born = psutil.Process(self._process.pid).create_time()
        write_atomically(self._record, json.dumps({"pid": self._process.pid, "born": born}).encode())

    def check(self) -> None:
        """Raise ChildError if the child is gone."""
        if self._process is not None and self._process.poll() is not None:
            tail = b"\n".join(self.log.read_bytes().splitlines()[-5:]).decode(errors="replace")
            raise ChildError(f"{self.name} ended with code {self._process.returncode}. The end of {self.log}:\n{tail}")

    def stop(self, patience: float) -> None:
        """End the child: politely, and after ``patience`` seconds for certain."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._record.unlink(missing_ok=True)

    def stop_leftover(self) -> bool:
        """End the child of an earlier process that was killed; True if there was one."""
        leftover = self._leftover()
        if leftover is not None:
            # It may end by itself in between, which is what is wanted.
            with contextlib.suppress(psutil.NoSuchProcess):
                leftover.kill()
                leftover.wait(10)
        self._record.unlink(missing_ok=True)
        return leftover is not None

    def _leftover(self) -> psutil.Process | None:
        if not self._record.exists():
            return None
        record = json.loads(self._record.read_text())
        try:
            process = psutil.Process(record["pid"])
            same_birth = abs(process.create_time() - record["born"]) < 1
            ours = same_birth and Path(process.cwd()).samefile(self.folder)
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, or another user's: not ours either way
            return None
        return process if ours else None
