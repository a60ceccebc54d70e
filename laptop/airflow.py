"""Airflow on this machine: its folder, its database, its environment, and its commands."""

from __future__ import annotations

import base64
import os
import secrets
import shlex
import subprocess
import sys
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Mapping

import psycopg2.extensions
from psycopg2 import sql

from local_aws.port_choice import choose_ports
from local_aws.ports import LOOPBACK
from local_aws.postgres import Postgres

REPOSITORY = Path(__file__).resolve().parents[1]
DAG_ID = "online_learning_analytics"
DATABASE = "airflow"
USER = "admin"


def web_port() -> int:
    """The web UI's port: WEB_PORT, else 8080."""
    return int(os.environ.get("WEB_PORT", "8080"))


class AirflowFailed(RuntimeError):
    """One of Airflow's commands failed; the text quotes what it said."""


class Airflow:
    """Airflow with its home in ``folder`` and its metadata in a PostgreSQL of its own below it."""

    def __init__(self, folder: Path, dags_folder: Path) -> None:
        self.folder = folder
        self.dags_folder = dags_folder
        self.logs = folder / "logs"
        self._port_file = folder / "database_port"

    def database(self) -> Postgres:
        """The server for the metadata, on a port that is free now, not yet started."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port_file.write_text(str(choose_ports(1)[0]))
        return self._server()

    def connect(self, database: str = DATABASE) -> psycopg2.extensions.connection:
        """Open a connection to the metadata database, while it runs."""
        return self._server().connect(database)

    def _server(self) -> Postgres:
        return Postgres(
            self.folder / "database",
            port=int(self._port_file.read_text()),
            superuser=DATABASE,
            password_file=self.folder / "database_password",
            # A task connects some thirty times. SCRAM's thousands of rounds, a third of a second of them, protect weak
            # passwords; this one is random.
            settings={"max_connections": "200", "scram_iterations": "1"},
        )

    def environment(self) -> dict[str, str]:
        """This process's environment, and what Airflow needs besides; Airflow reads its secrets from files."""
        return {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW_CONFIG": str(REPOSITORY / "airflow" / "config" / "airflow.cfg"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags_folder),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "airflow" / "plugins"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs),
            "AIRFLOW__WEBSERVER__BASE_URL": f"http://{LOOPBACK}:{web_port()}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(choose_ports(1)[0]),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": _read(self.folder / "database_url"),
            "AIRFLOW__CORE__FERNET_KEY_CMD": _read(self.folder / "fernet_key"),
            "AIRFLOW__WEBSERVER__SECRET_KEY_CMD": _read(self.folder / "web_secret_key"),
        }

    def migrate(self, environment: Mapping[str, str]) -> None:
        """Bring the metadata's schema up to date; the database must run. Takes some ten seconds the first time.

        Raises AirflowFailed.
        """
        self._write_secrets()
        self._create_database()
        marker, version = self.folder / "schema_version", metadata.version("apache-airflow")
        if not marker.exists() or marker.read_text() != version:
            self.command(environment, "db", "migrate")
            marker.write_text(version)

    def make_connections(self, environment: Mapping[str, str]) -> None:
        """Make connections and pool; the cluster must be provisioned. Raises AirflowFailed."""
        self._script(environment, "connections.py")

    def web_password(self, environment: Mapping[str, str]) -> str:
        """The web UI's password for the user ``admin``; both are made at the first call."""
        file = self.folder / "web_password"
        if not file.exists():
            fresh = file.with_suffix(".new")
            write_secret(fresh, secrets.token_urlsafe(12))
            self._script(environment, "admin_user.py", USER, str(fresh))
            fresh.replace(file)
        return file.read_text()

    def command(self, environment: Mapping[str, str], *arguments: str) -> str:
        """Run an Airflow command; return what it printed. Raises AirflowFailed."""
        return self._run(environment, ["airflow", *arguments])

    def _run(self, environment: Mapping[str, str], command: list[str]) -> str:
        done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise AirflowFailed(f"`{shlex.join(command)}` failed ({done.returncode}):\n{said}")
        return done.stdout

    def _script(self, environment: Mapping[str, str], name: str, *arguments: str) -> str:
        return self._run(environment, [sys.executable, str(REPOSITORY / "airflow" / "scripts" / name), *arguments])

    def _write_secrets(self) -> None:
        server = self._server()
        url = f"postgresql+psycopg2://{DATABASE}:{server.password}@{LOOPBACK}:{server.port}/{DATABASE}"
        write_secret(self.folder / "database_url", url)
        for name in ("fernet_key", "web_secret_key"):
            if not (self.folder / name).exists():
                write_secret(self.folder / name, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def _create_database(self) -> None:
        with closing(self.connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _read(path: Path) -> str:
    return f"cat {shlex.quote(str(path))}"
