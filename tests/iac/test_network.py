"""Who reaches the warehouse: rules by the cfg, TLS, and a way in that is told."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import network
from iac.account import Account
from iac.faults import IacError
from iac.plan import Plan

Fixture = tuple[Account, dict[str, Stubber]]
HOME = "203.0.113.7/32"


def rule(address: str, identifier: str = "sgr-1", port: int = 5439, **more: Any) -> dict[str, Any]:
    return {"SecurityGroupRuleId": identifier, "CidrIpv4": address, "FromPort": port, "ToPort": port, **more}


def expect_group(ec2: Stubber, *groups: str) -> None:
    ec2.add_response("describe_vpcs", {"Vpcs": [{"VpcId": "vpc-1"}]})
    ec2.add_response("describe_security_groups", {"SecurityGroups": [{"GroupId": group} for group in groups]})


def let_in(**source: Any) -> dict[str, Any]:
    permission = {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, **source}
    return {"GroupId": "sg-1", "IpPermissions": [permission]}


def test_no_address_no_group_and_one_that_was_made_is_shut(account: Fixture, plan: Plan) -> None:
    ec2, said = account[1]["ec2"], list[str]()
    ec2.add_response("describe_security_groups", {"SecurityGroups": []})
    assert network.ensure_security_group(account[0], plan, said.append) is None
    ec2.add_response("describe_security_groups", {"SecurityGroups": [{"GroupId": "sg-1"}]})
    ec2.add_response("describe_security_group_rules", {"SecurityGroupRules": [rule(HOME)]})
    ec2.add_response("revoke_security_group_ingress", {}, {"GroupId": "sg-1", "SecurityGroupRuleIds": ["sgr-1"]})
    assert network.ensure_security_group(account[0], plan, said.append) is None
    assert said == [f"ingress from {HOME}: taken away"]
    ec2.assert_no_pending_responses()


def test_the_group_lets_in_what_the_cfg_names(account: Fixture, plan: Plan) -> None:
    ec2 = account[1]["ec2"]
    expect_group(ec2)
    ec2.add_response("create_security_group", {"GroupId": "sg-1"})
    ec2.add_response("authorize_security_group_ingress", {}, let_in(IpRanges=[{"CidrIp": HOME}]))
    ec2.add_response("authorize_security_group_ingress", {}, let_in(Ipv6Ranges=[{"CidrIpv6": "2001:db8::1/128"}]))
    ec2.add_response(
        "describe_security_group_rules", {"SecurityGroupRules": [rule(HOME), rule("0.0.0.0/0", IsEgress=True)]}
    )
    named = replace(plan, ingress=(HOME, "2001:db8::1/128"))
    assert network.ensure_security_group(account[0], named, print) == "sg-1"
    ec2.assert_no_pending_responses()


def test_a_duplicate_is_success_and_an_old_address_goes(account: Fixture, plan: Plan) -> None:
    ec2, said = account[1]["ec2"], list[str]()
    expect_group(ec2, "sg-1")
    ec2.add_client_error("authorize_security_group_ingress", "InvalidPermission.Duplicate")
    rules = [rule(HOME), rule("198.51.100.9/32", "sgr-2"), rule("0.0.0.0/0", "sgr-3", 22)]
    ec2.add_response("describe_security_group_rules", {"SecurityGroupRules": rules})
    for old in ("sgr-2", "sgr-3"):
        ec2.add_response("revoke_security_group_ingress", {}, {"GroupId": "sg-1", "SecurityGroupRuleIds": [old]})
    network.ensure_security_group(account[0], replace(plan, ingress=(HOME,)), said.append)
    assert said == [
        "security group one-ingress: already there",
        f"ingress from {HOME} to port 5439: already there",
        "ingress from 198.51.100.9/32: taken away",
        "ingress from 0.0.0.0/0: taken away",
    ]
    ec2.assert_no_pending_responses()


def test_another_refusal_is_told(account: Fixture, plan: Plan) -> None:
    ec2 = account[1]["ec2"]
    expect_group(ec2, "sg-1")
    ec2.add_client_error("authorize_security_group_ingress", "RulesPerSecurityGroupLimitExceeded", "too many")
    with pytest.raises(IacError, match=r"security group one-ingress: AWS refused .*too many"):
        network.ensure_security_group(account[0], replace(plan, ingress=(HOME,)), print)


@pytest.mark.parametrize(
    ("options", "service", "operation", "lists"),
    [
        (
            {"subnet_group": "mine"},
            "redshift",
            "describe_cluster_subnet_groups",
            "ClusterSubnetGroups",
        ),
        (
            {"deployment": "serverless", "subnets": ("subnet-1",)},
            "ec2",
            "describe_subnets",
            "Subnets",
        ),
    ],
)
def test_it_is_made_where_the_warehouse_will_be(
    account: Fixture, plan: Plan, options: Any, service: str, operation: str, lists: str
) -> None:
    stubbers = account[1]
    stubbers[service].add_response(operation, {lists: [{"VpcId": "vpc-2"}]})
    name = [{"Name": "group-name", "Values": ["one-ingress"]}, {"Name": "vpc-id", "Values": ["vpc-2"]}]
    stubbers["ec2"].add_response(
        "describe_security_groups", {"SecurityGroups": [{"GroupId": "sg-1"}]}, {"Filters": name}
    )
    stubbers["ec2"].add_response("authorize_security_group_ingress", {})
    stubbers["ec2"].add_response("describe_security_group_rules", {"SecurityGroupRules": []})
    assert network.ensure_security_group(account[0], replace(plan, ingress=(HOME,), **options), print) == "sg-1"


def test_a_region_without_a_default_vpc_says_what_to_do(account: Fixture, plan: Plan) -> None:
    account[1]["ec2"].add_response("describe_vpcs", {"Vpcs": []})
    with pytest.raises(IacError, match=r"no default VPC\. Name subnets"):
        network.ensure_security_group(account[0], replace(plan, ingress=(HOME,)), print)


def test_tls_is_a_parameter_group(account: Fixture, plan: Plan) -> None:
    redshift = account[1]["redshift"]
    assert network.ensure_tls(account[0].redshift, plan, print) is None
    redshift.add_client_error("describe_cluster_parameter_groups", "ClusterParameterGroupNotFound")
    redshift.add_response("create_cluster_parameter_group", {})
    wanted = [{"ParameterName": "require_ssl", "ParameterValue": "true"}]
    redshift.add_response("modify_cluster_parameter_group", {}, {"ParameterGroupName": "one-tls", "Parameters": wanted})
    assert network.ensure_tls(account[0].redshift, replace(plan, require_ssl=True), print) == "one-tls"
    redshift.assert_no_pending_responses()
    found: Any = {"ClusterIdentifier": "one", "ClusterParameterGroups": [{"ParameterGroupName": "default"}]}
    network.check_tls(found, None)
    with pytest.raises(IacError, match="its parameter group is not one-tls"):
        network.check_tls(found, "one-tls")


def test_one_that_can_be_reached_is_reached(plan: Plan) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        network.check_reachable("127.0.0.1", server.getsockname()[1], plan)


def test_a_private_one_out_of_reach_tells_the_way_in(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with pytest.raises(IacError) as caught:
            network.check_reachable("one.invalid", port, plan)
        text = str(caught.value)
        assert f"cluster one: one.invalid:{port} cannot be reached from here" in text
        assert f"--parameters host=one.invalid,portNumber={port},localPortNumber={port}" in text
        # Through the forwarded port, as the text says.
        monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
        network.check_reachable("one.invalid", port, plan)


def test_a_public_one_out_of_reach_asks_for_the_address(plan: Plan) -> None:
    public = replace(plan, publicly_accessible=True, ingress=(HOME,))
    assert f"ingress = {HOME}" in network.way_in("one.example", 5439, public)
