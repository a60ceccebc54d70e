"""From nothing to a warehouse that a pipeline can load, how it stands, and back to nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iac import bucket, cluster, overlay, role, secret
from iac.account import Account, Say, connect
from iac.faults import IacError, explained
from iac.rules import check_settings
from warehouse.login import Login
from warehouse.settings import Settings, overlay_path

if TYPE_CHECKING:
    from mypy_boto3_redshift.type_defs import ClusterTypeDef


@dataclass(frozen=True)
class Warehouse:
    """What there is now: where SQL is run, and the role for COPY."""

    host: str
    port: int
    role_arn: str


def provision(settings: Settings, say: Say = print) -> Warehouse:
    """Make bucket, role, secret and cluster as far as they are missing, and note where they are in the overlay.

    Takes minutes on AWS. Running it twice is safe; after a failure the next run goes on.
    Raises SettingsError: a setting that AWS would refuse; IacError: AWS refused, or the cluster does not come up.
    """
    check_settings(settings)
    account = connect(settings.region)
    bucket.ensure(account.s3, settings.bucket, settings.region, say)
    role_arn = role.ensure(account.iam, settings.role_name, settings.bucket, say)
    ready = _ensure_cluster(account, settings, role_arn, say)
    done = Warehouse(ready["Endpoint"]["Address"], ready["Endpoint"]["Port"], role_arn)
    say(f"cluster {settings.cluster_identifier}: available at {done.host}:{done.port}")
    path = overlay_path()
    changed = overlay.write(path, host=done.host, port=done.port, role_arn=done.role_arn)
    say(f"overlay {path}: {'written' if changed else 'already there'}")
    return done


def _ensure_cluster(account: Account, settings: Settings, role_arn: str, say: Say) -> ClusterTypeDef:
    """Cluster and secret belong together; either may be missing after a failure or an accident."""
    name = settings.cluster_identifier
    found = cluster.find(account.redshift, name)
    login = secret.read(account.secrets, settings.secret)
    if found is None:
        # The secret first: a cluster whose password is known to nobody would be of no use.
        login = login or _new_secret(account, settings, say)
        _check_login(login, settings)
        cluster.create(account.redshift, settings, login, role_arn, say)
    else:
        say(f"cluster {name}: already there")
        cluster.check(found, settings)
        found = cluster.wait_until_available(account.redshift, name, say)
        cluster.ensure_role(account.redshift, found, role_arn, say)
        if login is None:
            # The cluster first: should we fail in between, the secret is still missing and the next run mends it.
            login = secret.new_login(settings.user)
            cluster.set_password(account.redshift, name, login, say)
            secret.write(account.secrets, settings.secret, login, say)
        _check_login(login, settings)
    return cluster.wait_until_available(account.redshift, name, say)


def _new_secret(account: Account, settings: Settings, say: Say) -> Login:
    login = secret.new_login(settings.user)
    secret.write(account.secrets, settings.secret, login, say)
    return login


def _check_login(login: Login, settings: Settings) -> None:
    if login.username != settings.user:
        raise IacError(
            f"secret {settings.secret}: it is for the user {login.username!r}, the cfg says {settings.user!r}. "
            "Put `user` in the cfg right, or name another `secret`."
        )


def status(settings: Settings, say: Say = print) -> None:
    """Tell what there is, one line each."""
    account = connect(settings.region)
    name = settings.cluster_identifier
    found = cluster.find(account.redshift, name)
    endpoint = found.get("Endpoint", {}) if found else {}
    where = f" at {endpoint['Address']}:{endpoint['Port']}" if "Address" in endpoint else ""
    say(f"cluster {name}: {found['ClusterStatus'] + where if found else 'absent'}")
    with explained(f"role {settings.role_name}"):
        say(f"role {settings.role_name}: {role.find(account.iam, settings.role_name) or 'absent'}")
    say(f"secret {settings.secret}: {'there' if secret.exists(account.secrets, settings.secret) else 'absent'}")
    with explained(f"bucket {settings.bucket}"):
        if bucket.exists(account.s3, settings.bucket):
            holds = bucket.contents(account.s3, settings.bucket)
            say(f"bucket {settings.bucket}: {holds.objects} objects, {holds.size:,} bytes")
        else:
            say(f"bucket {settings.bucket}: absent")


def deprovision(
    settings: Settings, confirm: Callable[[list[str]], bool], say: Say = print, *, snapshot: bool = True
) -> bool:
    """Delete cluster, role, secret and bucket, if ``confirm`` says yes to the list of them; False if it says no.

    Running it twice is safe: what is gone already is not listed. Raises IacError: AWS refused.
    """
    account = connect(settings.region)
    doomed = _doomed(account, settings, snapshot)
    if not doomed:
        say("There is nothing to delete.")
    elif not confirm(doomed):
        say("Nothing was deleted.")
        return False
    cluster.delete(account.redshift, settings.cluster_identifier, say, snapshot=snapshot)
    role.delete(account.iam, settings.role_name, say)
    secret.delete(account.secrets, settings.secret, say)
    bucket.delete(account.s3, settings.bucket, say)
    overlay.clear(overlay_path())
    return True


def _doomed(account: Account, settings: Settings, snapshot: bool) -> list[str]:
    """What would be deleted, one line each."""
    name, lines = settings.cluster_identifier, []
    if cluster.find(account.redshift, name):
        kept = "a final snapshot is kept, and billed" if snapshot else "with all its data: no snapshot is kept"
        lines.append(f"cluster {name} ({kept})")
    with explained(f"role {settings.role_name}"):
        if role.find(account.iam, settings.role_name):
            lines.append(f"role {settings.role_name}")
    if secret.exists(account.secrets, settings.secret):
        lines.append(f"secret {settings.secret}")
    with explained(f"bucket {settings.bucket}"):
        if bucket.exists(account.s3, settings.bucket):
            holds = bucket.contents(account.s3, settings.bucket)
            lines.append(f"bucket {settings.bucket} ({holds.objects} objects, {holds.size:,} bytes, all versions)")
    return lines
