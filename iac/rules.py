"""What AWS would refuse or nobody should want, said before anything is made."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from iac.plan import Plan
from warehouse.settings import SettingsError, cfg_path

# S3 User Guide, "General purpose bucket naming rules"; Redshift Management Guide, "Quotas: naming constraints".
_BUCKET = r"(?!xn--)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_CLUSTER = r"(?!.*--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_USER = r"(?!public$)[a-z][a-z0-9_+.@-]{0,127}"
_SECRET = r"[A-Za-z0-9_/+=.@-]{1,512}"  # noqa: S105  # a pattern
_NAMES = (
    ("bucket", _BUCKET, "3 to 63 lower-case letters, digits, dots and hyphens"),
    ("role_name", r"[A-Za-z0-9_+=,.@-]{1,64}", "up to 64 letters, digits and +=,.@-_"),
    ("cluster_identifier", _CLUSTER, "up to 63 lower-case letters, digits, hyphens"),
    ("database", r"[a-z_][a-z0-9_]{0,63}", "up to 64 lower-case letters, digits and underscores"),
    ("user", _USER, "lower-case letters and digits, not `public`"),
    ("pipeline_user", _USER, "lower-case letters and digits, not `public`"),
    ("secret", _SECRET, "letters, digits and /_+=.@-"),
    ("pipeline_secret", _SECRET, "letters, digits and /_+=.@-"),
)


def check(plan: Plan) -> None:
    """Raise SettingsError that names every setting that is wrong, and the rule that it breaks."""
    faults = [*_names(plan), *_logins(plan), *_nodes(plan), *_network(plan), *_cost(plan)]
    if faults:
        raise SettingsError(f"{cfg_path()}: refused\n  " + "\n  ".join(faults))


def _names(plan: Plan) -> Iterator[str]:
    for option, pattern, rule in _NAMES:
        value = str(getattr(plan.settings, option))
        if not re.fullmatch(pattern, value):
            yield f"{option} = {value}: {rule}"


def _logins(plan: Plan) -> Iterator[str]:
    settings = plan.settings
    if plan.admin_password not in ("secret", "managed"):
        yield f"admin_password = {plan.admin_password}: secret or managed"
    if settings.pipeline_user == settings.user:
        yield f"pipeline_user = {settings.user}: that is the administrator; the pipeline needs a user of its own"
    if settings.pipeline_secret == settings.secret:
        yield f"pipeline_secret = {settings.secret}: that is the administrator's; name another one"


def _nodes(plan: Plan) -> Iterator[str]:
    settings = plan.settings
    if plan.deployment not in ("provisioned", "serverless"):
        yield f"deployment = {plan.deployment}: provisioned or serverless"
    if settings.node_type.startswith(("dc", "ds")):
        yield f"node_type = {settings.node_type}: AWS makes no more DC2 and DS2 clusters; use ra3.large or rg.large"
    elif not re.fullmatch(r"(ra3|rg)\.[a-z0-9]+", settings.node_type):
        yield f"node_type = {settings.node_type}: an RA3 or RG node such as ra3.large or rg.large"
    if settings.number_of_nodes < 1:
        yield f"number_of_nodes = {settings.number_of_nodes}: at least 1"
    if not plan.encrypted:
        yield "encrypted = no: students' data is encrypted at rest, and AWS makes no unencrypted clusters any more"
    if plan.base_capacity < 4:
        yield f"base_capacity = {plan.base_capacity}: at least 4 RPU"


def _network(plan: Plan) -> Iterator[str]:
    for address in plan.ingress:
        try:
            network = ip_network(address)
        except ValueError as error:
            yield f"ingress = {address}: {error}"
            continue
        if network.prefixlen == 0:
            yield f"ingress = {address}: that is the whole internet; name the addresses that need the warehouse"
        elif plan.publicly_accessible and network.prefixlen != network.max_prefixlen:
            yield f"ingress = {address}: a public cluster lets in single addresses only, such as 203.0.113.7/32"
    if plan.publicly_accessible and not plan.ingress:
        yield "ingress is empty: a public cluster needs the one address that may reach it, such as 203.0.113.7/32"
    if plan.publicly_accessible and not plan.require_ssl:
        yield "require_ssl = no: a public cluster must refuse clients without TLS; write require_ssl = yes"


def _cost(plan: Plan) -> Iterator[str]:
    if plan.pause_daily_at and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", plan.pause_daily_at):
        yield f"pause_daily_at = {plan.pause_daily_at}: HH:MM in UTC, such as 19:30, or empty"
    if plan.pause_daily_at and plan.serverless:
        yield f"pause_daily_at = {plan.pause_daily_at}: Serverless is not paused; it is billed by use, see usage_limit"
    if plan.usage_limit < 0:
        yield f"usage_limit = {plan.usage_limit}: RPU hours a day, 0 for no limit"
