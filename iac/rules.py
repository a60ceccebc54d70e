"""What AWS would refuse or nobody should want, said before anything is made."""

import re

from warehouse.settings import Settings, SettingsError, cfg_path

# S3 User Guide, "General purpose bucket naming rules"; Redshift Management Guide, "Quotas: naming constraints".
_BUCKET = re.compile(r"(?!xn--)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CLUSTER = re.compile(r"(?!.*--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_USER = re.compile(r"(?!public$)[a-z][a-z0-9_+.@-]{0,127}")
_ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_SECRET = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)


def check_settings(settings: Settings) -> None:
    """Raise SettingsError that names every setting that is wrong, and the rule that it breaks."""
    faults = [
        f"{option} = {value}: {rule}"
        for option, value, pattern, rule in (
            ("bucket", settings.bucket, _BUCKET, "3 to 63 lower-case letters, digits, dots and hyphens"),
            ("role_name", settings.role_name, _ROLE, "up to 64 letters, digits and +=,.@-_"),
            (
                "cluster_identifier",
                settings.cluster_identifier,
                _CLUSTER,
                "up to 63 lower-case letters, digits, hyphens",
            ),
            ("database", settings.database, _DATABASE, "up to 64 lower-case letters, digits and underscores"),
            ("user", settings.user, _USER, "lower-case letters and digits, not `public`"),
            ("secret", settings.secret, _SECRET, "letters, digits and /_+=.@-"),
        )
        if not pattern.fullmatch(value)
    ]
    if settings.node_type.startswith(("dc", "ds")):
        faults.append(
            f"node_type = {settings.node_type}: AWS makes no more DC2 and DS2 clusters; use ra3.large or rg.large"
        )
    if settings.number_of_nodes < 1:
        faults.append(f"number_of_nodes = {settings.number_of_nodes}: at least 1")
    if faults:
        raise SettingsError(f"{cfg_path()}: AWS would refuse\n  " + "\n  ".join(faults))
