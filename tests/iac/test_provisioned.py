"""A cluster whose administrator's password AWS manages, which the local AWS cannot: against AWS's service model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import provisioned
from iac.account import Account
from iac.faults import IacError
from iac.plan import Plan

Fixture = tuple[Account, dict[str, Stubber]]
ROLE = "arn:aws:iam::123456789012:role/copy"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!one"  # noqa: S105


@pytest.fixture(autouse=True)
def no_security_group(account: Fixture) -> None:
    account[1]["ec2"].add_response("describe_security_groups", {"SecurityGroups": []})


@pytest.fixture
def managed(plan: Plan) -> Plan:
    return replace(plan, admin_password="managed")  # noqa: S106


def expect(stubber: Stubber, **more: Any) -> None:
    found = {
        "ClusterIdentifier": "one",
        "ClusterStatus": "available",
        "DBName": "analytics",
        "MasterUsername": "dwh_admin",
        "Encrypted": True,
        "IamRoles": [{"IamRoleArn": ROLE}],
        "Endpoint": {"Address": "one.example", "Port": 5439},
        **more,
    }
    stubber.add_response("describe_clusters", {"Clusters": [found]})


def expect_secret(stubber: Stubber, name: str = SECRET, password: str = "Rotated-pass1") -> None:  # noqa: S107
    stubber.add_response("describe_secret", {}, {"SecretId": name})
    text = f'{{"username": "dwh_admin", "password": "{password}"}}'
    stubber.add_response("get_secret_value", {"SecretString": text}, {"SecretId": name})


def test_the_password_is_read_from_where_aws_keeps_it(account: Fixture, managed: Plan) -> None:
    redshift = account[1]["redshift"]
    for _ in range(3):
        expect(redshift, MasterPasswordSecretArn=SECRET)
    expect_secret(account[1]["secrets"])
    said = list[str]()
    endpoint = provisioned.ensure(account[0], managed, ROLE, said.append)
    assert endpoint.admin.password == "Rotated-pass1"  # noqa: S105
    assert "Rotated-pass1" not in f"{said} {endpoint!r}"
    redshift.assert_no_pending_responses()


def test_a_cluster_with_a_password_of_ours_is_handed_over(account: Fixture, managed: Plan) -> None:
    redshift = account[1]["redshift"]
    for _ in range(2):
        expect(redshift)
    redshift.add_response("modify_cluster", {}, {"ClusterIdentifier": "one", "ManageMasterPassword": True})
    expect(redshift, MasterPasswordSecretArn=SECRET)
    expect_secret(account[1]["secrets"])
    assert provisioned.ensure(account[0], managed, ROLE, print).admin.username == "dwh_admin"
    redshift.assert_no_pending_responses()


def test_and_taken_back(account: Fixture, plan: Plan) -> None:
    redshift = account[1]["redshift"]
    for _ in range(2):
        expect(redshift, MasterPasswordSecretArn=SECRET)
    expect_secret(account[1]["secrets"], plan.settings.secret, "Ours-pass1")
    redshift.add_response(
        "modify_cluster",
        {},
        {"ClusterIdentifier": "one", "ManageMasterPassword": False, "MasterUserPassword": "Ours-pass1"},
    )
    expect(redshift)
    assert provisioned.ensure(account[0], plan, ROLE, print).admin.password == "Ours-pass1"  # noqa: S105
    redshift.assert_no_pending_responses()


def test_without_a_secret_of_aws_it_says_so(account: Fixture, managed: Plan) -> None:
    redshift = account[1]["redshift"]
    for _ in range(2):
        expect(redshift)
    redshift.add_response("modify_cluster", {})
    expect(redshift)
    with pytest.raises(IacError, match="cluster one: AWS does not say where it keeps the administrator's password"):
        provisioned.ensure(account[0], managed, ROLE, print)
