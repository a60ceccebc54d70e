"""docker-compose.yml as it is, under a project name and on ports of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import psycopg2

from local_aws.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
ROLES = ("postgres", "local-aws", "webserver", "scheduler")
WAIT_SECONDS = 420


class Stack:
    """One docker compose project."""

    def __init__(self, name: str, *files: Path) -> None:
        self.name = name
        self.files = files
        self.environment = {"WEB_PORT": str(free_port()), "REDSHIFT_PORT": str(free_port())}
        self.web = f"http://127.0.0.1:{self.environment['WEB_PORT']}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run a command of docker compose; what it printed on stdout."""
        chosen = [option for file in self.files for option in ("-f", str(file))]
        return docker("compose", "-p", self.name, *chosen, *arguments, check=check, **self.environment)

    def up(self) -> None:
        """Start what does not run, of images that are there, and wait until all is healthy."""
        self.compose("up", "-d", "--no-build", "--pull", "never", "--wait", "--wait-timeout", str(WAIT_SECONDS))

    def execute(self, service: str, *command: str) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command)

    def containers(self) -> dict[str, Any]:
        """Everything that the engine knows of each service's container."""
        ids = self.compose("ps", "-aq").split()
        found = json.loads(docker("inspect", *ids))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def healthy(self, service: str) -> bool:
        """Whether the service runs and its health check says so."""
        state = self.containers()[service]["State"]
        return state["Status"] == "running" and state["Health"]["Status"] == "healthy"

    def kill(self, service: str) -> None:
        """kill -9 of the service's process, as if it had crashed; wait until the engine has brought it back."""
        before = self.containers()[service]["RestartCount"]
        # Process 1 is docker's init, which a signal from inside does not reach, and which ends with its child.
        self.execute(service, "sh", "-c", "for p in $(cat /proc/1/task/1/children); do [ $p = $$ ] || kill -9 $p; done")
        until(lambda: self.containers()[service]["RestartCount"] > before, f"{service} was not started again")
        until(lambda: self.healthy(service), f"{service} did not become healthy again")

    def airflow(self, query: str) -> list[list[str]]:
        """Rows of Airflow's metadata."""
        command = ("psql", "-h", "/var/run/postgresql", "-U", "airflow", "-AtF", "\t", "-c", query)
        return [line.split("\t") for line in self.execute("postgres", *command).splitlines()]

    def secret(self, name: str) -> str:
        """One of the generated secrets."""
        return self.execute("webserver", "cat", f"/secrets/{name}")

    def pipeline_password(self) -> str:
        """The password of the pipeline's login to the warehouse."""
        script = "from warehouse import login, settings; print(login.login(settings.load()).password)"
        return self.execute("scheduler", "python", "-c", script).strip()

    def warehouse(self) -> Any:
        """A connection to the warehouse as a person has it from this machine, with the pipeline's login."""
        at = {"host": "127.0.0.1", "port": int(self.environment["REDSHIFT_PORT"]), "dbname": "analytics"}
        return psycopg2.connect(**at, user="loader", password=self.pipeline_password())


def docker(*arguments: str, check: bool = True, **environment: str) -> str:
    """Run docker; what it printed on stdout. A failure shows what it said."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS + 60,
    )
    assert not check or done.returncode == 0, (
        f"docker {' '.join(arguments)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    )
    return done.stdout


def until(reached: Callable[[], bool], complaint: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, complaint
        time.sleep(2)
