"""One PostgreSQL, one S3 and one endpoint for all tests of this folder; each test has a database of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
import psycopg2
import pytest
from botocore.config import Config

from local_aws.ports import free_port
from local_aws.postgres import Postgres
from local_aws.redshift.endpoint import Endpoint
from local_aws.redshift.system import cluster
from local_aws.s3 import S3
from local_aws.state import REGION, StateFolder

BUCKET = "loads"
ROLE = "arn:aws:iam::123456789012:role/reader"
USER, PASSWORD = "awsuser", "Secret-pass1"
# A query that only a cancel ends.
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT 0 FROM n) SELECT count(*) FROM n WHERE i > 0"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("s3")
    credentials = StateFolder(folder).credentials()
    server = S3(folder, free_port(), credentials)
    server.start()
    try:
        server.wait()
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{server.port}",
            region_name=REGION,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            config=Config(s3={"addressing_style": "path"}),
        )
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = cluster.postgres_for(tmp_path_factory.mktemp("redshift"))
    # A database a test is a thousand files each: writing them all to the disk would take most of the time.
    server.settings["fsync"] = "off"
    with server:
        yield server


def only_reader(role: str, bucket: str, key: str) -> str | None:
    """The role of these tests may read everything but keys under secret/."""
    if role == ROLE and not key.startswith("secret/"):
        return None
    return f"User {role} is not authorized to read s3://{bucket}/{key}"


@pytest.fixture(scope="session")
def endpoint(postgres: Postgres, s3: Any) -> Iterator[Endpoint]:
    with Endpoint(postgres, port=free_port(), s3_client=lambda: s3, authorize=only_reader) as running:
        yield running


@dataclass
class Database:
    """A database behind the endpoint."""

    endpoint: Endpoint
    name: str

    @contextlib.contextmanager
    def connect(self, user: str = USER, password: str = PASSWORD, **options: Any) -> Iterator[Any]:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.endpoint.port, dbname=self.name, user=user, password=password, **options
        )
        try:
            yield connection
        finally:
            connection.close()

    def run(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement in a session of its own, and commit it."""
        with self.connect() as connection:
            connection.autocommit = True
            return execute(connection, statement, *parameters)


def execute(connection: Any, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


_numbers = count(1)


@pytest.fixture
def database(endpoint: Endpoint) -> Database:
    name = f"db{next(_numbers)}"
    endpoint.create_cluster_database(name, USER, PASSWORD)
    return Database(endpoint, name)


@pytest.fixture
def connection(database: Database) -> Iterator[Any]:
    with database.connect() as open_connection:
        yield open_connection


@pytest.fixture
def put(s3: Any, database: Database) -> Callable[..., str]:
    """Store an object under this test's own prefix, and return its address."""

    def store(name: str, body: bytes | str) -> str:
        key = f"{database.name}/{name}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode() if isinstance(body, str) else body)
        return f"s3://{BUCKET}/{key}"

    return store


@pytest.fixture
def put_manifest(put: Callable[..., str]) -> Callable[..., str]:
    """Store a manifest of addresses, all mandatory unless said otherwise."""

    def store(*urls: str, mandatory: bool = True, name: str = "load.manifest") -> str:
        return put(name, json.dumps({"entries": [{"url": url, "mandatory": mandatory} for url in urls]}))

    return store


def copy(table: str, url: str, options: str = "FORMAT CSV") -> str:
    """The text of a COPY with this folder's role."""
    return f"COPY {table} FROM '{url}' IAM_ROLE '{ROLE}' {options}"
