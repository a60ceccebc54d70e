"""The warehouse on Redshift Serverless: a namespace holds the data, a workgroup computes and is billed by use.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from iac import network
from iac.account import Account, Say
from iac.endpoint import Endpoint, check_same, managed_login, secret_login
from iac.faults import explained
from iac.plan import Plan
from iac.waiting import Clock, wait

if TYPE_CHECKING:
    from mypy_boto3_redshift_serverless import RedshiftServerlessClient
    from mypy_boto3_redshift_serverless.type_defs import NamespaceTypeDef, WorkgroupTypeDef

_ON_THE_WAY = {"not there yet", "CREATING", "MODIFYING", "AVAILABLE"}
_COMPUTE: Literal["serverless-compute"] = "serverless-compute"


def find_namespace(client: RedshiftServerlessClient, name: str) -> NamespaceTypeDef | None:
    """What AWS says of the namespace, None if there is none."""
    with explained(f"namespace {name}"):
        try:
            return client.get_namespace(namespaceName=name)["namespace"]
        except client.exceptions.ResourceNotFoundException:
            return None


def find_workgroup(client: RedshiftServerlessClient, name: str) -> WorkgroupTypeDef | None:
    """What AWS says of the workgroup, None if there is none."""
    with explained(f"workgroup {name}"):
        try:
            return client.get_workgroup(workgroupName=name)["workgroup"]
        except client.exceptions.ResourceNotFoundException:
            return None


def ensure(account: Account, plan: Plan, role_arn: str, say: Say, clock: Clock | None = None) -> Endpoint:
    """Make namespace and workgroup as the plan says, unless they are there; cap their use; wait until they answer."""
    client, name = account.serverless, plan.name
    group = network.ensure_security_group(account, plan, say)
    found = find_namespace(client, name)
    if found is None:
        _create_namespace(account, plan, role_arn, say)
    else:
        say(f"namespace {name}: already there")
        check_same(f"namespace {plan.name}", plan, found.get("dbName"), found.get("adminUsername"))
    namespace = _wait_for_namespace(client, name, say, clock)
    if role_arn not in "".join(namespace.get("iamRoles", [])):
        with explained(f"namespace {name}"):
            client.update_namespace(namespaceName=name, iamRoles=[role_arn])
            say(f"namespace {name}: given the role {role_arn}")
        namespace = _wait_for_namespace(client, name, say, clock)
    if find_workgroup(client, name) is None:
        _create_workgroup(client, plan, group, say)
    else:
        say(f"workgroup {name}: already there")
    workgroup = _wait_for_workgroup(client, name, say, clock)
    ensure_usage_limit(client, plan, workgroup["workgroupArn"], say)
    settings = plan.settings
    if plan.managed:
        admin = managed_login(account, f"namespace {name}", namespace.get("adminPasswordSecretArn"))
    else:
        admin = secret_login(account, settings.secret, settings.user, "Administrator of the warehouse", say)
    return Endpoint(workgroup["endpoint"]["address"], workgroup["endpoint"]["port"], admin)


def ensure_usage_limit(client: RedshiftServerlessClient, plan: Plan, workgroup_arn: str, say: Say) -> None:
    """Refuse queries once the day's RPU hours are used up; 0 in the plan takes the limit away."""
    thing, amount = f"usage limit of {plan.name}", plan.usage_limit
    with explained(thing):
        limits = client.list_usage_limits(resourceArn=workgroup_arn, usageType=_COMPUTE).get("usageLimits", [])
        found = next((limit for limit in limits if limit.get("period") == "daily"), None)
        if found is None and amount:
            client.create_usage_limit(
                resourceArn=workgroup_arn, usageType=_COMPUTE, amount=amount, period="daily", breachAction="deactivate"
            )
            say(f"{thing}: {amount} RPU hours a day")
        elif found and not amount:
            client.delete_usage_limit(usageLimitId=found["usageLimitId"])
            say(f"{thing}: taken away")
        elif found and (found.get("amount"), found.get("breachAction")) != (amount, "deactivate"):
            client.update_usage_limit(usageLimitId=found["usageLimitId"], amount=amount, breachAction="deactivate")
            say(f"{thing}: now {amount} RPU hours a day")
        elif found:
            say(f"{thing}: already there")


