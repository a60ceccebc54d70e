"""The role that Redshift takes on for COPY: it may read one bucket, and nobody but Redshift may take it on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from iac.account import Say
from iac.faults import explained

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

POLICY_NAME = "what-it-may-do"

Document = dict[str, Any]
"""An IAM policy document."""


def trust_document(*services: str) -> Document:
    """Redshift alone may assume the role, or those ``services`` alone.

    Serverless asks for a second one: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-security-other-services.html
    """
    trusted = services or ("redshift.amazonaws.com",)
    principal = {"Service": trusted[0] if len(trusted) == 1 else list(trusted)}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def read_document(bucket: str) -> Document:
    """What COPY needs of one bucket (Redshift Database Developer Guide, "Permissions to COPY"), and no more."""
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{arn}/*"},
            {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": arn},
        ],
    }


def ensure(iam: IAMClient, name: str, trust: Document, policy: Document, say: Say) -> str:
    """Make the role unless it is there, put its policies right, and return its ARN."""
    with explained(f"role {name}"):
        found = find(iam, name)
        if found is None:
            found = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
            iam.get_waiter("role_exists").wait(RoleName=name)  # others see a new role some seconds late
            say(f"role {name}: created")
        else:
            say(f"role {name}: already there")
            _ensure_trust(iam, name, trust, say)
        _ensure_policy(iam, name, policy, say)
        return found


def find(iam: IAMClient, name: str) -> str | None:
    """The role's ARN, None if there is no such role."""
    try:
        return iam.get_role(RoleName=name)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        return None


def delete(iam: IAMClient, name: str, say: Say) -> None:
    """Delete the role with its policies; nothing to do if it is gone."""
    with explained(f"role {name}"):
        if find(iam, name) is None:
            say(f"role {name}: already gone")
            return
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=name)
        say(f"role {name}: deleted")


def _ensure_trust(iam: IAMClient, name: str, trust: Document, say: Say) -> None:
    # boto3 has decoded the document, whatever the stubs say.
    if iam.get_role(RoleName=name)["Role"].get("AssumeRolePolicyDocument") != trust:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        say(f"role {name}: trust put right")


def _ensure_policy(iam: IAMClient, name: str, wanted: Document, say: Say) -> None:
    try:
        found: object = iam.get_role_policy(RoleName=name, PolicyName=POLICY_NAME)["PolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        found = None
    if found != wanted:
        iam.put_role_policy(RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(wanted))
        say(f"role {name}: policy put right")
