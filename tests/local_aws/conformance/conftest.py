"""Where the cases run: a local AWS of their own, or the cluster that ``REDSHIFT_DSN`` names.

``REDSHIFT_BUCKET`` and ``REDSHIFT_ROLE`` (an ARN that COPY may use) beside it let the cases that load run there too;
boto3 finds the credentials for the bucket as it always does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import psycopg2.extensions
import pytest

from local_aws.testing import AwsProcess, make_bucket, make_cluster

from .run import Target

USER, PASSWORD = "awsuser", "Secret-pass1"


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if "REDSHIFT_DSN" in os.environ:
        yield _cluster()
        return
    with AwsProcess(tmp_path_factory.mktemp("conformance") / "aws") as aws:
        yield _local(aws)


def _cluster() -> Target:
    dsn = psycopg2.extensions.parse_dsn(os.environ["REDSHIFT_DSN"])
    bucket, role = os.environ.get("REDSHIFT_BUCKET", ""), os.environ.get("REDSHIFT_ROLE", "")
    return Target(dsn, local=False, s3=boto3.client("s3") if bucket else None, bucket=bucket, role=role)


def _local(aws: AwsProcess) -> Target:
    role = make_cluster(aws, "conformance", USER, PASSWORD)
    dsn = {"host": "127.0.0.1", "port": aws.ports.redshift, "dbname": "dev", "user": USER, "password": PASSWORD}
    return Target(dsn, local=True, s3=make_bucket(aws, "conformance"), bucket="conformance", role=role)
