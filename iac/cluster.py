"""The Redshift cluster: encrypted, not reachable from the internet, with the role for COPY."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from iac.account import Say
from iac.faults import IacError, explained
from warehouse.login import Login
from warehouse.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift.type_defs import ClusterTypeDef, CreateClusterMessageTypeDef

LIMIT_SECONDS = 30 * 60
_POLL_SECONDS = 10
_TELL_SECONDS = 30
# Redshift Management Guide, "Cluster status": these become "available" by themselves.
_ON_THE_WAY = {
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


@dataclass(frozen=True)
class Clock:
    """Time as polling sees it; tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def find(redshift: RedshiftClient, name: str) -> ClusterTypeDef | None:
    """What AWS says of the cluster, None if there is none."""
    with explained(f"cluster {name}"):
        try:
            return redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
        except redshift.exceptions.ClusterNotFoundFault:
            return None


def create(redshift: RedshiftClient, settings: Settings, login: Login, role_arn: str, say: Say) -> None:
    """Order the cluster; ``wait_until_available`` says when it is there."""
    name, nodes = settings.cluster_identifier, settings.number_of_nodes
    order: CreateClusterMessageTypeDef = {
        "ClusterIdentifier": name,
        "ClusterType": "single-node",
        "NodeType": settings.node_type,
        "DBName": settings.database,
        "MasterUsername": login.username,
        "MasterUserPassword": login.password,
        "Port": settings.port,
        "IamRoles": [role_arn],
        "Encrypted": True,
        "PubliclyAccessible": False,
    }
    if nodes > 1:
        order.update({"ClusterType": "multi-node", "NumberOfNodes": nodes})
    with explained(f"cluster {name}"):
        redshift.create_cluster(**order)
        say(f"cluster {name}: being created ({settings.node_type}, {nodes} node{'s' if nodes > 1 else ''})")


def check(found: ClusterTypeDef, settings: Settings) -> None:
    """Raise IacError if a cluster of this name is there but is not the one that the settings speak of."""
    for what, wanted, has in (
        ("database", settings.database, found.get("DBName")),
        ("user", settings.user, found.get("MasterUsername")),
    ):
        if wanted != has:
            raise IacError(
                f"cluster {settings.cluster_identifier}: its {what} is {has!r}, the cfg says {wanted!r}. "
                f"Put `{what}` in the cfg right, or name another `cluster_identifier`."
            )


def ensure_role(redshift: RedshiftClient, found: ClusterTypeDef, role_arn: str, say: Say) -> None:
    """Let a cluster that is there take on the role."""
    name = found["ClusterIdentifier"]
    if role_arn in {role["IamRoleArn"] for role in found.get("IamRoles", [])}:
        return
    with explained(f"cluster {name}"):
        redshift.modify_cluster_iam_roles(ClusterIdentifier=name, AddIamRoles=[role_arn])
        say(f"cluster {name}: given the role {role_arn}")


def set_password(redshift: RedshiftClient, name: str, login: Login, say: Say) -> None:
    """Give the administrator a new password."""
    with explained(f"cluster {name}"):
        redshift.modify_cluster(ClusterIdentifier=name, MasterUserPassword=login.password)
        say(f"cluster {name}: its secret was gone, new password set")


def wait_until_available(
    redshift: RedshiftClient, name: str, say: Say, *, limit: float = LIMIT_SECONDS, clock: Clock | None = None
) -> ClusterTypeDef:
    """Wait until SQL can be run, telling how it stands each half minute.

    Raises IacError: after ``limit`` seconds, or as soon as the cluster is in a state that waiting does not change.
    """
    clock = clock or Clock()
    began = told = clock.now()
    while True:
        found = find(redshift, name)
        status = found.get("ClusterStatus", "unknown") if found else "not there yet"
        if found and status == "available" and "Endpoint" in found and not _pending_password(found):
            return found
        if found and status != "available" and status not in _ON_THE_WAY:
            raise IacError(f"cluster {name}: it is {status}, which waiting does not change. {_advice(status)}")
        now = clock.now()
        if now - began >= limit:
            raise IacError(
                f"cluster {name}: still {status} after {limit / 60:.0f} minutes. "
                "Look at it in the Redshift console; `python -m iac up` waits on."
            )
        if now - told >= _TELL_SECONDS:
            told = now
            say(f"cluster {name}: {status}, {now - began:.0f} s")
        clock.sleep(_POLL_SECONDS)


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
                redshift.delete_cluster(ClusterIdentifier=name, FinalClusterSnapshotIdentifier=final)
                say(f"cluster {name}: being deleted, snapshot {final}")
            else:
                redshift.delete_cluster(ClusterIdentifier=name, SkipFinalClusterSnapshot=True)
                say(f"cluster {name}: being deleted, without a snapshot")
    _wait_until_gone(redshift, name, clock or Clock())
    say(f"cluster {name}: deleted")


def _wait_until_gone(redshift: RedshiftClient, name: str, clock: Clock) -> None:
    began = clock.now()
    while find(redshift, name) is not None:
        if clock.now() - began >= LIMIT_SECONDS:
            raise IacError(
                f"cluster {name}: still there after {LIMIT_SECONDS / 60:.0f} minutes. Run it again to wait on."
            )
        clock.sleep(_POLL_SECONDS)


def _pending_password(found: ClusterTypeDef) -> bool:
    return bool(found.get("PendingModifiedValues", {}).get("MasterUserPassword"))


def _advice(status: str) -> str:
    if status == "paused":
        return "Resume it: aws redshift resume-cluster"
    return "Look at it in the Redshift console."
