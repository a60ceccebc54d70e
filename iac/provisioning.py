"""From nothing to a warehouse that a pipeline can load, how it stands, and back to nothing: one step a function."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iac import access, bucket, cluster, cost, network, overlay, policies, provisioned, role, serverless
from iac.account import Say, connect
from iac.endpoint import Endpoint, secret_login
from iac.faults import explained
from iac.plan import Plan
from iac.rules import check
from warehouse.settings import Settings, overlay_path

__all__ = [
    "Warehouse",
    "make_access",
    "make_bucket",
    "make_daily_pause",
    "make_policies",
    "make_role",
    "make_warehouse",
    "pause",
    "provision",
    "resume",
]


@dataclass(frozen=True)
class Warehouse:
    """What there is now: where SQL is run, and the role for COPY."""

    host: str
    port: int
    role_arn: str


def provision(plan: Plan, say: Say = print) -> Warehouse:
    """Make everything as far as it is missing, and note in the overlay where it is. Takes minutes on AWS.

    Running it twice is safe; after a failure the next run goes on.
    Raises SettingsError: a setting that is refused; IacError: AWS refused, or the cluster does not come up.
    """
    check(plan)
    make_bucket(plan, say)
    role_arn = make_role(plan, say)
    make_policies(plan, say)
    endpoint = make_warehouse(plan, role_arn, say)
    make_access(plan, endpoint, role_arn, say)
    make_daily_pause(plan, say)
    return Warehouse(endpoint.host, endpoint.port, role_arn)


def make_bucket(plan: Plan, say: Say = print) -> None:
    """The bucket: private, encrypted, versioned, TLS alone."""
    check(plan)
    bucket.ensure(connect(plan.settings.region).s3, plan.settings.bucket, plan.settings.region, say)


def make_role(plan: Plan, say: Say = print) -> str:
    """The role for COPY, which reads this bucket alone; its ARN."""
    check(plan)
    trusted = ["redshift.amazonaws.com", *(["redshift-serverless.amazonaws.com"] if plan.serverless else [])]
    document = role.read_document(plan.settings.bucket)
    iam = connect(plan.settings.region).iam
    return role.ensure(iam, plan.settings.role_name, role.trust_document(*trusted), document, say)


def make_policies(plan: Plan, say: Say = print) -> None:
    """The IAM policies of the workers and of each group of people."""
    check(plan)
    policies.ensure(connect(plan.settings.region), plan, say)


def make_warehouse(plan: Plan, role_arn: str, say: Say = print) -> Endpoint:
    """Cluster or workgroup, up and noted in the overlay."""
    check(plan)
    account = connect(plan.settings.region)
    make = serverless.ensure if plan.serverless else provisioned.ensure
    endpoint = make(account, plan, role_arn, say)
    say(f"cluster {plan.name}: available at {endpoint.host}:{endpoint.port}")
    path = overlay_path()
    changed = overlay.write(path, host=endpoint.host, port=endpoint.port, role_arn=role_arn)
    say(f"overlay {path}: {'written' if changed else 'already there'}")
    return endpoint


def make_access(plan: Plan, endpoint: Endpoint, role_arn: str, say: Say = print) -> None:
    """Groups, grants and the pipeline's own login, by SQL; the warehouse must be reachable from here."""
    check(plan)
    settings = plan.settings
    network.check_reachable(endpoint.host, endpoint.port, plan)
    about = "The pipeline's login to the warehouse"
    pipeline = secret_login(connect(settings.region), settings.pipeline_secret, settings.pipeline_user, about, say)
    access.ensure(_at(settings, endpoint), endpoint.admin, pipeline, role_arn, say)


def _at(settings: Settings, endpoint: Endpoint) -> Settings:
    """The settings as they are read with the overlay that was just written."""
    sslmode = overlay.sslmode(endpoint.host) or settings.sslmode
    return replace(settings, host=endpoint.host, port=endpoint.port, sslmode=sslmode)


def make_daily_pause(plan: Plan, say: Say = print) -> None:
    """The daily pause of the cluster, or none."""
    check(plan)
    account = connect(plan.settings.region)
    with explained("account"):
        account_id = account.sts.get_caller_identity()["Account"]
    cost.ensure_daily_pause(account, plan, account_id, say)


def pause(plan: Plan, say: Say = print) -> None:
    """Pause the cluster: its storage alone is billed."""
    if plan.serverless:
        say(f"workgroup {plan.name}: Serverless is billed by use; there is nothing to pause")
    else:
        cluster.pause(connect(plan.settings.region).redshift, plan.name, say)


def resume(plan: Plan, say: Say = print) -> None:
    """Resume the cluster."""
    if plan.serverless:
        say(f"workgroup {plan.name}: Serverless is billed by use; there is nothing to resume")
    else:
        cluster.resume(connect(plan.settings.region).redshift, plan.name, say)
