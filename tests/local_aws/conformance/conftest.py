"""Where the cases run: a local AWS of their own, or the cluster that ``REDSHIFT_DSN`` names.

``REDSHIFT_BUCKET`` and ``REDSHIFT_ROLE`` (an ARN that COPY may use) beside it let the cases that load run there too;
boto3 finds the credentials for the bucket as it always does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg2.extensions
import pytest

from local_aws.testing import AwsProcess

from .run import Target

USER, PASSWORD = "awsuser", "Secret-pass1"
_TRUST = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
_READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}


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
    found = aws.environment()
    keys = {
        "aws_access_key_id": found["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": found["AWS_SECRET_ACCESS_KEY"],
        "region_name": found["AWS_DEFAULT_REGION"],
    }
    make: Callable[..., Any] = boto3.client
    iam, redshift = (make(service, endpoint_url=found["AWS_ENDPOINT_URL"], **keys) for service in ("iam", "redshift"))
    s3 = make("s3", endpoint_url=found["AWS_ENDPOINT_URL_S3"], **keys)
    role = iam.create_role(RoleName="copy", AssumeRolePolicyDocument=_policy(_TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="copy", PolicyName="read", PolicyDocument=_policy(_READ))
    redshift.create_cluster(
        ClusterIdentifier="conformance",
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        DBName="dev",
        Encrypted=True,
        IamRoles=[role],
    )
    s3.create_bucket(Bucket="conformance", CreateBucketConfiguration={"LocationConstraint": keys["region_name"]})
    dsn = {"host": "127.0.0.1", "port": aws.ports.redshift, "dbname": "dev", "user": USER, "password": PASSWORD}
    return Target(dsn, local=True, s3=s3, bucket="conformance", role=role)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
