"""What the pipeline's workers and each group of people may do in AWS: IAM policies to attach to users, groups or roles.

Redshift's own grants say what they may do in the warehouse; these let them in, and out of nobody else's data in S3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from iac.account import Account, Say
from iac.faults import explained
from iac.plan import Plan
from iac.role import Document
from warehouse.access import ANALYSTS, ENGINEERS, PIPELINE, SCIENTISTS
from warehouse.catalog import DIMENSIONS, SOURCES

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

MANIFESTS = "manifests/"  # where warehouse.objects writes them
AIRFLOW_ROLES = {ENGINEERS: "Op"}
"""The role of each group in Airflow's web UI. Task logs quote refused records, so only those who mend them see it."""


def documents(plan: Plan, account_id: str) -> dict[str, Document]:
    """For each group its policy."""
    bucket = plan.settings.bucket
    return {
        PIPELINE: _document(_worker(bucket)),
        ENGINEERS: _document(
            [_allow(["s3:PutObject"], f"arn:aws:s3:::{bucket}/*"), *_read(bucket)],
            _log_in(plan, account_id, ENGINEERS),
            _airflow(plan, account_id, AIRFLOW_ROLES[ENGINEERS]),
        ),
        SCIENTISTS: _document([*_read(bucket), _without_personal(bucket)], _log_in(plan, account_id, SCIENTISTS)),
        ANALYSTS: _document(_log_in(plan, account_id, ANALYSTS)),
    }


def policy_name(plan: Plan, group: str) -> str:
    """What the group's policy is called in IAM."""
    return f"{plan.name}-{group.replace('_', '-')}"


def ensure(account: Account, plan: Plan, say: Say) -> None:
    """Make the policies that are missing, and put their documents right. To attach them is a person's to do."""
    with explained("account"):
        account_id = account.sts.get_caller_identity()["Account"]
    for group, document in documents(plan, account_id).items():
        name = policy_name(plan, group)
        with explained(f"policy {name}"):
            _ensure(account.iam, f"arn:aws:iam::{account_id}:policy/{name}", name, document, say)


def delete(account: Account, plan: Plan, say: Say) -> None:
    """Detach the policies from whoever has them, and delete them."""
    for arn in found(account, plan):
        with explained(f"policy {arn}"):
            holders = account.iam.list_entities_for_policy(PolicyArn=arn)
            for user in holders["PolicyUsers"]:
                account.iam.detach_user_policy(UserName=user["UserName"], PolicyArn=arn)
            for group in holders["PolicyGroups"]:
                account.iam.detach_group_policy(GroupName=group["GroupName"], PolicyArn=arn)
            for role in holders["PolicyRoles"]:
                account.iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=arn)
            for version in account.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    account.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            account.iam.delete_policy(PolicyArn=arn)
            say(f"policy {arn.rpartition('/')[2]}: deleted")


def found(account: Account, plan: Plan) -> list[str]:
    """ARNs of those policies that there are."""
    names = {policy_name(plan, group) for group in documents(plan, "")}
    with explained("policies"):
        pages = account.iam.get_paginator("list_policies").paginate(Scope="Local")
        return [each["Arn"] for page in pages for each in page["Policies"] if each["PolicyName"] in names]


def _ensure(iam: IAMClient, arn: str, name: str, document: Document, say: Say) -> None:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    except iam.exceptions.NoSuchEntityException:
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
        say(f"policy {name}: created")
        return
    there: object = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    if there == document:
        say(f"policy {name}: already there")
        return
    # AWS keeps five versions; the ones that are not in force are of no use to us.
    for old in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not old["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=old["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    say(f"policy {name}: put right")


def _worker(bucket: str) -> list[Document]:
    """What tasks do in S3: look at a file, count its records, and write the manifest of their COPY."""
    arn = f"arn:aws:s3:::{bucket}"
    return [*_read(bucket), _allow(["s3:PutObject"], f"{arn}/{MANIFESTS}*")]


def _read(bucket: str) -> list[Document]:
    arn = f"arn:aws:s3:::{bucket}"
    return [_allow(["s3:GetObject", "s3:GetObjectVersion"], f"{arn}/*"), _allow(["s3:ListBucket"], arn)]


def _without_personal(bucket: str) -> Document:
    """The files that hold personal columns: what the tables withhold must not be had from S3."""
    keys = [
        source.s3_key("*", "*", "*")
        for source in DIMENSIONS + SOURCES
        if any(column.personal for column in source.columns)
    ]
    resources = [f"arn:aws:s3:::{bucket}/{key}" for key in keys]
    return {"Effect": "Deny", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": resources}


def _log_in(plan: Plan, account_id: str, group: str) -> list[Document]:
    """A password for some minutes, as a user of one's own name in one's own group; nobody hands out passwords.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    Serverless makes users from IAM's names by itself: there the administrator puts them into their group.
    """
    at, name = f"arn:aws:redshift:{plan.settings.region}:{account_id}", plan.name
    if plan.serverless:
        workgroups = f"arn:aws:redshift-serverless:{plan.settings.region}:{account_id}:workgroup/*"
        return [_allow(["redshift-serverless:GetCredentials"], workgroups)]
    user = f"{at}:dbuser:{name}/${{aws:username}}"
    database = f"{at}:dbname:{name}/{plan.settings.database}"
    return [
        {"Effect": "Allow", "Action": ["redshift:GetClusterCredentials"], "Resource": [user, database]},
        _allow(["redshift:CreateClusterUser"], user),
        _allow(["redshift:JoinGroup"], f"{at}:dbgroup:{name}/{group}"),
        _allow(["redshift:DescribeClusters"], f"{at}:cluster:{name}"),
    ]


def _airflow(plan: Plan, account_id: str, role: str) -> list[Document]:
    """Into the web UI of Amazon MWAA, where the role in Airflow is part of the resource's name.

    The environment is expected to bear the cluster's name. https://docs.aws.amazon.com/mwaa/latest/userguide/access-policies.html
    """
    web = f"arn:aws:airflow:{plan.settings.region}:{account_id}:role/{plan.name}/{role}"
    return [_allow(["airflow:CreateWebLoginToken"], web)]


def _allow(actions: list[str], resource: str) -> Document:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _document(*parts: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement for part in parts for statement in part]}
