"""The AWS account as boto3 finds it: real or local, by the environment alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from iac.faults import explained

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift_serverless import RedshiftServerlessClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

Say = Callable[[str], None]
"""Takes one line for the person who watches: ``print``, mostly."""


@dataclass(frozen=True)
class Account:
    """One client a service, for one region."""

    s3: S3Client
    iam: IAMClient
    redshift: RedshiftClient
    serverless: RedshiftServerlessClient
    ec2: EC2Client
    sts: STSClient
    secrets: SecretsManagerClient


def connect(region: str) -> Account:
    """Clients with boto3's usual chain of credentials and endpoints; nothing is asked of AWS yet."""
    config = Config(retries={"mode": "standard", "max_attempts": 5})
    with explained(f"region {region}"):
        session = boto3.session.Session(region_name=region)
        return Account(
            s3=session.client("s3", config=config),
            iam=session.client("iam", config=config),
            redshift=session.client("redshift", config=config),
            serverless=session.client("redshift-serverless", config=config),
            ec2=session.client("ec2", config=config),
            sts=session.client("sts", config=config),
            secrets=session.client("secretsmanager", config=config),
        )
