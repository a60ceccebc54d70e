"""One running local AWS for the tests of a module: it takes seconds to start."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local_aws.testing import AwsProcess

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProcess]:
    # A name that a careless program would take apart.
    with AwsProcess(tmp_path_factory.mktemp("with space, and comma") / ("long" * 25) / "aws") as running:
        yield running


def client_of(aws: AwsProcess, service: str, **options: Any) -> Any:
    """A boto3 client that the environment of the test process does not touch."""
    found = aws.environment()
    url = found["AWS_ENDPOINT_URL_S3" if service == "s3" else "AWS_ENDPOINT_URL"]
    given = {
        "endpoint_url": url,
        "aws_access_key_id": found["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": found["AWS_SECRET_ACCESS_KEY"],
        "region_name": found["AWS_DEFAULT_REGION"],
        "config": Config(retries={"total_max_attempts": 1}),
    }
    make: Callable[..., Any] = boto3.client
    return make(service, **{**given, **options})


@pytest.fixture
def client(aws: AwsProcess) -> Client:
    return lambda service, **options: client_of(aws, service, **options)


@pytest.fixture(name="client_of")
def client_of_fixture() -> Callable[..., Any]:
    return client_of


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "aws"
