"""The pipeline's login to Redshift, kept in Secrets Manager: for scripts; tasks have Airflow's connection."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from warehouse.settings import Settings, SettingsError


@dataclass(frozen=True)
class Login:
    """User and password; the password stays out of reprs and so out of logs."""

    username: str
    password: str = field(repr=False)


def login(settings: Settings) -> Login:
    """Read the pipeline's login from Secrets Manager, with credentials by boto3's usual chain.

    It may create tables and fill them. It is not the administrator's, whose password may be rotated at any time.
    """
    import boto3  # here, since importing it would slow every parse of the DAG

    client = boto3.client("secretsmanager", region_name=settings.region)
    secret = json.loads(client.get_secret_value(SecretId=settings.pipeline_secret)["SecretString"])
    return Login(secret["username"], secret["password"])


def connect(settings: Settings, who: Login | None = None) -> Any:
    """Open a psycopg2 connection to the warehouse, with the login of Secrets Manager unless one is given.

    Raises SettingsError: the cluster is not provisioned yet, so that its host is unknown.
    """
    who = who or login(settings)
    return psycopg2.connect(
        host=provisioned_host(settings),
        port=settings.port,
        dbname=settings.database,
        user=who.username,
        password=who.password,
        connect_timeout=30,
        **tls(settings),
    )


def provisioned_host(settings: Settings) -> str:
    """The cluster's host, or a SettingsError that says how to get one."""
    if not settings.host:
        raise SettingsError("The cluster's host is unknown: run `python -m iac up`, or set host under [redshift].")
    return settings.host


def tls(settings: Settings) -> dict[str, Any]:
    """How a client makes sure whom it talks to, as libpq names it: ``sslmode``, and ``sslrootcert`` where it is set.

    https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html
    """
    found = {"sslmode": settings.sslmode, "sslrootcert": settings.sslrootcert}
    return {name: value for name, value in found.items() if value}
