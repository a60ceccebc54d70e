"""The policies of workers and people, by what they allow and deny."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iac import policies
from iac.plan import Plan
from local_aws.policy import allows
from warehouse.access import ANALYSTS, ENGINEERS, PIPELINE, SCIENTISTS
from warehouse.objects import S3Object, put_manifest

IN, BUCKET = "arn:aws:s3:::data/data_science/2019/1/video_log.csv", "arn:aws:s3:::data"
PROJECTS = "arn:aws:s3:::data/dimensional_tables/projects_dim.csv"
PERSONAL = "arn:aws:s3:::data/dimensional_tables/users_dim.csv"
OTHER = "arn:aws:s3:::data2/data_science/2019/1/video_log.csv"
AT = "arn:aws:redshift:us-west-2:123456789012"


@pytest.fixture
def documents(plan: Plan) -> dict[str, str]:
    """Each group's policy, for an IAM user called ada."""
    made = policies.documents(plan, "123456789012")
    return {group: json.dumps(document).replace("${aws:username}", "ada") for group, document in made.items()}


ALLOWED = [
    *((group, "s3:GetObject", IN) for group in (PIPELINE, ENGINEERS, SCIENTISTS)),
    *((group, "s3:GetObjectVersion", IN) for group in (PIPELINE, ENGINEERS, SCIENTISTS)),
    *((group, "s3:ListBucket", BUCKET) for group in (PIPELINE, ENGINEERS, SCIENTISTS)),
    (PIPELINE, "s3:PutObject", "arn:aws:s3:::data/manifests/a/2019-01-01.manifest"),
    (PIPELINE, "s3:GetObject", PERSONAL),
    (ENGINEERS, "s3:PutObject", IN),
    (ENGINEERS, "s3:GetObject", PERSONAL),
    (SCIENTISTS, "s3:GetObject", PROJECTS),
    (ENGINEERS, "airflow:CreateWebLoginToken", "arn:aws:airflow:us-west-2:123456789012:role/one/Op"),
    *((group, "redshift:GetClusterCredentials", f"{AT}:dbuser:one/ada") for group in (ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "redshift:GetClusterCredentials", f"{AT}:dbname:one/analytics") for group in (ENGINEERS, ANALYSTS)),
    *((group, "redshift:JoinGroup", f"{AT}:dbgroup:one/{group}") for group in (ENGINEERS, SCIENTISTS, ANALYSTS)),
]
DENIED = [
    *((group, "s3:GetObject", OTHER) for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "s3:DeleteObject", IN) for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "s3:DeleteObjectVersion", IN) for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "s3:PutBucketPolicy", BUCKET) for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "iam:PassRole", "*") for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "secretsmanager:GetSecretValue", "*") for group in (PIPELINE, ENGINEERS, SCIENTISTS, ANALYSTS)),
    *((group, "redshift:DeleteCluster", f"{AT}:cluster:one") for group in (PIPELINE, ENGINEERS, SCIENTISTS)),
    (PIPELINE, "s3:PutObject", IN),
    (SCIENTISTS, "s3:PutObject", IN),
    (SCIENTISTS, "s3:GetObject", PERSONAL),
    (SCIENTISTS, "s3:GetObjectVersion", PERSONAL),
    (ANALYSTS, "s3:GetObject", IN),
    (ANALYSTS, "s3:ListBucket", BUCKET),
    (PIPELINE, "redshift:GetClusterCredentials", f"{AT}:dbuser:one/loader"),
    *((group, "redshift:GetClusterCredentials", f"{AT}:dbuser:one/dwh_admin") for group in (ENGINEERS, ANALYSTS)),
    *((group, "redshift:GetClusterCredentials", f"{AT}:dbuser:one/bob") for group in (ENGINEERS, ANALYSTS)),
    (ANALYSTS, "redshift:JoinGroup", f"{AT}:dbgroup:one/{ENGINEERS}"),
    (SCIENTISTS, "redshift:JoinGroup", f"{AT}:dbgroup:one/{PIPELINE}"),
    (ENGINEERS, "airflow:CreateWebLoginToken", "arn:aws:airflow:us-west-2:123456789012:role/one/Admin"),
    (SCIENTISTS, "airflow:CreateWebLoginToken", "arn:aws:airflow:us-west-2:123456789012:role/one/Op"),
    (ANALYSTS, "airflow:CreateWebLoginToken", "arn:aws:airflow:us-west-2:123456789012:role/one/Op"),
]


@pytest.mark.parametrize(("group", "action", "resource"), ALLOWED)
def test_allowed(documents: dict[str, str], group: str, action: str, resource: str) -> None:
    assert allows([documents[group]], action, resource)


@pytest.mark.parametrize(("group", "action", "resource"), DENIED)
def test_denied(documents: dict[str, str], group: str, action: str, resource: str) -> None:
    assert not allows([documents[group]], action, resource)


def test_a_worker_may_write_the_manifests_that_the_pipeline_writes(documents: dict[str, str]) -> None:
    class S3:
        key = ""

        def put_object(self, **asked: Any) -> None:
            self.key = asked["Key"]

    s3: Any = S3()
    put_manifest(
        s3, S3Object(bucket="data", key="a.csv", etag="e", version_id="v"), "data_science_video_log/2019-01-01"
    )
    assert allows([documents[PIPELINE]], "s3:PutObject", f"arn:aws:s3:::data/{s3.key}")


def test_the_local_aws_does_not_guess_at_a_username(plan: Plan) -> None:
    document = json.dumps(policies.documents(plan, "1")[ANALYSTS])
    with pytest.raises(Exception, match="policy variable"):
        allows([document], "redshift:GetClusterCredentials", f"{AT}:dbuser:one/ada")
