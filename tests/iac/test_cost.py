"""The cost guard: prices from the cfg, hours since the start, and the daily pause, against AWS's service model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import cost
from iac.account import Account
from iac.faults import IacError
from iac.plan import Plan
from iac.role import trust_document

Fixture = tuple[Account, dict[str, Stubber]]
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NAME = "one-daily-pause"
ROLE = {
    "Path": "/",
    "RoleName": NAME,
    "RoleId": "AROA1234567890123456",
    "Arn": f"arn:aws:iam::123456789012:role/{NAME}",
    "CreateDate": 0,
}


def test_a_cluster_costs_its_nodes_times_its_hours(plan: Plan) -> None:
    found: Any = {
        "ClusterStatus": "available",
        "NodeType": "ra3.large",
        "NumberOfNodes": 2,
        "ClusterCreateTime": NOW - timedelta(hours=10, minutes=30),
    }
    priced = replace(plan, price_per_node_hour=0.5)
    assert cost.of_cluster(priced, found, NOW) == (
        "cost: 1.00 USD an hour (2 x ra3.large), 10.5 hours since it was created: at most 10.50 USD; 730 in a month "
        "without a pause"
    )
    found["ClusterStatus"] = "paused"
    assert cost.of_cluster(priced, found, NOW).startswith("cost: paused, storage alone is billed; 1.00 USD an hour")


def test_a_workgroup_costs_its_queries_up_to_the_limit(plan: Plan) -> None:
    found: Any = {"baseCapacity": 8, "creationDate": NOW - timedelta(days=1)}
    priced = replace(plan, price_per_rpu_hour=0.25, usage_limit=20)
    assert cost.of_workgroup(priced, found, NOW) == (
        "cost: 2.00 USD an hour of queries (8 RPU), at most 5.00 a day; 24.0 hours since it was created"
    )
    assert "without a limit" in cost.of_workgroup(replace(priced, usage_limit=0), found, NOW)


def expect_role(stubbers: dict[str, Stubber]) -> None:
    iam = stubbers["iam"]
    trust = json.dumps(trust_document("scheduler.redshift.amazonaws.com"))
    for _ in range(2):
        iam.add_response("get_role", {"Role": {**ROLE, "AssumeRolePolicyDocument": trust}})
    iam.add_client_error("get_role_policy", "NoSuchEntity")
    iam.add_response("put_role_policy", {})


def test_the_daily_pause_is_a_scheduled_action(account: Fixture, plan: Plan) -> None:
    expect_role(account[1])
    redshift, said = account[1]["redshift"], list[str]()
    redshift.add_client_error("describe_scheduled_actions", "ScheduledActionNotFound")
    redshift.add_response(
        "create_scheduled_action",
        {},
        {
            "ScheduledActionName": NAME,
            "TargetAction": {"PauseCluster": {"ClusterIdentifier": "one"}},
            "Schedule": "cron(5 19 * * ? *)",
            "IamRole": ROLE["Arn"],
            "Enable": True,
        },
    )
    cost.ensure_daily_pause(account[0], replace(plan, pause_daily_at="19:05"), "123456789012", said.append)
    assert said[-1] == f"daily pause {NAME}: at 19:05 UTC"
    redshift.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"Schedule": "cron(5 19 * * ? *)", "State": "ACTIVE"}, "already there"),
        ({"Schedule": "cron(0 3 * * ? *)", "State": "ACTIVE"}, "now at 19:05 UTC"),
        ({"Schedule": "cron(5 19 * * ? *)", "State": "DISABLED"}, "now at 19:05 UTC"),
    ],
)
def test_one_that_is_there_is_put_right(account: Fixture, plan: Plan, found: Any, told: str) -> None:
    expect_role(account[1])
    redshift, said = account[1]["redshift"], list[str]()
    redshift.add_response("describe_scheduled_actions", {"ScheduledActions": [found]})
    if told != "already there":
        wanted = {"ScheduledActionName": NAME, "Schedule": "cron(5 19 * * ? *)", "Enable": True}
        redshift.add_response("modify_scheduled_action", {}, wanted)
    cost.ensure_daily_pause(account[0], replace(plan, pause_daily_at="19:05"), "1", said.append)
    assert said[-1] == f"daily pause {NAME}: {told}"
    redshift.assert_no_pending_responses()


def test_without_a_time_it_is_taken_away_with_its_role(account: Fixture, plan: Plan) -> None:
    iam, redshift = account[1]["iam"], account[1]["redshift"]
    iam.add_client_error("get_role", "NoSuchEntity")
    cost.ensure_daily_pause(account[0], plan, "1", print)  # there was none: Redshift is not asked
    iam.add_response("get_role", {"Role": dict(ROLE)})
    redshift.add_response("delete_scheduled_action", {}, {"ScheduledActionName": NAME})
    iam.add_response("get_role", {"Role": dict(ROLE)})
    iam.add_response("list_role_policies", {"PolicyNames": ["what-it-may-do"]})
    iam.add_response("delete_role_policy", {})
    iam.add_response("list_attached_role_policies", {"AttachedPolicies": []})
    iam.add_response("delete_role", {})
    cost.ensure_daily_pause(account[0], plan, "1", print)
    iam.assert_no_pending_responses()
    redshift.assert_no_pending_responses()


def test_what_aws_refuses_is_told(account: Fixture, plan: Plan) -> None:
    expect_role(account[1])
    account[1]["redshift"].add_client_error("describe_scheduled_actions", "UnauthorizedOperation", "no")
    with pytest.raises(IacError, match=f"daily pause {NAME}: AWS refused DescribeScheduledActions"):
        cost.ensure_daily_pause(account[0], replace(plan, pause_daily_at="19:05"), "1", print)