def delete(
    client: RedshiftServerlessClient, name: str, say: Say, *, snapshot: bool, clock: Clock | None = None
) -> None:
    """Delete workgroup and namespace and wait until they are gone; with ``snapshot`` the data can be had back later."""
    workgroup = find_workgroup(client, name)
    if workgroup:
        if workgroup.get("status") != "DELETING":
            with explained(f"workgroup {name}"):
                client.delete_workgroup(workgroupName=name)
        _wait_until_gone(f"workgroup {name}", lambda: find_workgroup(client, name), say, clock)
    namespace = find_namespace(client, name)
    if namespace:
        if namespace.get("status") != "DELETING":
            _delete_namespace(client, name, say, snapshot)
        _wait_until_gone(f"namespace {name}", lambda: find_namespace(client, name), say, clock)


def _delete_namespace(client: RedshiftServerlessClient, name: str, say: Say, snapshot: bool) -> None:
    with explained(f"namespace {name}"):
        if snapshot:
            final = f"{name}-final-{datetime.now(timezone.utc):%Y%m%d%H%M%S}"
            client.delete_namespace(namespaceName=name, finalSnapshotName=final)
            say(f"namespace {name}: being deleted, snapshot {final}")
        else:
            client.delete_namespace(namespaceName=name)
            say(f"namespace {name}: being deleted, without a snapshot")


def _wait_until_gone(thing: str, find: Callable[[], object], say: Say, clock: Clock | None) -> None:
    wait(thing, lambda: ("there", find() is None or None), {"there"}, say, clock=clock)
    say(f"{thing}: deleted")


def _create_namespace(account: Account, plan: Plan, role_arn: str, say: Say) -> None:
    settings = plan.settings
    order: dict[str, Any] = {
        "namespaceName": plan.name,
        "dbName": settings.database,
        "adminUsername": settings.user,
        "iamRoles": [role_arn],
    }
    if plan.managed:
        order["manageAdminPassword"] = True
    else:
        about = "Administrator of the warehouse"
        order["adminUserPassword"] = secret_login(account, settings.secret, settings.user, about, say).password
    with explained(f"namespace {plan.name}"):
        account.serverless.create_namespace(**order)
        say(f"namespace {plan.name}: being created")


def _create_workgroup(client: RedshiftServerlessClient, plan: Plan, group: str | None, say: Say) -> None:
    order: dict[str, Any] = {
        "workgroupName": plan.name,
        "namespaceName": plan.name,
        "baseCapacity": plan.base_capacity,
        "port": plan.settings.port,
        "publiclyAccessible": plan.publicly_accessible,
    }
    if plan.require_ssl:
        order["configParameters"] = [{"parameterKey": "require_ssl", "parameterValue": "true"}]
    if plan.subnets:
        order["subnetIds"] = list(plan.subnets)
    if group:
        order["securityGroupIds"] = [group]
    with explained(f"workgroup {plan.name}"):
        client.create_workgroup(**order)
        say(f"workgroup {plan.name}: being created ({plan.base_capacity} RPU)")


def _wait_for_namespace(client: RedshiftServerlessClient, name: str, say: Say, clock: Clock | None) -> NamespaceTypeDef:
    def look() -> tuple[str, NamespaceTypeDef | None]:
        found = find_namespace(client, name)
        status = found.get("status", "unknown") if found else "not there yet"
        return status, found if found and status == "AVAILABLE" else None

    return wait(f"namespace {name}", look, _ON_THE_WAY, say, clock=clock)


def _wait_for_workgroup(client: RedshiftServerlessClient, name: str, say: Say, clock: Clock | None) -> WorkgroupTypeDef:
    def look() -> tuple[str, WorkgroupTypeDef | None]:
        found = find_workgroup(client, name)
        status = found.get("status", "unknown") if found else "not there yet"
        ready = found and status == "AVAILABLE" and found.get("endpoint", {}).get("address")
        return status, found if ready else None

    return wait(f"workgroup {name}", look, _ON_THE_WAY, say, clock=clock)
