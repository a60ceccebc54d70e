"""The bucket that holds the students' files: private, encrypted, and every version kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from iac.account import Say
from iac.faults import IacError, code, explained

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        ObjectIdentifierTypeDef,
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionConfigurationTypeDef,
    )

_CLOSED: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_ENCRYPTED: ServerSideEncryptionConfigurationTypeDef = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
}


@dataclass(frozen=True)
class Contents:
    """How many objects stand in a bucket, and their bytes, latest versions only."""

    objects: int
    size: int


def ensure(s3: S3Client, name: str, region: str, say: Say) -> None:
    """Make the bucket unless it is there, and give it each property that it lacks."""
    with explained(f"bucket {name}"):
        if exists(s3, name):
            say(f"bucket {name}: already there")
        else:
            _create(s3, name, region)
            say(f"bucket {name}: created")
        for property_, ensure_property in (
            ("private", _ensure_private),
            ("versioned", _ensure_versioned),
            ("encrypted", _ensure_encrypted),
            ("open to TLS alone", _ensure_tls),
        ):
            _apply(ensure_property, s3, name, property_, say)


def exists(s3: S3Client, name: str) -> bool:
    """Whether the bucket is there and ours to use.

    Raises ClientError: 403 for a bucket of another account.
    """
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if code(error) == "404":
            return False
        raise
    return True


def contents(s3: S3Client, name: str) -> Contents:
    """Count what stands in the bucket."""
    sizes = [
        found["Size"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        for found in page.get("Contents", [])
    ]
    return Contents(len(sizes), sum(sizes))


def delete(s3: S3Client, name: str, say: Say) -> None:
    """Delete the bucket with every version of every object; nothing to do if it is gone."""
    with explained(f"bucket {name}"):
        if not exists(s3, name):
            say(f"bucket {name}: already gone")
            return
        count = _empty(s3, name)
        s3.delete_bucket(Bucket=name)
        say(f"bucket {name}: deleted with {count} versions")


def _create(s3: S3Client, name: str, region: str) -> None:
    if region == "us-east-1":  # the one region that must not be named
        s3.create_bucket(Bucket=name)
    else:
        # boto3-stubs lists the regions; which of them there are is for AWS to say.
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]


def _apply(ensure_property: Callable[[S3Client, str], bool], s3: S3Client, name: str, done: str, say: Say) -> None:
    """Give the bucket one property. An S3 that does not know the operation is named, and nothing else is forgiven."""
    try:
        if ensure_property(s3, name):
            say(f"bucket {name}: made {done}")
    except ClientError as error:
        if code(error) != "NotImplemented":
            raise
        say(f"bucket {name}: WARNING: not made {done}: this S3 does not support {error.operation_name}")


def _ensure_private(s3: S3Client, name: str) -> bool:
    try:
        found = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        found = {}
    if found == _CLOSED:
        return False
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_CLOSED)
    return True


def _ensure_versioned(s3: S3Client, name: str) -> bool:
    if s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled":
        return False
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return True


def _ensure_encrypted(s3: S3Client, name: str) -> bool:
    try:
        s3.get_bucket_encryption(Bucket=name)
        return False
    except ClientError as error:
        if code(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_ENCRYPTED)
    return True


def tls_statement(name: str) -> dict[str, object]:
    """Nobody may do anything in plain HTTP (S3 User Guide, "Enforce encryption of data in transit")."""
    arn = f"arn:aws:s3:::{name}"
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _ensure_tls(s3: S3Client, name: str) -> bool:
    """Add our statement to the bucket's policy. A client that itself comes by plain HTTP would lock itself out."""
    if s3.meta.endpoint_url.startswith("http://"):
        return False
    try:
        policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    except ClientError as error:
        if code(error) != "NoSuchBucketPolicy":
            raise
        policy = {"Version": "2012-10-17", "Statement": []}
    others = [each for each in policy["Statement"] if each.get("Sid") != "TlsOnly"]
    wanted = {**policy, "Statement": [*others, tls_statement(name)]}
    if wanted == policy:
        return False
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(wanted))
    return True


def _empty(s3: S3Client, name: str) -> int:
    """Delete all versions and delete markers; how many there were."""
    count = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        doomed: list[ObjectIdentifierTypeDef] = [
            {"Key": found["Key"], "VersionId": found["VersionId"]}
            for found in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        if not doomed:
            continue
        errors = s3.delete_objects(Bucket=name, Delete={"Objects": doomed, "Quiet": True}).get("Errors", [])
        if errors:
            first = errors[0]
            raise IacError(
                f"bucket {name}: {len(errors)} versions could not be deleted, the first is {first.get('Key')}: "
                f"{first.get('Code')}: {first.get('Message')}\nMend the cause and run it again."
            )
        count += len(doomed)
    return count
