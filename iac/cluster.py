"""The provisioned Redshift cluster: encrypted, with the role for COPY, reachable by those alone whom the cfg names."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from iac.account import Say
from iac.endpoint import check_same
from iac.faults import IacError, explained
from iac.plan import Plan
from iac.waiting import LIMIT_SECONDS, Clock, wait
from warehouse.login import Login

if TYPE_CHECKING:
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift.type_defs import (
        ClusterTypeDef,
        CreateClusterMessageTypeDef,
        ModifyClusterMessageTypeDef,
    )

# Redshift Management Guide, "Cluster status": these become "available" by themselves.
_ON_THE_WAY = {
    "not there yet",
    "available",  # without an address, or with a password on its way
    "available, prep-for-resize",
    "creating",
    "maintenance",
    "modifying",
    "rebooting",
    "renaming",
    "resizing",
    "resuming",
    "rotating-keys",
    "updating-hsm",
}


def find(redshift: RedshiftClient, name: str) -> ClusterTypeDef | None:
    """What AWS says of the cluster, None if there is none."""
    with explained(f"cluster {name}"):
        try:
            return redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
        except redshift.exceptions.ClusterNotFoundFault:
            return None


def create(
    redshift: RedshiftClient,
    plan: Plan,
    login: Login | None,
    role_arn: str,
    say: Say,
    *,
    security_group: str | None = None,
    parameter_group: str | None = None,
) -> None:
    """Order the cluster; ``wait_until_available`` says when it is there. Without a login AWS makes the password."""
    settings, nodes = plan.settings, plan.settings.number_of_nodes
    order: CreateClusterMessageTypeDef = {
        "ClusterIdentifier": plan.name,
        "ClusterType": "single-node",
        "NodeType": settings.node_type,
        "DBName": settings.database,
        "MasterUsername": settings.user,
        "Port": settings.port,
        "IamRoles": [role_arn],
        "Encrypted": True,
        "PubliclyAccessible": plan.publicly_accessible,
    }
    if login is None:
        order["ManageMasterPassword"] = True
    else:
        order["MasterUserPassword"] = login.password
    if nodes > 1:
        order.update({"ClusterType": "multi-node", "NumberOfNodes": nodes})
    if plan.subnet_group:
        order["ClusterSubnetGroupName"] = plan.subnet_group
    if security_group:
        order["VpcSecurityGroupIds"] = [security_group]
    if parameter_group:
        order["ClusterParameterGroupName"] = parameter_group
    with explained(f"cluster {plan.name}"):
        redshift.create_cluster(**order)
        say(f"cluster {plan.name}: being created ({settings.node_type}, {nodes} node{'s' if nodes > 1 else ''})")


def check(found: ClusterTypeDef, plan: Plan) -> None:
    """Raise IacError if a cluster of this name is there but is not the one that the settings speak of."""
    check_same(f"cluster {plan.name}", plan, found.get("DBName"), found.get("MasterUsername"))
    if not found.get("Encrypted", True):
        raise IacError(
            f"cluster {plan.name}: it is not encrypted. Encrypt it (aws redshift modify-cluster --cluster-identifier "
            f"{plan.name} --encrypted), or name another `cluster_identifier`."
        )
    if found.get("PubliclyAccessible", False) and not plan.publicly_accessible:
        raise IacError(
            f"cluster {plan.name}: it is public, the cfg says private. Make it so (aws redshift modify-cluster "
            f"--cluster-identifier {plan.name} --no-publicly-accessible), or put `publicly_accessible` right."
        )


def ensure_role(redshift: RedshiftClient, found: ClusterTypeDef, role_arn: str, say: Say) -> None:
    """Let a cluster that is there take on the role."""
    name = found["ClusterIdentifier"]
    if role_arn in {role["IamRoleArn"] for role in found.get("IamRoles", [])}:
        return
    with explained(f"cluster {name}"):
        redshift.modify_cluster_iam_roles(ClusterIdentifier=name, AddIamRoles=[role_arn])
        say(f"cluster {name}: given the role {role_arn}")


def ensure_security_group(redshift: RedshiftClient, found: ClusterTypeDef, group: str | None, say: Say) -> None:
    """Let a cluster that is there be reached by those whom the security group lets in."""
    name = found["ClusterIdentifier"]
    if group is None or group in {each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups", [])}:
        return
    with explained(f"cluster {name}"):
        redshift.modify_cluster(ClusterIdentifier=name, VpcSecurityGroupIds=[group])
        say(f"cluster {name}: given the security group {group}")


def set_password(redshift: RedshiftClient, found: ClusterTypeDef, login: Login, say: Say) -> None:
    """Give the administrator a new password, which AWS then does not manage."""
    name = found["ClusterIdentifier"]
    order: ModifyClusterMessageTypeDef = {"ClusterIdentifier": name, "MasterUserPassword": login.password}
    if found.get("MasterPasswordSecretArn"):
        order["ManageMasterPassword"] = False
    with explained(f"cluster {name}"):
        redshift.modify_cluster(**order)
        say(f"cluster {name}: new password of the administrator set")


def let_manage_password(redshift: RedshiftClient, name: str, say: Say) -> None:
    """Have AWS make a new password of the administrator, keep and rotate it."""
    with explained(f"cluster {name}"):
        redshift.modify_cluster(ClusterIdentifier=name, ManageMasterPassword=True)
        say(f"cluster {name}: AWS manages the administrator's password from now on")


def wait_until_available(
    redshift: RedshiftClient, name: str, say: Say, *, limit: float = LIMIT_SECONDS, clock: Clock | None = None
) -> ClusterTypeDef:
    """Wait until SQL can be run. Raises IacError as ``iac.waiting.wait`` does."""

    def look() -> tuple[str, ClusterTypeDef | None]:
        found = find(redshift, name)
        status = found.get("ClusterStatus", "unknown") if found else "not there yet"
        ready = found and status == "available" and "Endpoint" in found and not _pending_password(found)
        return status, found if ready else None

    return wait(f"cluster {name}", look, _ON_THE_WAY, say, advice=_advice, limit=limit, clock=clock)


def pause(redshift: RedshiftClient, name: str, say: Say, *, clock: Clock | None = None) -> None:
    """Pause the cluster and wait until it is: from then on its storage alone is billed."""
    status = _status(redshift, name)
    if status == "paused":
        say(f"cluster {name}: already paused")
        return
    if status != "pausing":
        with explained(f"cluster {name}"):
            redshift.pause_cluster(ClusterIdentifier=name)

    def look() -> tuple[str, bool | None]:
        status = _status(redshift, name)
        return status, status == "paused" or None

    wait(f"cluster {name}", look, {"pausing", "available", "modifying"}, say, clock=clock)
    say(f"cluster {name}: paused; its storage alone is billed")


def resume(redshift: RedshiftClient, name: str, say: Say, *, clock: Clock | None = None) -> None:
    """Resume a paused cluster and wait until SQL can be run."""
    if _status(redshift, name) == "available":
        say(f"cluster {name}: already available")
        return
    if _status(redshift, name) == "paused":
        with explained(f"cluster {name}"):
            redshift.resume_cluster(ClusterIdentifier=name)
    wait_until_available(redshift, name, say, clock=clock)
    say(f"cluster {name}: available, and billed by the hour again")


def delete(redshift: RedshiftClient, name: str, say: Say, *, snapshot: bool, clock: Clock | None = None) -> None:
    """Delete the cluster and wait until it is gone; with ``snapshot`` its data can be had back later."""
    found = find(redshift, name)
    if found is None:
        say(f"cluster {name}: already gone")
        return
    with explained(f"cluster {name}"):
        if found.get("ClusterStatus") not in ("deleting", "final-snapshot"):
            if snapshot:
                final = f"{name}-final-{datetime.now(timezone.utc):%Y%m%d%H%M%S}"
                redshift.delete_cluster(
                    ClusterIdentifier=name, SkipFinalClusterSnapshot=False, FinalClusterSnapshotIdentifier=final
                )
                say(f"cluster {name}: being deleted, snapshot {final}")
            else:
                redshift.delete_cluster(ClusterIdentifier=name, SkipFinalClusterSnapshot=True)
                say(f"cluster {name}: being deleted, without a snapshot")

    def look() -> tuple[str, bool | None]:
        return "there", find(redshift, name) is None or None

    wait(f"cluster {name}", look, {"there"}, say, clock=clock)
    say(f"cluster {name}: deleted")


def _status(redshift: RedshiftClient, name: str) -> str:
    found = find(redshift, name)
    if found is None:
        raise IacError(f"cluster {name}: there is none. Make it: python -m iac up")
    return found.get("ClusterStatus", "unknown")


def _pending_password(found: ClusterTypeDef) -> bool:
    return bool(found.get("PendingModifiedValues", {}).get("MasterUserPassword"))


def _advice(status: str) -> str:
    if status == "paused":
        return "Resume it: python -m iac resume"
    return "Look at it in the Redshift console."
