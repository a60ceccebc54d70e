"""Operators run by hand, with Airflow's connections in the environment: no scheduler, no metadata database."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

import boto3
import pytest

# Airflow reads these when it is first imported, and would write into the home of whoever runs the tests.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
os.environ["AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY"] = "True"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


@pytest.fixture
def airflow_connections(provisioned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections that airflow/scripts/connections.py makes, as environment variables."""
    settings, who = provisioned.settings, provisioned.login
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of earlier tests
    for name, value in provisioned.environment.items():
        monkeypatch.setenv(name, value)
    redshift = {
        "conn_type": "postgres",
        "host": settings.host,
        "port": settings.port,
        "schema": settings.database,
        "login": who.username,
        "password": who.password,
        "extra": {"sslmode": settings.sslmode},
    }
    aws = {
        "conn_type": "aws",
        "extra": {"region_name": settings.region, "bucket": settings.bucket, "role_arn": settings.role_arn},
    }
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(redshift))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_CREDENTIALS", json.dumps(aws))
