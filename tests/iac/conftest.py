"""A cfg of one's own, and clients that AWS never hears."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from iac.account import Account
from iac.plan import Plan, load
from iac.waiting import Clock
from warehouse.settings import CFG, Settings


class Time:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.passed, sleep=self.sleep)


@pytest.fixture
def new_time() -> Callable[[], Time]:
    return Time


@pytest.fixture
def cfg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository's cfg, so that no test writes an overlay beside the real one."""
    path = tmp_path / "udacity_dwh.cfg"
    path.write_text(CFG.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("UDACITY_DWH_CFG", str(path))
    return path


@pytest.fixture
def plan(cfg: Path) -> Plan:
    found = load(cfg)
    return replace(found, settings=replace(found.settings, bucket="data", cluster_identifier="one"))


@pytest.fixture
def settings(plan: Plan) -> Settings:
    return plan.settings


@pytest.fixture
def stubbed() -> Callable[[str], tuple[Any, Stubber]]:
    """A client whose answers the test writes; one that is asked anything else fails."""

    def make(service: str) -> tuple[Any, Stubber]:
        new: Callable[..., Any] = boto3.client
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = new(service, region_name="us-west-2", **keys)
        stubber = Stubber(client)
        stubber.activate()
        return client, stubber

    return make


@pytest.fixture
def account(stubbed: Callable[[str], tuple[Any, Stubber]]) -> tuple[Account, dict[str, Stubber]]:
    """An account whose every answer the test writes, and the stubber of each client."""
    services = {
        "s3": "s3",
        "iam": "iam",
        "redshift": "redshift",
        "serverless": "redshift-serverless",
        "ec2": "ec2",
        "sts": "sts",
        "secrets": "secretsmanager",
    }
    made = {name: stubbed(service) for name, service in services.items()}
    clients: Any = {name: client for name, (client, _) in made.items()}
    return Account(**clients), {name: stubber for name, (_, stubber) in made.items()}
