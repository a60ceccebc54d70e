"""All that moto knows, on disk: moto keeps its state in memory, and a laptop's roles and clusters must outlive it."""

import pickle
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.redshift.models import redshift_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

from local_aws.files import write_atomically
from local_aws.state import StateError

SERVICES: dict[str, BackendDict[Any]] = {
    "ec2": ec2_backends,
    "iam": iam_backends,
    "redshift": redshift_backends,
    "secretsmanager": secretsmanager_backends,
    "sts": sts_backends,
}

Place = tuple[str, str, str]
"""Service, account, region."""


class Snapshot:
    """One file, replaced whole: a line with moto's version and a checksum, then all backends in one pickle.

    In one, since they point at each other: a cluster at its region's security groups.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._written: set[Place] = set()

    def save(self) -> None:
        """Write everything; on return it survives the end of this process."""
        backends = _live()
        content = pickle.dumps(backends, pickle.HIGHEST_PROTOCOL)
        write_atomically(self.file, f"{_writer()} {sha256(content).hexdigest()}\n".encode() + content)
        self._written = set(backends)

    def save_if_new(self) -> None:
        """Write everything if a region came to life since: its default network has ids that must last."""
        if set(_live()) != self._written:
            self.save()

    def restore(self) -> None:
        """Give moto back what the file holds, if there is one.

        Raises StateError: another version of moto wrote it, or it is damaged.
        """
        if not self.file.exists():
            return
        header, _, content = self.file.read_bytes().partition(b"\n")
        writer, _, checksum = header.decode(errors="replace").rpartition(" ")
        if sha256(content).hexdigest() != checksum:
            raise StateError(f"{self.file} is damaged. Remove it and provision again.")
        if writer != _writer():
            raise StateError(
                f"{self.file} was written by {writer}, and this is {_writer()}. "
                "Install that version, or remove the file and provision again."
            )
        # Only we write this file, readable by its owner alone, in a folder of the owner's.
        backends: dict[Place, BaseBackend] = pickle.loads(content)  # noqa: S301
        for (service, account, region), backend in backends.items():
            SERVICES[service][account][region] = backend
        self._written = set(backends)


def _writer() -> str:
    return f"moto {version('moto')}"


def _live() -> dict[Place, BaseBackend]:
    return {
        (service, account, region): backend
        for service, backends in SERVICES.items()
        for account, region, backend in list(backends.iter_backends())
    }
