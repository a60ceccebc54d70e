"""IAM policies by what they allow and deny."""

import json
from typing import Any

import pytest

from local_aws.policy import PolicyNotUnderstood, allows, trusts

OBJECT = "arn:aws:s3:::data/2019/1/a.csv"


def allow(action: object = "s3:GetObject", resource: object = "arn:aws:s3:::data/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "s3:GetObject", resource: object = "arn:aws:s3:::data/*") -> dict[str, Any]:
    return {**allow(action, resource), "Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([allow()], True),
        ([allow(Sid="Named")], True),
        ([allow(action="s3:getobject")], True),  # actions have no case
        ([allow(action=["s3:PutObject", "s3:Get*"])], True),
        ([allow(action="*", resource="*")], True),
        ([allow(action="s3:GetObjec")], False),
        ([allow(action="s3:GetObjectVersion")], False),
        ([allow(action="s3:GetObject?")], False),
        ([allow(action="s3:GetObj?ct")], True),
        ([allow(resource="arn:aws:s3:::data")], False),  # the bucket, not what is in it
        ([allow(resource="arn:aws:s3:::DATA/*")], False),  # names have case
        ([allow(resource="arn:aws:s3:::data2/*")], False),
        ([allow(resource="arn:aws:s3:::data/2018/*")], False),
        ([allow(resource=["arn:aws:s3:::x/*", "arn:aws:s3:::data/2019/?/a.csv"])], True),
        ([allow(resource="arn:aws:s3:::data/2019/1/a.csv.gz")], False),
        ([allow(resource="arn:aws:s3:::data/2019/1/a+csv")], False),  # no regular expressions
        ([allow(resource="arn:aws:s3:::data/2019/1/a.?sv")], True),
        ([allow(), deny()], False),
        ([deny(), allow(resource="*")], False),
        ([allow(), deny(resource="arn:aws:s3:::data/2018/*")], True),
        ([allow(), deny(action="s3:PutObject")], True),
    ],
)
def test_statements(statements: list[dict[str, Any]], allowed: bool) -> None:
    assert allows([document(*statements)], "s3:GetObject", OBJECT) is allowed


def test_documents_count_together() -> None:
    assert allows([document(), document(allow())], "s3:GetObject", OBJECT)
    assert not allows([document(allow()), document(deny())], "s3:GetObject", OBJECT)


def test_one_statement_needs_no_list() -> None:
    assert allows([json.dumps({"Statement": allow()})], "s3:GetObject", OBJECT)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (allow(Condition={"Bool": {"aws:SecureTransport": "true"}}), "Condition"),
        ({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"}, "NotAction"),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}, "NotResource"),
        (allow(resource="arn:aws:s3:::data/${aws:username}/*"), r"policy variable.*aws:username"),
        ({"Effect": "Allow", "Action": "*"}, "lacks Resource"),
    ],
)
def test_what_is_not_evaluated_is_refused_by_name(statement: dict[str, Any], named: str) -> None:
    with pytest.raises(PolicyNotUnderstood, match=named):
        allows([document(statement)], "s3:GetObject", OBJECT)


@pytest.mark.parametrize(
    ("principal", "action", "trusted"),
    [
        ({"Service": "redshift.amazonaws.com"}, "sts:AssumeRole", True),
        ({"Service": ["ec2.amazonaws.com", "redshift.amazonaws.com"]}, "sts:*", True),
        ("*", "sts:AssumeRole", True),
        ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole", False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, "sts:AssumeRole", False),
        ({"Service": "redshift.amazonaws.com"}, "sts:TagSession", False),
    ],
)
def test_trust(principal: object, action: str, trusted: bool) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    assert trusts(document(statement), "redshift.amazonaws.com") is trusted


def test_a_deny_in_the_trust_wins() -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert not trusts(document(statement, {**statement, "Effect": "Deny"}), "redshift.amazonaws.com")


def test_a_condition_in_the_trust_is_refused_by_name() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {},
    }
    with pytest.raises(PolicyNotUnderstood, match="Condition"):
        trusts(document(statement), "redshift.amazonaws.com")
