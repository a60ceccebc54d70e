"""What there is, what it costs, and what is left when all of it is deleted."""

from __future__ import annotations

from collections.abc import Callable

from iac import bucket, cluster, cost, network, overlay, policies, role, secret, serverless
from iac.account import Account, Say, connect
from iac.faults import IacError, explained
from iac.plan import Plan
from warehouse.settings import overlay_path


def status(plan: Plan, say: Say = print) -> None:
    """Tell what there is, one line each, what it costs, and whether the warehouse can be reached from here."""
    account, settings = connect(plan.settings.region), plan.settings
    endpoint = _tell_workgroup(account, plan, say) if plan.serverless else _tell_cluster(account, plan, say)
    with explained(f"role {settings.role_name}"):
        say(f"role {settings.role_name}: {role.find(account.iam, settings.role_name) or 'absent'}")
    for name in _secrets(plan):
        say(f"secret {name}: {'there' if secret.exists(account.secrets, name) else 'absent'}")
    with explained(f"bucket {settings.bucket}"):
        if bucket.exists(account.s3, settings.bucket):
            holds = bucket.contents(account.s3, settings.bucket)
            say(f"bucket {settings.bucket}: {holds.objects} objects, {holds.size:,} bytes")
        else:
            say(f"bucket {settings.bucket}: absent")
    if endpoint:
        try:
            network.check_reachable(*endpoint, plan)
            say(f"endpoint {endpoint[0]}:{endpoint[1]}: can be reached from here")
        except IacError as error:
            say(str(error))


def _tell_cluster(account: Account, plan: Plan, say: Say) -> tuple[str, int] | None:
    found = cluster.find(account.redshift, plan.name)
    if not found:
        say(f"cluster {plan.name}: absent")
        return None
    endpoint = found.get("Endpoint", {})
    where = f" at {endpoint['Address']}:{endpoint['Port']}" if "Address" in endpoint else ""
    say(f"cluster {plan.name}: {found['ClusterStatus']}{where}")
    say(cost.of_cluster(plan, found))
    running = found["ClusterStatus"] == "available" and "Address" in endpoint
    return (endpoint["Address"], endpoint["Port"]) if running else None


def _tell_workgroup(account: Account, plan: Plan, say: Say) -> tuple[str, int] | None:
    found = serverless.find_workgroup(account.serverless, plan.name)
    if not found:
        say(f"workgroup {plan.name}: absent")
        return None
    endpoint = found.get("endpoint", {})
    say(f"workgroup {plan.name}: {found.get('status')} at {endpoint.get('address')}:{endpoint.get('port')}")
    say(cost.of_workgroup(plan, found))
    return (endpoint["address"], endpoint["port"]) if "address" in endpoint else None


def deprovision(plan: Plan, confirm: Callable[[list[str]], bool], say: Say = print, *, snapshot: bool = True) -> bool:
    """Delete everything, if ``confirm`` says yes to the list of it, and prove that nothing billable is left.

    False if it says no. Running it twice is safe: what is gone already is not listed. Raises IacError: AWS refused.
    """
    account, settings = connect(plan.settings.region), plan.settings
    doomed = _doomed(account, plan, snapshot)
    if not doomed:
        say("There is nothing to delete.")
    elif not confirm(doomed):
        say("Nothing was deleted.")
        return False
    cost.delete_daily_pause(account, plan, say)
    if plan.serverless:
        serverless.delete(account.serverless, plan.name, say, snapshot=snapshot)
    else:
        cluster.delete(account.redshift, plan.name, say, snapshot=snapshot)
    network.delete_security_group(account, plan, say)
    role.delete(account.iam, settings.role_name, say)
    policies.delete(account, plan, say)
    for name in _secrets(plan):
        secret.delete(account.secrets, name, say)
    bucket.delete(account.s3, settings.bucket, say)
    overlay.clear(overlay_path())
    _prove(account, plan, say)
    return True


