"""What is to be provisioned: the cfg's settings of the warehouse, and those that only provisioning reads."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from warehouse import settings as cfg
from warehouse.settings import Settings


@dataclass(frozen=True)
class Plan:
    """One value for each line of the cfg. Prices are for an hour, ``usage_limit`` counts RPU hours a day."""

    settings: Settings
    deployment: str
    encrypted: bool
    admin_password: str
    publicly_accessible: bool
    ingress: tuple[str, ...]
    require_ssl: bool
    subnet_group: str
    subnets: tuple[str, ...]
    base_capacity: int
    currency: str
    price_per_node_hour: float
    price_per_rpu_hour: float
    pause_daily_at: str
    usage_limit: int

    @property
    def name(self) -> str:
        """The name of the cluster; on Serverless, of namespace and workgroup."""
        return self.settings.cluster_identifier

    @property
    def serverless(self) -> bool:
        """Whether AWS provides the nodes as they are needed."""
        return self.deployment == "serverless"

    @property
    def managed(self) -> bool:
        """Whether AWS makes, keeps and rotates the administrator's password."""
        return self.admin_password == "managed"  # noqa: S105


def load(path: Path | None = None) -> Plan:
    """Read the cfg and its overlay. Raises SettingsError: a setting is missing or no number."""
    return cfg.read(lambda parser: _plan(parser, cfg.load(path)), path)


def _plan(parser: configparser.ConfigParser, settings: Settings) -> Plan:
    return Plan(
        settings=settings,
        deployment=parser.get("redshift", "deployment"),
        encrypted=parser.getboolean("redshift", "encrypted"),
        admin_password=parser.get("redshift", "admin_password"),
        publicly_accessible=parser.getboolean("network", "publicly_accessible"),
        ingress=_listed(parser.get("network", "ingress")),
        require_ssl=parser.getboolean("network", "require_ssl"),
        subnet_group=parser.get("network", "subnet_group"),
        subnets=_listed(parser.get("network", "subnets")),
        base_capacity=parser.getint("serverless", "base_capacity"),
        currency=parser.get("cost", "currency"),
        price_per_node_hour=parser.getfloat("cost", "price_per_node_hour"),
        price_per_rpu_hour=parser.getfloat("cost", "price_per_rpu_hour"),
        pause_daily_at=parser.get("cost", "pause_daily_at"),
        usage_limit=parser.getint("cost", "usage_limit"),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
