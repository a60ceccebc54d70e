"""Who reaches the warehouse: security group, TLS, and whether it can be reached from here.

https://docs.aws.amazon.com/redshift/latest/mgmt/managing-clusters-vpc.html
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from iac.account import Account, Say
from iac.faults import IacError, code, explained
from iac.plan import Plan

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, IpPermissionTypeDef
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift.type_defs import ClusterTypeDef

_REACH_SECONDS = 10


def ensure_security_group(account: Account, plan: Plan, say: Say) -> str | None:
    """Make the group that lets in the addresses of the cfg and no others; its id. None: the cfg names no address."""
    if not plan.ingress:
        _shut_out_all(account, plan, say)
        return None
    name = f"{plan.name}-ingress"
    with explained(f"security group {name}"):
        vpc = _vpc(account, plan)
        wanted: list[FilterTypeDef] = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [vpc]}]
        found = account.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        if found:
            group = found[0]["GroupId"]
            say(f"security group {name}: already there")
        else:
            group = account.ec2.create_security_group(
                GroupName=name, Description="Who may reach the warehouse", VpcId=vpc
            )["GroupId"]
            say(f"security group {name}: created")
        for address in plan.ingress:
            _let_in(account.ec2, group, address, plan.settings.port, say)
        _shut_out(account.ec2, group, plan, say)
    return group


def _vpc(account: Account, plan: Plan) -> str:
    if plan.serverless and plan.subnets:
        return account.ec2.describe_subnets(SubnetIds=list(plan.subnets))["Subnets"][0]["VpcId"]
    if plan.subnet_group:
        groups = account.redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName=plan.subnet_group)
        return groups["ClusterSubnetGroups"][0]["VpcId"]
    vpcs = account.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        raise IacError("network: this region has no default VPC. Name subnets of yours under [network] in the cfg.")
    return vpcs[0]["VpcId"]


def _let_in(ec2: EC2Client, group: str, address: str, port: int, say: Say) -> None:
    allowed: IpPermissionTypeDef = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    if ":" in address:
        allowed["Ipv6Ranges"] = [{"CidrIpv6": address}]
    else:
        allowed["IpRanges"] = [{"CidrIp": address}]
    try:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])
    except ClientError as error:
        if code(error) != "InvalidPermission.Duplicate":
            raise
        say(f"ingress from {address} to port {port}: already there")
    else:
        say(f"ingress from {address} to port {port}: allowed")


def _shut_out(ec2: EC2Client, group: str, plan: Plan, say: Say) -> None:
    """Take away what the cfg does not name any more: yesterday's address is somebody else's today."""
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    for rule in rules:
        address = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId", "another group")
        wanted = address in plan.ingress and rule.get("FromPort") == rule.get("ToPort") == plan.settings.port
        if not rule.get("IsEgress") and not wanted:
            ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
            say(f"ingress from {address}: taken away")


def _shut_out_all(account: Account, plan: Plan, say: Say) -> None:
    with explained("security groups"):
        for group in _ours(account, plan):
            _shut_out(account.ec2, group, plan, say)


def _ours(account: Account, plan: Plan) -> list[str]:
    filters: list[FilterTypeDef] = [{"Name": "group-name", "Values": [f"{plan.name}-ingress"]}]
    return [found["GroupId"] for found in account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]


def delete_security_group(account: Account, plan: Plan, say: Say) -> None:
    """Delete the group, if there is one; the cluster must be gone."""
    name = f"{plan.name}-ingress"
    with explained(f"security group {name}"):
        for group in _ours(account, plan):
            account.ec2.delete_security_group(GroupId=group)
            say(f"security group {name}: deleted")


def check_reachable(host: str, port: int, plan: Plan) -> None:
    """Raise IacError that says how to get there if the warehouse cannot be reached from here.

    PGHOSTADDR, which libpq reads, leads through a forwarded port while the certificate is still checked by name.
    """
    at = os.environ.get("PGHOSTADDR") or host
    try:
        socket.create_connection((at, port), timeout=_REACH_SECONDS).close()
    except OSError as error:
        raise IacError(
            f"cluster {plan.name}: {at}:{port} cannot be reached from here: {error}\n{way_in(host, port, plan)}"
        ) from error


def way_in(host: str, port: int, plan: Plan) -> str:
    """What to do to reach the warehouse from outside its VPC."""
    if plan.publicly_accessible:
        return f"Is your address among these? ingress = {', '.join(plan.ingress)}. Put it right, and run it again."
    return (
        "It is private. Forward a port through an instance of its VPC that Systems Manager knows:\n"
        "  aws ssm start-session --target <instance id> --document-name AWS-StartPortForwardingSessionToRemoteHost "
        f"--parameters host={host},portNumber={port},localPortNumber={port}\n"
        "and in another shell run it again with PGHOSTADDR=127.0.0.1"
    )


def ensure_tls(redshift: RedshiftClient, plan: Plan, say: Say) -> str | None:
    """Make the parameter group that refuses clients without TLS, if the cfg asks for it; its name.

    https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html
    """
    if not plan.require_ssl:
        return None
    name = f"{plan.name}-tls"
    with explained(f"parameter group {name}"):
        try:
            redshift.describe_cluster_parameter_groups(ParameterGroupName=name)
        except redshift.exceptions.ClusterParameterGroupNotFoundFault:
            redshift.create_cluster_parameter_group(
                ParameterGroupName=name, ParameterGroupFamily="redshift-2.0", Description="TLS alone"
            )
            say(f"parameter group {name}: created")
        redshift.modify_cluster_parameter_group(
            ParameterGroupName=name, Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "true"}]
        )
    return name


def check_tls(found: ClusterTypeDef, parameter_group: str | None) -> None:
    """Raise IacError if a cluster that is there would still take clients without TLS."""
    names = {group.get("ParameterGroupName") for group in found.get("ClusterParameterGroups", [])}
    if parameter_group and parameter_group not in names:
        name = found["ClusterIdentifier"]
        raise IacError(
            f"cluster {name}: its parameter group is not {parameter_group}. Give it that and restart it, when nobody "
            f"uses it: aws redshift modify-cluster --cluster-identifier {name} --cluster-parameter-group-name "
            f"{parameter_group}; aws redshift reboot-cluster --cluster-identifier {name}"
        )
