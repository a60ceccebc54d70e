"""COPY takes every row of the sample, and refuses every row that is bad on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from generator import Options, generate
from local_aws.ports import free_port
from local_aws.redshift.endpoint import Endpoint
from local_aws.redshift.system import cluster
from warehouse.catalog import DIMENSIONS, SOURCES
from warehouse.ddl import create_table
from warehouse.model import Source, Table

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
ROLE = "arn:aws:iam::123456789012:role/reader"
BY_NAME = {source.name: source for source in (*DIMENSIONS, *SOURCES)}


class Warehouse:
    """A database behind the Redshift endpoint, and the bucket that it copies from."""

    def __init__(self, connection: Any, s3: Any) -> None:
        self.connection, self.s3 = connection, s3

    def load(self, path: Path) -> tuple[int, list[dict[str, Any]]]:
        """Copy a file into a new table of its source; rows loaded, and what the load's errors say."""
        source = BY_NAME[path.stem]
        self.s3.upload_file(str(path), "loaded", path.name)
        with self.connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {source.name}")
            cursor.execute(create_table(Table(source.name, source.columns)))
            cursor.execute(
                f"COPY {source.name} FROM 's3://loaded/{path.name}' IAM_ROLE '{ROLE}' FORMAT CSV IGNOREHEADER 1"
                f" MAXERROR 100000 {_time_format(source)}"
            )
            cursor.execute("SELECT pg_last_copy_count(), pg_last_copy_id()")
            loaded, query = cursor.fetchone()
            cursor.execute("SELECT line_number, err_code, colname FROM stl_load_errors WHERE query = %s", (query,))
            names = [column.name for column in cursor.description]
            return loaded, [dict(zip(names, row)) for row in cursor.fetchall()]


def _time_format(source: Source) -> str:
    return f"TIMEFORMAT '{source.time_format}'"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    s3 = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **keys)
    s3.create_bucket(Bucket="loaded")
    postgres = cluster.postgres_for(tmp_path_factory.mktemp("redshift"))
    with postgres, Endpoint(postgres, port=free_port(), s3_client=lambda: s3, authorize=lambda *_: None) as endpoint:
        endpoint.create_cluster_database("dev", "awsuser", "Secret-pass1")
        address = {"host": "127.0.0.1", "port": endpoint.port, "dbname": "dev", "user": "awsuser"}
        with closing(psycopg2.connect(**address, password="Secret-pass1")) as connection:  # noqa: S106
            connection.autocommit = True
            yield Warehouse(connection, s3)
    s3.close()
    server.stop()


@pytest.mark.parametrize("path", sorted(SAMPLE.rglob("*.csv")), ids=lambda path: str(path.relative_to(SAMPLE)))
def test_no_row_of_the_sample_is_refused(warehouse: Warehouse, path: Path) -> None:
    loaded, errors = warehouse.load(path)
    assert not errors
    assert loaded > 0


def test_every_row_that_is_bad_on_purpose_is_refused_and_no_other(warehouse: Warehouse, tmp_path: Path) -> None:
    options = Options(str(tmp_path), 3_000, ("data_engineering",), months=(2,), bad_rows=200)
    summary = generate(options)
    loaded = 0
    for path in sorted((tmp_path / "data_engineering").rglob("*.csv")):
        rows, errors = warehouse.load(path)
        loaded += rows
        bad = {row.line for row in summary.refused if Path(row.file).name == path.name}
        assert {error["line_number"] for error in errors} == bad, path.name
        assert len(errors) == len(bad)
    dimensions = (tmp_path / "dimensional_tables").rglob("*.csv")
    assert loaded == summary.rows - 200 - sum(path.read_bytes().count(b"\n") - 1 for path in dimensions)
