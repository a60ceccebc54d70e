"""Whether Redshift may read an object with a role, answered from moto's IAM in the words of AWS."""

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.redshift.models import Cluster, redshift_backends

from local_aws.policy import PolicyNotUnderstood, allows, trusts


def authorize(role_arn: str, bucket: str, key: str) -> str | None:
    """The error that COPY shows when ``role_arn`` may not read ``bucket``/``key``; None if it may.

    As on AWS the role must exist, trust redshift.amazonaws.com, be attached to a cluster, and allow s3:GetObject.
    A policy with parts that are not evaluated here is refused, naming the part.
    """
    iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    role = next((role for role in list(iam.roles.values()) if role.arn == role_arn), None)
    try:
        if role is None or not _assumable(role):
            return f"User {_user(role_arn)} is not authorized to assume IAM Role {role_arn}"
        if role.permissions_boundary_arn:
            raise PolicyNotUnderstood("the local AWS does not evaluate permissions boundaries")
        if not allows(_documents(iam, role), "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            return "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid LOCAL,ExtRid LOCAL,CanRetry 1"
    except PolicyNotUnderstood as reason:
        return f"IAM Role {role_arn} cannot be judged: {reason}"
    return None


def _assumable(role: Role) -> bool:
    attached = any(role.arn in cluster.iam_roles_arn for cluster in _clusters())
    return attached and trusts(role.assume_role_policy_document, "redshift.amazonaws.com")


def _documents(iam: IAMBackend, role: Role) -> list[str]:
    managed = [iam.managed_policies[arn] for arn in list(role.managed_policies)]
    in_force = [version.document for policy in managed for version in policy.versions if version.is_default]
    return [*list(role.policies.values()), *in_force]


def _clusters() -> list[Cluster]:
    regions = list(redshift_backends[DEFAULT_ACCOUNT_ID].values())
    return [cluster for region in regions for cluster in list(region.clusters.values())]


def _user(role_arn: str) -> str:
    """The database user as an ARN, as AWS names it: the one whose cluster has the role, or else any."""
    clusters = sorted(_clusters(), key=lambda cluster: role_arn not in cluster.iam_roles_arn)
    if not clusters:
        return "(no cluster)"
    one = clusters[0]
    return f"arn:aws:redshift:{one.region}:{DEFAULT_ACCOUNT_ID}:dbuser:{one.cluster_identifier}/{one.master_username}"
