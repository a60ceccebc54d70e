"""One running local AWS for the tests of a module: it takes seconds to start."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from local_aws import testing
from local_aws.testing import AwsProcess

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsProcess]:
    # A name that a careless program would take apart.
    with AwsProcess(tmp_path_factory.mktemp("with space, and comma") / ("long" * 25) / "aws") as running:
        yield running


def client_of(aws: AwsProcess, service: str, **options: Any) -> Any:
    """A boto3 client that the environment of the test process does not touch."""
    once = Config(retries={"total_max_attempts": 1})
    return testing.client(aws.environment(), service, **{"config": once, **options})


@pytest.fixture
def client(aws: AwsProcess) -> Client:
    return lambda service, **options: client_of(aws, service, **options)


@pytest.fixture(name="client_of")
def client_of_fixture() -> Callable[..., Any]:
    return client_of


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "aws"
