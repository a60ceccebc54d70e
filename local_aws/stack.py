"""The services of the local AWS as one thing: started in order, watched, and stopped in reverse.

moto and boto3 are imported late, which takes seconds: the servers start meanwhile, and a taken port is told at once.
"""

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from local_aws.databases import ClusterDatabases
from local_aws.port_choice import choose_ports
from local_aws.ports import check_free
from local_aws.postgres import Postgres, PostgresFailed
from local_aws.redshift.endpoint import Endpoint
from local_aws.redshift.protocol.tls import LOOPBACK_NAMES, Certificate, TlsRules
from local_aws.redshift.system.cluster import postgres_for
from local_aws.s3 import S3
from local_aws.state import REGION, Credentials, StateFolder

S3_CONNECT_SECONDS = 5
S3_SILENCE_SECONDS = 20

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Ports:
    """The ports that the outside world uses; all others are picked."""

    aws: int = 4566
    s3: int = 8333
    redshift: int = 5439


class Stack:
    """S3, the control plane and Redshift on one state folder."""

    def __init__(
        self,
        state: StateFolder,
        ports: Ports,
        *,
        bind: str = "127.0.0.1",
        advertise: str = "127.0.0.1",
        require_tls: bool = False,
    ) -> None:
        self.state = state
        self.ports = ports
        self.bind = bind
        self.advertise = advertise
        self._require_tls = require_tls
        self._certificate = Certificate(state.path / "redshift" / "tls")
        self.credentials: Credentials
        self._s3: S3
        self._postgres: Postgres
        self._client: S3Client | None = None
        self._making_client = threading.Lock()
        self._running = ExitStack()

    def start(self) -> None:
        """Start everything; on return all of it answers and ``endpoints.json`` says where.

        Raises PortTaken, StateError, or the error of the service that does not start; what had started is stopped.
        """
        self.state.lock()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.state.withdraw()
        self.credentials = self.state.credentials()
        self._s3 = S3(self.state.path / "s3", self.ports.s3, self.credentials, self.bind)
        self._s3.stop_leftover()
        for port in (self.ports.aws, self.ports.s3, self.ports.redshift):
            check_free(port)
        # SeaweedFS takes two seconds to come up, PostgreSQL one or two, and importing moto as long: all at once.
        self._running.callback(self._s3.stop)
        self._s3.start()
        loading = threading.Thread(target=import_module, args=("local_aws.control_plane",), daemon=True)
        loading.start()
        databases = self._start_redshift()
        loading.join()
        self._start_control_plane(databases)
        self._s3.wait()
        self._running.callback(self.state.withdraw)
        self.state.announce(self.endpoints())

    def _start_redshift(self) -> ClusterDatabases:
        self._postgres = postgres_for(self.state.path / "redshift")
        (self._postgres.port,) = choose_ports(1)
        self._running.callback(self._postgres.stop)
        self._postgres.start()
        endpoint = Endpoint(
            self._postgres,
            port=self.ports.redshift,
            host=self.bind,
            s3_client=self.s3_client,
            authorize=_authorize,
            tls=TlsRules(self._certificate.context(*LOOPBACK_NAMES, self.advertise), self._require_tls),
        )
        self._running.callback(endpoint.stop)
        endpoint.start()
        return ClusterDatabases(endpoint, self._postgres)

    def _start_control_plane(self, databases: ClusterDatabases) -> None:
        from local_aws import clusters
        from local_aws.control_plane import ControlPlane

        clusters.install(databases, self.advertise, self.ports.redshift)
        control_plane = ControlPlane(self.state.path / "control_plane", self.ports.aws, self.bind)
        self._running.callback(control_plane.stop)
        control_plane.start()

    def check(self) -> None:
        """Raise ChildError or PostgresFailed if a server ended by itself."""
        self._s3.check()
        if not self._postgres.running():
            raise PostgresFailed(f"PostgreSQL ended. See {self._postgres.log_file}.")

    def stop(self) -> None:
        """Stop all that was started, last first, and give the folder back."""
        self._running.close()
        self.state.unlock()

    def s3_client(self) -> "S3Client":
        """The one client of the local S3 that all sessions share, whatever the environment says."""
        import boto3

        with self._making_client:  # boto3 makes clients one at a time; once made, threads may share one
            if self._client is None:
                self._client = boto3.client(
                    "s3",
                    endpoint_url=f"http://127.0.0.1:{self.ports.s3}",
                    aws_access_key_id=self.credentials.access_key_id,
                    aws_secret_access_key=self.credentials.secret_access_key,
                    region_name=REGION,
                    config=s3_client_config(),
                )
            return self._client

    def endpoints(self) -> dict[str, Any]:
        """Where everything is, without secrets: what ``endpoints.json`` holds."""
        return {
            "pid": os.getpid(),
            "region": REGION,
            "aws_url": f"http://{self.advertise}:{self.ports.aws}",
            "aws_port": self.ports.aws,
            "s3_url": f"http://{self.advertise}:{self.ports.s3}",
            "s3_port": self.ports.s3,
            "redshift_host": self.advertise,
            "redshift_port": self.ports.redshift,
            "redshift_certificate": str(self._certificate.file),
            "postgres_port": self._postgres.port,
        }


def s3_client_config() -> "Config":
    """How COPY talks to the local S3. One that is silent for so long will not answer any more: the COPY must end."""
    from botocore.config import Config

    return Config(
        s3={"addressing_style": "path"},
        max_pool_connections=50,
        connect_timeout=S3_CONNECT_SECONDS,
        read_timeout=S3_SILENCE_SECONDS,
        retries={"total_max_attempts": 2},
    )


def _authorize(role_arn: str, bucket: str, key: str) -> str | None:
    from local_aws.authorization import authorize

    return authorize(role_arn, bucket, key)
