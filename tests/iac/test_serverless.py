"""Redshift Serverless, which the local AWS does not have: against AWS's service model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from iac import serverless
from iac.account import Account
from iac.faults import IacError
from iac.plan import Plan

Fixture = tuple[Account, dict[str, Stubber]]
NewTime = Callable[[], Any]
ROLE = "arn:aws:iam::123456789012:role/copy"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:managed"  # noqa: S105
GROUP = "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/x"
PUT_RIGHT = {"usageLimitId": "l-1", "amount": 16, "breachAction": "deactivate"}
LIMIT = {"usageLimitId": "l-1", "period": "daily", "amount": 16, "breachAction": "deactivate"}


@pytest.fixture(autouse=True)
def no_security_group(account: Fixture) -> None:
    account[1]["ec2"].add_response("describe_security_groups", {"SecurityGroups": []})


@pytest.fixture
def cloud(plan: Plan) -> Plan:
    return replace(plan, deployment="serverless", admin_password="managed", base_capacity=4)  # noqa: S106


def namespace(status: str = "AVAILABLE", **more: Any) -> dict[str, Any]:
    found = {"status": status, "dbName": "analytics", "adminUsername": "dwh_admin", "iamRoles": [f"IamRole({ROLE})"]}
    return {"namespace": {**found, "adminPasswordSecretArn": SECRET, **more}}


def workgroup(status: str = "AVAILABLE", **more: Any) -> dict[str, Any]:
    return {
        "workgroup": {
            "status": status,
            "workgroupArn": GROUP,
            "endpoint": {"address": "one.example", "port": 5439},
            **more,
        }
    }


def expect_managed_secret(secrets: Stubber) -> None:
    secrets.add_response("describe_secret", {}, {"SecretId": SECRET})
    text = '{"username": "dwh_admin", "password": "Managed-pass1"}'
    secrets.add_response("get_secret_value", {"SecretString": text}, {"SecretId": SECRET})


def test_from_nothing(account: Fixture, cloud: Plan, new_time: NewTime) -> None:
    client, time, said = account[1]["serverless"], new_time(), list[str]()
    client.add_client_error("get_namespace", "ResourceNotFoundException")
    ordered = {
        "namespaceName": "one",
        "dbName": "analytics",
        "adminUsername": "dwh_admin",
        "iamRoles": [ROLE],
        "manageAdminPassword": True,
    }
    client.add_response("create_namespace", {}, ordered)
    client.add_response("get_namespace", namespace("MODIFYING"))
    client.add_response("get_namespace", namespace())
    client.add_client_error("get_workgroup", "ResourceNotFoundException")
    ordered = {
        "workgroupName": "one",
        "namespaceName": "one",
        "baseCapacity": 4,
        "port": 5439,
        "publiclyAccessible": False,
        "configParameters": [{"parameterKey": "require_ssl", "parameterValue": "true"}],
        "subnetIds": ["subnet-1", "subnet-2"],
    }
    client.add_response("create_workgroup", {}, ordered)
    client.add_response("get_workgroup", workgroup("CREATING", endpoint={}))
    client.add_response("get_workgroup", workgroup())
    client.add_response("list_usage_limits", {})
    limit = {"resourceArn": GROUP, "usageType": "serverless-compute", "amount": 16, "period": "daily"}
    client.add_response("create_usage_limit", {}, {**limit, "breachAction": "deactivate"})
    expect_managed_secret(account[1]["secrets"])
    wanted = replace(cloud, require_ssl=True, subnets=("subnet-1", "subnet-2"))
    endpoint = serverless.ensure(account[0], wanted, ROLE, said.append, time.clock)
    assert (endpoint.host, endpoint.port, endpoint.admin.password) == ("one.example", 5439, "Managed-pass1")
    assert time.passed == 20
    assert said[-1] == "usage limit of one: 16 RPU hours a day"
    assert "Managed-pass1" not in f"{said} {endpoint!r}"
    client.assert_no_pending_responses()


def test_what_is_there_is_left_as_it_is(account: Fixture, cloud: Plan) -> None:
    client, said = account[1]["serverless"], list[str]()
    for _ in range(2):
        client.add_response("get_namespace", namespace())
    for _ in range(2):
        client.add_response("get_workgroup", workgroup())
    client.add_response("list_usage_limits", {"usageLimits": [LIMIT]})
    expect_managed_secret(account[1]["secrets"])
    serverless.ensure(account[0], cloud, ROLE, said.append)
    assert [line.split(": ")[1] for line in said] == ["already there"] * 3
    client.assert_no_pending_responses()


def test_with_a_secret_of_our_own_the_password_is_sent_and_kept(account: Fixture, cloud: Plan) -> None:
    client, secrets = account[1]["serverless"], account[1]["secrets"]
    client.add_client_error("get_namespace", "ResourceNotFoundException")
    secrets.add_client_error("describe_secret", "ResourceNotFoundException")
    secrets.add_response("create_secret", {})
    client.add_response(
        "create_namespace",
        {},
        {"namespaceName": "one", "dbName": ANY, "adminUsername": ANY, "iamRoles": ANY, "adminUserPassword": ANY},
    )
    client.add_response("get_namespace", namespace())
    client.add_response("get_workgroup", workgroup())
    client.add_response("get_workgroup", workgroup())
    client.add_response("list_usage_limits", {"usageLimits": [LIMIT]})
    secrets.add_response("describe_secret", {})
    secrets.add_response("get_secret_value", {"SecretString": '{"username": "dwh_admin", "password": "Kept-pass1"}'})
    endpoint = serverless.ensure(account[0], replace(cloud, admin_password="secret"), ROLE, print)  # noqa: S106
    assert endpoint.admin.password == "Kept-pass1"  # noqa: S105
    client.assert_no_pending_responses()


def test_another_namespace_of_the_same_name_is_not_taken(account: Fixture, cloud: Plan) -> None:
    account[1]["serverless"].add_response("get_namespace", namespace(dbName="theirs"))
    with pytest.raises(IacError, match="namespace one: its database is 'theirs', the cfg says 'analytics'"):
        serverless.ensure(account[0], cloud, ROLE, print)


def test_waiting_ends_at_the_limit(account: Fixture, cloud: Plan, new_time: NewTime) -> None:
    client, time = account[1]["serverless"], new_time()
    for _ in range(200):
        client.add_response("get_namespace", namespace("MODIFYING"))
    with pytest.raises(IacError, match="namespace one: still MODIFYING after 30 minutes"):
        serverless.ensure(account[0], cloud, ROLE, print, time.clock)
    assert time.passed == 1800


@pytest.mark.parametrize(
    ("amount", "found", "operation", "asked"),
    [
        (16, {**LIMIT, "amount": 99}, "update_usage_limit", PUT_RIGHT),
        (16, {**LIMIT, "breachAction": "log"}, "update_usage_limit", PUT_RIGHT),
        (0, LIMIT, "delete_usage_limit", {"usageLimitId": "l-1"}),
        (16, LIMIT, None, {}),
        (0, None, None, {}),
    ],
)
def test_the_usage_limit_is_put_right(
    account: Fixture, cloud: Plan, amount: int, found: Any, operation: str | None, asked: Any
) -> None:
    client = account[1]["serverless"]
    client.add_response("list_usage_limits", {"usageLimits": [found]} if found else {})
    if operation:
        client.add_response(operation, {}, asked)
    serverless.ensure_usage_limit(account[0].serverless, replace(cloud, usage_limit=amount), GROUP, print)
    client.assert_no_pending_responses()


@pytest.mark.parametrize("snapshot", [True, False])
def test_deleting_takes_workgroup_and_namespace_and_waits(account: Fixture, new_time: NewTime, snapshot: bool) -> None:
    client, time, said = account[1]["serverless"], new_time(), list[str]()
    client.add_response("get_workgroup", workgroup())
    client.add_response("delete_workgroup", workgroup("DELETING"), {"workgroupName": "one"})
    client.add_response("get_workgroup", workgroup("DELETING"))
    client.add_client_error("get_workgroup", "ResourceNotFoundException")
    client.add_response("get_namespace", namespace())
    kept = {"finalSnapshotName": ANY} if snapshot else {}
    client.add_response("delete_namespace", namespace("DELETING"), {"namespaceName": "one", **kept})
    client.add_response("get_namespace", namespace("DELETING"))
    client.add_client_error("get_namespace", "ResourceNotFoundException")
    serverless.delete(account[0].serverless, "one", said.append, snapshot=snapshot, clock=time.clock)
    assert time.passed == 20
    assert said[-1] == "namespace one: deleted"
    client.assert_no_pending_responses()
