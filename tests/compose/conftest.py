"""The real docker-compose.yml in a real engine. Nothing is skipped: without an engine these tests fail."""

from __future__ import annotations

import shutil
import subprocess
from typing import Iterator

import pytest
from containers import Stack, docker


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """The engine answers, and the images are built; else these tests fail, since nothing else could prove the files."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.fail(
            "These tests need a running Docker with its compose plugin: https://docs.docker.com/engine/install/"
        )
    docker(
        "image", "inspect", "online-learning-analytics/pipeline", "online-learning-analytics/local-aws", "postgres:17"
    )


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """All of it, up and healthy, on fresh volumes."""
    running = Stack("ola-test")
    running.compose("down", "-v", "--remove-orphans")
    try:
        running.up()
        yield running
    finally:
        running.compose("down", "-v", "-t", "5", check=False)
