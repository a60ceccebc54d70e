"""The warehouse on a cluster of nodes; cluster and administrator's secret belong together, either may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iac import cluster, network, secret
from iac.account import Account, Say
from iac.endpoint import Endpoint, check_login, managed_login, secret_login
from iac.plan import Plan
from warehouse.login import Login

if TYPE_CHECKING:
    from mypy_boto3_redshift.type_defs import ClusterTypeDef

_ABOUT = "Administrator of the warehouse"


def ensure(account: Account, plan: Plan, role_arn: str, say: Say) -> Endpoint:
    """Make the cluster as the plan says, unless it is there, and wait until it answers."""
    group = network.ensure_security_group(account, plan, say)
    parameters = network.ensure_tls(account.redshift, plan, say)
    found = cluster.find(account.redshift, plan.name)
    if found is None:
        # The secret first: a cluster whose password is known to nobody would be of no use.
        settings = plan.settings
        login = None if plan.managed else secret_login(account, settings.secret, settings.user, _ABOUT, say)
        cluster.create(account.redshift, plan, login, role_arn, say, security_group=group, parameter_group=parameters)
    else:
        say(f"cluster {plan.name}: already there")
        cluster.check(found, plan)
        network.check_tls(found, parameters)
        found = cluster.wait_until_available(account.redshift, plan.name, say)
        cluster.ensure_role(account.redshift, found, role_arn, say)
        cluster.ensure_security_group(account.redshift, found, group, say)
        login = _ensure_password(account, plan, found, say)
    ready = cluster.wait_until_available(account.redshift, plan.name, say)
    admin = login or managed_login(account, f"cluster {plan.name}", ready.get("MasterPasswordSecretArn"))
    return Endpoint(ready["Endpoint"]["Address"], ready["Endpoint"]["Port"], admin)


def _ensure_password(account: Account, plan: Plan, found: ClusterTypeDef, say: Say) -> Login | None:
    """The administrator's login of a cluster that is there; None: AWS manages it."""
    settings = plan.settings
    if plan.managed:
        if not found.get("MasterPasswordSecretArn"):
            cluster.let_manage_password(account.redshift, plan.name, say)
        return None
    login = secret.read(account.secrets, settings.secret)
    if login is None or found.get("MasterPasswordSecretArn"):
        # The cluster first: should we fail in between, the secret is still missing and the next run mends it.
        fresh = login or secret.new_login(settings.user)
        cluster.set_password(account.redshift, found, fresh, say)
        if login is None:
            secret.write(account.secrets, settings.secret, fresh, _ABOUT, say)
        login = fresh
    check_login(login, settings.secret, settings.user)
    return login