def confirmed_by(name: str, plan: Plan, say: Say = print) -> Callable[[list[str]], bool]:
    """Shows what would be deleted, and says yes if ``name`` is the cluster's."""

    def confirm(doomed: list[str]) -> bool:
        say("This will be deleted:" if name == plan.name else f"This would be deleted, if the name were {plan.name}:")
        for line in doomed:
            say(f"  {line}")
        return name == plan.name

    return confirm


def _doomed(account: Account, plan: Plan, snapshot: bool) -> list[str]:
    """What would be deleted, one line each."""
    kept = "a final snapshot is kept, and billed" if snapshot else "with all its data: no snapshot is kept"
    lines = [f"{thing} ({kept})" for thing in _computes(account, plan)]
    if cost.has_daily_pause(account, plan):
        lines.append("its daily pause")
    name = plan.settings.role_name
    with explained(f"role {name}"):
        if role.find(account.iam, name):
            lines.append(f"role {name}")
    lines += [f"policy {arn.rpartition('/')[2]}" for arn in policies.found(account, plan)]
    lines += [f"secret {name}" for name in _secrets(plan) if secret.exists(account.secrets, name)]
    name = plan.settings.bucket
    with explained(f"bucket {name}"):
        if bucket.exists(account.s3, name):
            holds = bucket.contents(account.s3, name)
            lines.append(f"bucket {name} ({holds.objects} objects, {holds.size:,} bytes, all versions)")
    return lines


def _prove(account: Account, plan: Plan, say: Say) -> None:
    """Ask AWS again for everything of ours that is billed, and say what is left.

    Raises IacError: something that was to be deleted is still there.
    """
    left = _computes(account, plan)
    left += [f"secret {name}" for name in _secrets(plan) if secret.exists(account.secrets, name)]
    with explained(f"bucket {plan.settings.bucket}"):
        left += [f"bucket {plan.settings.bucket}"] if bucket.exists(account.s3, plan.settings.bucket) else []
    if left:
        raise IacError(f"Still there, and billed: {', '.join(left)}. Run it again.")
    snapshots = _snapshots(account, plan)
    for name, command in snapshots:
        say(f"snapshot {name}: kept, and billed by its size until you delete it: {command}")
    rest = "no more than that" if snapshots else "nothing"
    say(f"Asked again for cluster, snapshots, secrets and bucket: {rest} is left.")


def _computes(account: Account, plan: Plan) -> list[str]:
    """What is billed for computing and for the data in it."""
    name = plan.name
    if plan.serverless:
        there = {
            "workgroup": serverless.find_workgroup(account.serverless, name),
            "namespace": serverless.find_namespace(account.serverless, name),
        }
        return [f"{kind} {name}" for kind, found in there.items() if found]
    return [f"cluster {name}"] if cluster.find(account.redshift, name) else []


def _snapshots(account: Account, plan: Plan) -> list[tuple[str, str]]:
    """Each snapshot of ours that is left, and the command that deletes it."""
    if plan.serverless:
        with explained(f"snapshots of {plan.name}"):
            listed = account.serverless.list_snapshots(namespaceName=plan.name)["snapshots"]
        names = [each["snapshotName"] for each in listed]
        return [(name, f"aws redshift-serverless delete-snapshot --snapshot-name {name}") for name in names]
    with explained(f"snapshots of {plan.name}"):
        pages = account.redshift.get_paginator("describe_cluster_snapshots").paginate(SnapshotType="manual")
        found = [each for page in pages for each in page["Snapshots"]]
    names = [each["SnapshotIdentifier"] for each in found if each.get("ClusterIdentifier") == plan.name]
    return [(name, f"aws redshift delete-cluster-snapshot --snapshot-identifier {name}") for name in names]


def _secrets(plan: Plan) -> list[str]:
    """The secrets that are ours; what AWS manages goes with its cluster."""
    own = [] if plan.managed else [plan.settings.secret]
    return [*own, plan.settings.pipeline_secret]
