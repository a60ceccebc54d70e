"""Errors: the object, AWS's words, and what to do next."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from iac.faults import IacError, explained


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "its words"}}, "DoThis")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (client_error("AccessDenied"), r"thing: AWS refused DoThis: AccessDenied: its words\n.*allow this operation"),
        (client_error("BucketAlreadyExists"), r"BucketAlreadyExists: its words\n.*choose another `bucket`"),
        (client_error("ExpiredToken"), r"\n.*aws sso login"),
        (client_error("SomethingNew"), r"SomethingNew: its words\n.*run it again"),
        (NoCredentialsError(), r"thing: Unable to locate credentials.*\n.*aws configure"),
        (EndpointConnectionError(endpoint_url="http://x"), r"thing: AWS cannot be asked.*http://x.*\n.*local AWS"),
    ],
)
def test_told(error: Exception, told: str) -> None:
    with pytest.raises(IacError, match=told), explained("thing"):
        raise error


def test_a_fault_of_our_own_is_not_hidden() -> None:
    with pytest.raises(KeyError), explained("thing"):
        raise KeyError("ours")
