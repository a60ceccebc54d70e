"""The role for COPY, by what its documents allow and deny."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import role
from local_aws.policy import allows, trusts

DOCUMENT = json.dumps(role.read_document("data"))
IN, OUT, BUCKET = "arn:aws:s3:::data/2019/1/a.csv", "arn:aws:s3:::data2/2019/1/a.csv", "arn:aws:s3:::data"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", IN),
        ("s3:GetObjectVersion", IN),
        ("s3:ListBucket", BUCKET),
        ("s3:GetBucketLocation", BUCKET),
    ],
)
def test_allowed(action: str, resource: str) -> None:
    assert allows([DOCUMENT], action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", OUT),
        ("s3:GetObject", BUCKET),
        ("s3:ListBucket", "arn:aws:s3:::data2"),
        ("s3:PutObject", IN),
        ("s3:DeleteObject", IN),
        ("s3:DeleteObjectVersion", IN),
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:ListAllMyBuckets", "*"),
        ("iam:PassRole", "*"),
    ],
)
def test_denied(action: str, resource: str) -> None:
    assert not allows([DOCUMENT], action, resource)


def test_redshift_alone_is_trusted() -> None:
    document = json.dumps(role.trust_document())
    assert trusts(document, "redshift.amazonaws.com")
    assert not trusts(document, "ec2.amazonaws.com")
    assert not trusts(document, "redshift-serverless.amazonaws.com")
    both = json.dumps(role.trust_document("redshift.amazonaws.com", "redshift-serverless.amazonaws.com"))
    assert trusts(both, "redshift-serverless.amazonaws.com")
    assert not trusts(both, "ec2.amazonaws.com")
    principals = [statement["Principal"] for statement in role.trust_document()["Statement"]]
    assert principals == [{"Service": "redshift.amazonaws.com"}]


def test_what_somebody_loosened_is_tightened_again(stubbed: Callable[[str], tuple[Any, Stubber]]) -> None:
    iam, stubber = stubbed("iam")
    loose = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    found = {
        "Path": "/",
        "RoleName": "copy",
        "RoleId": "AROA1234567890123456",
        "Arn": "arn:aws:iam::123456789012:role/copy",
        "CreateDate": 0,
        "AssumeRolePolicyDocument": json.dumps(loose),
    }
    # Copies: boto3 decodes the document in place.
    stubber.add_response("get_role", {"Role": dict(found)}, {"RoleName": "copy"})
    stubber.add_response("get_role", {"Role": dict(found)}, {"RoleName": "copy"})
    trust = {"RoleName": "copy", "PolicyDocument": json.dumps(role.trust_document())}
    stubber.add_response("update_assume_role_policy", {}, trust)
    policy = {"RoleName": "copy", "PolicyName": role.POLICY_NAME}
    stubber.add_response("get_role_policy", {**policy, "PolicyDocument": "{}"}, policy)
    stubber.add_response("put_role_policy", {}, {**policy, "PolicyDocument": DOCUMENT})
    said = list[str]()
    assert role.ensure(iam, "copy", role.trust_document(), role.read_document("data"), said.append) == found["Arn"]
    stubber.assert_no_pending_responses()
    assert said == [
        "role copy: already there",
        "role copy: trust put right",
        "role copy: policy put right",
    ]
