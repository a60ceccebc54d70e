"""What goes wrong at AWS, told as: which object, what AWS said, what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

_CREDENTIALS = (
    "Give boto3 credentials: `aws configure`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. "
    "For the local AWS, the lines that `python -m local_aws` prints."
)
_DENIED = "Ask whoever looks after the account to allow this operation for your user, or use another profile."
_ADVICE = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "403": "The bucket's name may be another account's (names are shared by the whole world). " + _DENIED,
    "BucketAlreadyExists": "Names of buckets are shared by the whole world: choose another `bucket` in the cfg.",
    "ExpiredToken": "Your session is over: log in again (`aws sso login`).",
    "ExpiredTokenException": "Your session is over: log in again (`aws sso login`).",
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "NoSuchBucket": "Provision it first: python -m iac up",
    "ClusterQuotaExceeded": "Delete a cluster that nobody needs, or ask AWS for a higher quota.",
    "NumberOfNodesQuotaExceeded": "Choose fewer nodes in the cfg, or ask AWS for a higher quota.",
    "InsufficientClusterCapacity": "AWS has no such nodes left here: try again later or choose another `node_type`.",
}
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_OTHERWISE = "Nothing is half done that a second run would not finish: mend the cause and run it again."


class IacError(Exception):
    """Provisioning cannot go on; the message names the object and what to do next."""


@contextmanager
def explained(thing: str) -> Iterator[None]:
    """Turn what boto3 raises about ``thing``, such as ``bucket data``, into an IacError that a person can act on."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        advice = _ADVICE.get(code(error), _OTHERWISE)
        raise IacError(
            f"{thing}: AWS refused {error.operation_name}: {code(error)}: {said.get('Message')}\n{advice}"
        ) from error
    except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
        raise IacError(f"{thing}: {error}.\n{_CREDENTIALS}") from error
    except BotoCoreError as error:
        advice = "Check the network and AWS_ENDPOINT_URL (is the local AWS running?), then run it again."
        raise IacError(f"{thing}: AWS cannot be asked: {error}\n{advice}") from error


def code(error: ClientError) -> str:
    """AWS's name for the error, such as ``NoSuchBucket``; an HTTP status where there is no more than that."""
    return error.response.get("Error", {}).get("Code", "unknown")


def throttled(error: IacError) -> bool:
    """Whether AWS only asked to be asked less often."""
    return isinstance(error.__cause__, ClientError) and code(error.__cause__) in _THROTTLED
