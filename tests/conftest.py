"""A provisioned warehouse for the tests of the pipeline: local AWS, bucket, role and cluster, once a session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import boto3
import pytest

from local_aws.testing import AwsProcess, client
from warehouse import ledger, repairs, settings
from warehouse.login import Login, connect, login
from warehouse.redshift import in_transaction

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Provisioned:
    """What ``iac up`` made. It needs nothing of this process's environment, which other tests change."""

    settings: settings.Settings
    login: Login
    s3: Any
    environment: dict[str, str]
    log: Path

    def connect(self) -> Any:
        """Open a connection to the warehouse."""
        return connect(self.settings, self.login)

    def connect_as_serverless(self) -> Any:
        """Open a connection on which the STL tables are empty, as on Redshift Serverless."""
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SET local_endpoint.serverless = on")
        return connection

    def client(self, service: str) -> Any:
        """A client for this local AWS's control plane."""
        return client(self.environment, service)

    def put(self, key: str, text: str | bytes) -> None:
        """Put an object into the bucket."""
        body = text.encode() if isinstance(text, str) else text
        self.s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body)

    def rows(self, query: Any, values: Any = None) -> list[tuple[Any, ...]]:
        """Run a query in a transaction of its own."""
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def provisioned_in(folder: Path) -> Iterator[tuple[AwsProcess, Provisioned]]:
    """A local AWS of its own, provisioned, with ledger and repairs."""
    cfg = folder / "udacity_dwh.cfg"
    shutil.copy(REPOSITORY / "airflow" / "config" / "udacity_dwh.cfg", cfg)
    with AwsProcess(folder / "aws") as aws:
        environment = {**aws.environment(), "UDACITY_DWH_CFG": str(cfg)}
        command = [sys.executable, "-m", "iac", "up"]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        known = settings.load(cfg)
        with pytest.MonkeyPatch.context() as patch:
            # boto3 keeps the credentials that an earlier test's environment had.
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            for name, value in environment.items():
                patch.setenv(name, value)
            found = Provisioned(
                known, login(known), boto3.client("s3"), environment, next((folder / "aws").rglob("postgres.log"))
            )
        in_transaction(found.connect, ledger.create)
        in_transaction(found.connect, repairs.create)
        yield aws, found


@pytest.fixture(scope="session")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    with provisioned_in(tmp_path_factory.mktemp("provisioned")) as (_, found):
        yield found
