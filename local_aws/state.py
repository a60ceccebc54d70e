"""The state folder: who runs on it, where the services listen, and the keys that open them."""

import fcntl
import json
import os
import secrets
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from local_aws.files import write_atomically

REGION = "us-west-2"


class StateError(Exception):
    """The state folder cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Credentials:
    """The one access key of the local AWS, and the key that S3 encrypts objects with."""

    access_key_id: str
    secret_access_key: str
    s3_encryption_key: str

    def __repr__(self) -> str:
        return f"Credentials(access_key_id={self.access_key_id!r})"


class StateFolder:
    """A folder that one local AWS at a time works in.

    ``lock()`` takes it; ``endpoints.json`` stands in it from the moment all services answer until they stop.
    ``client_files``: a folder where clients in other containers find ``config`` and ``credentials`` of AWS, and the
    certificate ``redshift.crt``, readable by the group.
    """

    def __init__(self, path: Path, client_files: Path | None = None) -> None:
        self.path = path.absolute()
        self.client_files = client_files
        self.endpoints_file = self.path / "endpoints.json"
        self.exports_file = self.path / "exports.sh"
        self._credentials_file = self.path / "credentials.json"
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Make the folder ours until this process ends, however it ends.

        Raises StateError: another local AWS runs on it, or it cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = (self.path / "lock").open("a+")
        except OSError as error:
            raise StateError(
                f"{self.path}: {error.strerror}. Name a folder that you can write with --state."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise StateError(
                f"Another local AWS (process {holder}) runs on {self.path}. "
                "Stop it, or name another folder with --state."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock = file

    def unlock(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def credentials(self) -> Credentials:
        """The keys of this folder: made at the first call, the same ever after.

        They are lost with the folder, and the objects in it with them: S3 encrypts with one of them.
        """
        if not self._credentials_file.exists():
            made = Credentials("LOCAL" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), secrets.token_hex(32))
            write_atomically(self._credentials_file, json.dumps(asdict(made), indent=2).encode())
        return Credentials(**json.loads(self._credentials_file.read_text()))

    def announce(self, endpoints: dict[str, Any]) -> None:
        """Say that all services answer, and where: with the keys for a shell to read, without them for all others."""
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self._environment(endpoints).items()]
        write_atomically(self.exports_file, "".join(lines).encode())
        if self.client_files:
            certificate = Path(endpoints["redshift_certificate"]).read_text()
            files = {**_client_files(endpoints, self.credentials()), "redshift.crt": certificate}
            for name, text in files.items():
                write_atomically(self.client_files / name, text.encode(), mode=0o640)
        write_atomically(self.endpoints_file, json.dumps(endpoints, indent=2).encode() + b"\n", mode=0o644)

    def withdraw(self) -> None:
        """Say that the services no longer answer."""
        self.endpoints_file.unlink(missing_ok=True)
        self.exports_file.unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to find the local AWS that runs here.

        Raises StateError: none does. The values hold a secret: hand them on by the environment, never print them.
        """
        try:
            endpoints = json.loads(self.endpoints_file.read_text())
        except FileNotFoundError:
            endpoints = None
        # One that was killed leaves its announcement behind.
        if endpoints is None or not psutil.pid_exists(endpoints["pid"]):
            raise StateError(f"No local AWS answers on {self.path}. Start it: python -m local_aws --state …")
        return self._environment(endpoints)

    def _environment(self, endpoints: dict[str, Any]) -> dict[str, str]:
        keys = self.credentials()
        return {
            "AWS_ENDPOINT_URL": endpoints["aws_url"],
            "AWS_ENDPOINT_URL_S3": endpoints["s3_url"],
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_DEFAULT_REGION": endpoints["region"],
        }


def _client_files(endpoints: dict[str, Any], keys: Credentials) -> dict[str, str]:
    """Buckets in paths: as parts of host names, which is the default, nobody would find them.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    return {
        "config": f"""[default]
region = {endpoints["region"]}
endpoint_url = {endpoints["aws_url"]}
services = local
s3 =
  addressing_style = path

[services local]
s3 =
  endpoint_url = {endpoints["s3_url"]}
""",
        "credentials": f"""[default]
aws_access_key_id = {keys.access_key_id}
aws_secret_access_key = {keys.secret_access_key}
""",
    }
