"""Where the warehouse is: ``airflow/config/udacity_dwh.cfg``, and over it the overlay that ``iac`` writes."""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, TypeVar

T = TypeVar("T")

CFG = Path(__file__).resolve().parents[2] / "config" / "udacity_dwh.cfg"


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which, where, and what to do."""


@dataclass(frozen=True)
class Settings:
    """One value for each line of the cfg; ``host`` and ``role_arn`` are unknown until ``iac`` has provisioned.

    ``user`` and ``secret`` are the administrator's, who makes users and grants; the pipeline has a login of its own.
    """

    region: str
    bucket: str
    role_name: str
    cluster_identifier: str
    node_type: str
    number_of_nodes: int
    database: str
    user: str
    port: int
    secret: str
    pipeline_user: str
    pipeline_secret: str
    sslmode: str
    deadline_hours: float
    sslrootcert: Optional[str] = None
    host: Optional[str] = None
    role_arn: Optional[str] = None


def cfg_path() -> Path:
    """The cfg in use: ``UDACITY_DWH_CFG`` if set, else the repository's."""
    return Path(os.environ.get("UDACITY_DWH_CFG", str(CFG)))


def overlay_path(cfg: Optional[Path] = None) -> Path:
    """The file that ``iac`` writes and git ignores: ``udacity_dwh.overlay.cfg`` beside the cfg.

    ``UDACITY_DWH_OVERLAY`` names another one, for the cfg in use: where the cfg's own folder cannot be written.
    """
    elsewhere = os.environ.get("UDACITY_DWH_OVERLAY")
    if cfg is None and elsewhere:
        return Path(elsewhere)
    cfg = cfg or cfg_path()
    return cfg.with_name(cfg.stem + ".overlay.cfg")


def load(cfg: Optional[Path] = None) -> Settings:
    """Read the cfg and its overlay.

    Raises SettingsError: the file is absent or unreadable, or a setting is missing or not a number.
    """
    return read(_settings, cfg)


def read(take: Callable[[configparser.ConfigParser], T], cfg: Optional[Path] = None) -> T:
    """What ``take`` makes of the cfg with its overlay; its errors become a SettingsError that names the file."""
    overlay = overlay_path(cfg)
    cfg = cfg or cfg_path()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        if not parser.read([str(cfg)], encoding="utf-8"):
            raise SettingsError(f"{cfg}: no such file. Set UDACITY_DWH_CFG to the configuration you mean.")
        parser.read([str(overlay)], encoding="utf-8")
        return take(parser)
    except (configparser.Error, ValueError) as error:
        raise SettingsError(f"{cfg}: {error}. Compare it with the file in the repository.") from error


def _settings(parser: configparser.ConfigParser) -> Settings:
    return Settings(
        region=parser.get("aws", "region"),
        bucket=parser.get("s3", "bucket"),
        role_name=parser.get("iam", "role_name"),
        cluster_identifier=parser.get("redshift", "cluster_identifier"),
        node_type=parser.get("redshift", "node_type"),
        number_of_nodes=parser.getint("redshift", "number_of_nodes"),
        database=parser.get("redshift", "database"),
        user=parser.get("redshift", "user"),
        port=parser.getint("redshift", "port"),
        secret=parser.get("redshift", "secret"),
        pipeline_user=parser.get("redshift", "pipeline_user"),
        pipeline_secret=parser.get("redshift", "pipeline_secret"),
        sslmode=parser.get("redshift", "sslmode"),
        deadline_hours=parser.getfloat("pipeline", "deadline_hours"),
        sslrootcert=parser.get("redshift", "sslrootcert", fallback=None),
        host=parser.get("redshift", "host", fallback=None),
        role_arn=parser.get("iam", "role_arn", fallback=None),
    )
