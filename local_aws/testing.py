"""A local AWS in a process of its own, on free ports, for tests of what runs against it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3

from local_aws.port_choice import choose_ports
from local_aws.stack import Ports
from local_aws.state import StateFolder

_START_LIMIT_SECONDS = 120
_TRUST = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
_READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}


class AwsProcess:
    """``python -m local_aws`` on a state folder; ``with`` starts and stops it.

    A second one on the same folder after ``kill()`` takes up what the first one left.
    """

    def __init__(self, state: Path, ports: Ports | None = None) -> None:
        self.folder = StateFolder(state)
        self.ports = ports or free_ports()
        self.log = state.with_name(f"{state.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of ``python -m local_aws``."""
        if self._process is None:
            raise RuntimeError("it is not running")
        return self._process.pid

    @property
    def endpoints(self) -> dict[str, Any]:
        """What ``endpoints.json`` says."""
        found: dict[str, Any] = json.loads(self.folder.endpoints_file.read_text())
        return found

    def environment(self) -> dict[str, str]:
        """The variables that lead boto3 here, with the secret key."""
        return self.folder.environment()

    def command(self) -> list[str]:
        """The command line; it holds no secret."""
        ports = [f"--{name}-port={getattr(self.ports, name)}" for name in ("aws", "s3", "redshift")]
        return [sys.executable, "-m", "local_aws", "--state", str(self.folder.path), *ports]

    def start(self) -> None:
        """Start it and wait until all of it answers.

        Raises RuntimeError with its output: it ended, or does not answer in two minutes.
        """
        self.folder.withdraw()  # a killed one left it: it must not be taken for ours
        self.folder.path.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not self.folder.endpoints_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the local AWS does not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Have it stop in order; its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        code = self._process.wait(60)
        self._process = None
        return code

    def wait(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        code = 0 if self._process is None else self._process.wait(60)
        self._process = None
        return code

    def kill(self) -> None:
        """End it as a crash does: nothing is stopped in order."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> AwsProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def client(environment: Mapping[str, str], service: str, **options: Any) -> Any:
    """A boto3 client of the local AWS that the variables lead to, whatever this process's own environment says."""
    given = {
        "endpoint_url": environment["AWS_ENDPOINT_URL_S3" if service == "s3" else "AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "region_name": environment["AWS_DEFAULT_REGION"],
    }
    make: Callable[..., Any] = boto3.client
    return make(service, **{**given, **options})


def make_cluster(aws: AwsProcess, name: str, user: str, password: str) -> str:
    """Make a cluster with a database ``dev``, and a role by which COPY may read every bucket; return the role's ARN."""
    found = aws.environment()
    iam = client(found, "iam")
    role: str = iam.create_role(RoleName="copy", AssumeRolePolicyDocument=_policy(_TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="copy", PolicyName="read", PolicyDocument=_policy(_READ))
    client(found, "redshift").create_cluster(
        ClusterIdentifier=name,
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername=user,
        MasterUserPassword=password,
        DBName="dev",
        Encrypted=True,
        IamRoles=[role],
    )
    return role


def make_bucket(aws: AwsProcess, name: str) -> Any:
    """Make a bucket; return a client of S3."""
    found = aws.environment()
    s3 = client(found, "s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": found["AWS_DEFAULT_REGION"]})
    return s3


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def free_ports() -> Ports:
    """Three different ports that nobody listens on."""
    return Ports(*choose_ports(3))
