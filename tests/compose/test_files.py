"""What the Dockerfile and docker-compose.yml say, before anything runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from containers import REPOSITORY, Stack, docker


def config(*files: Path, **environment: str) -> Any:
    """The compose file as the engine understands it, with these switches in place of .env's."""
    chosen = [option for file in files for option in ("-f", str(file))]
    return json.loads(docker("compose", *chosen, "config", "--format", "json", **environment))


@pytest.fixture(scope="module")
def local() -> Any:
    return config()["services"]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    command = [str(Path(sys.executable).with_name("hadolint")), "Dockerfile"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_ports_are_open_to_this_machine_alone(local: Any) -> None:
    published = {name: service["ports"] for name, service in local.items() if "ports" in service}
    assert set(published) == {"webserver", "local-aws"}
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_nobody_is_root_or_can_become_so(local: Any) -> None:
    for name, service in local.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        image = json.loads(docker("image", "inspect", service["image"]))[0]
        assert service.get("user", image["Config"]["User"]).split(":")[0] not in ("", "0", "root"), name


def test_a_name_that_sounds_like_a_secret_holds_a_path_or_a_command(local: Any) -> None:
    for service in local.values():
        for name, value in (service.get("environment") or {}).items():
            if any(word in name for word in ("PASSWORD", "SECRET", "KEY", "CONN", "CREDENTIALS")):
                assert name.endswith(("_FILE", "_CMD")), name
                assert value.startswith(("/secrets/", "/aws/", "cat /secrets/", "entrypoint.sh ")), name


def test_on_aws_nothing_of_this_machine_s_aws_is_left(tmp_path: Path) -> None:
    services = config(COMPOSE_PROFILES="", AWS_FOLDER=str(tmp_path))["services"]
    assert "local-aws" not in services
    for name in ("init", "scheduler"):
        mounts = {mount["target"]: mount for mount in services[name]["volumes"]}
        assert (mounts["/aws"]["type"], mounts["/aws"]["source"]) == ("bind", str(tmp_path))
        assert mounts["/aws"]["read_only"]
        assert services[name]["environment"]["UDACITY_DWH_OVERLAY"] == ""
    assert services["init"]["environment"]["LOCAL_AWS"] == ""


def test_a_secret_that_is_given_as_a_file_is_taken_and_the_others_are_made(tmp_path: Path) -> None:
    """As .env says: file secrets of docker compose for the service ``secrets``."""
    (tmp_path / "password").write_text("of my own: %/@ü", encoding="utf-8")
    override = tmp_path / "override.yml"
    override.write_text(
        "services: {secrets: {secrets: [web_password]}}\n"
        f"secrets: {{web_password: {{file: {tmp_path / 'password'}}}}}\n",
        encoding="utf-8",
    )
    (tmp_path / "password").chmod(0o644)
    stack = Stack("ola-given", REPOSITORY / "docker-compose.yml", override)
    try:
        for state in ("made", "there already"):
            said = stack.compose("run", "--rm", "-T", "secrets")
            assert f"postgres_password: {state}" in said
            assert "web_password: given" in said
        assert stack.compose("run", "--rm", "-T", "secrets", "cat", "/secrets/web_password") == "of my own: %/@ü"
        (tmp_path / "password").write_text("", encoding="utf-8")
        done = stack.compose("run", "--rm", "-T", "secrets", check=False)
        assert "web_password: given" not in done
    finally:
        stack.compose("down", "-v", check=False)
