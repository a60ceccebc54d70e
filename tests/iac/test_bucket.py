"""The bucket on AWS, where each property is set, and where a refusal is not passed over."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import bucket
from iac.faults import IacError

Stubbed = Callable[[str], tuple[Any, Stubber]]
CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
NAME = {"Bucket": "data"}
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}

TLS = {"Version": "2012-10-17", "Statement": [bucket.tls_statement("data")]}


def test_one_that_lacks_everything_is_given_everything(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    location = {"LocationConstraint": "us-west-2"}
    stubber.add_client_error("head_bucket", "404", http_status_code=404)
    stubber.add_response("create_bucket", {}, {**NAME, "CreateBucketConfiguration": location})
    stubber.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    stubber.add_response("put_public_access_block", {}, {**NAME, "PublicAccessBlockConfiguration": CLOSED})
    stubber.add_response("get_bucket_versioning", {}, NAME)
    stubber.add_response("put_bucket_versioning", {}, {**NAME, "VersioningConfiguration": {"Status": "Enabled"}})
    stubber.add_client_error("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    stubber.add_response("put_bucket_encryption", {}, {**NAME, "ServerSideEncryptionConfiguration": ENCRYPTED})
    stubber.add_client_error("get_bucket_policy", "NoSuchBucketPolicy")
    stubber.add_response("put_bucket_policy", {}, {**NAME, "Policy": json.dumps(TLS)})
    said = list[str]()
    bucket.ensure(s3, "data", "us-west-2", said.append)
    stubber.assert_no_pending_responses()
    assert said == [
        "bucket data: created",
        "bucket data: made private",
        "bucket data: made versioned",
        "bucket data: made encrypted",
        "bucket data: made open to TLS alone",
    ]


def test_one_that_has_everything_is_left_as_it_is(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    stubber.add_response("head_bucket", {}, NAME)
    stubber.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": CLOSED}, NAME)
    stubber.add_response("get_bucket_versioning", {"Status": "Enabled"}, NAME)
    stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": ENCRYPTED}, NAME)
    stubber.add_response("get_bucket_policy", {"Policy": json.dumps(TLS)}, NAME)
    said = list[str]()
    bucket.ensure(s3, "data", "us-west-2", said.append)
    stubber.assert_no_pending_responses()
    assert said == ["bucket data: already there"]


def test_one_that_is_half_open_is_closed(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    half = {**CLOSED, "RestrictPublicBuckets": False}
    stubber.add_response("head_bucket", {}, NAME)
    stubber.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": half}, NAME)
    stubber.add_response("put_public_access_block", {}, {**NAME, "PublicAccessBlockConfiguration": CLOSED})
    stubber.add_response("get_bucket_versioning", {"Status": "Suspended"}, NAME)
    stubber.add_response("put_bucket_versioning", {}, {**NAME, "VersioningConfiguration": {"Status": "Enabled"}})
    stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": ENCRYPTED}, NAME)
    stubber.add_response("get_bucket_policy", {"Policy": json.dumps(TLS)}, NAME)
    bucket.ensure(s3, "data", "us-west-2", print)
    stubber.assert_no_pending_responses()


def test_the_first_region_is_not_named(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    stubber.add_client_error("head_bucket", "404", http_status_code=404)
    stubber.add_response("create_bucket", {}, NAME)
    stubber.add_client_error("get_public_access_block", "AccessDenied")
    with pytest.raises(IacError, match="AccessDenied"):
        bucket.ensure(s3, "data", "us-east-1", print)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("operation", ["get_public_access_block", "put_public_access_block"])
def test_only_what_an_s3_does_not_have_is_passed_over(stubbed: Stubbed, operation: str) -> None:
    s3, stubber = stubbed("s3")
    for error in ("NotImplemented", "AccessDenied"):
        stubber.add_response("head_bucket", {}, NAME)
        if operation == "put_public_access_block":
            stubber.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
        stubber.add_client_error(operation, error)
        if error == "NotImplemented":
            stubber.add_response("get_bucket_versioning", {"Status": "Enabled"}, NAME)
            stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": ENCRYPTED}, NAME)
            stubber.add_response("get_bucket_policy", {"Policy": json.dumps(TLS)}, NAME)
    said = list[str]()
    bucket.ensure(s3, "data", "us-west-2", said.append)
    named = "".join(word.title() for word in operation.split("_"))
    assert said[1] == f"bucket data: WARNING: not made private: this S3 does not support {named}"
    with pytest.raises(IacError, match=f"bucket data: AWS refused {named}: AccessDenied"):
        bucket.ensure(s3, "data", "us-west-2", print)


def test_anothers_bucket_is_told_from_a_missing_one(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    stubber.add_client_error("head_bucket", "403", http_status_code=403)
    with pytest.raises(IacError, match=r"bucket data: AWS refused HeadBucket: 403(.|\n)*another account's"):
        bucket.ensure(s3, "data", "us-west-2", print)


def test_a_version_that_cannot_be_deleted_keeps_the_bucket(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    stubber.add_response("head_bucket", {}, NAME)
    stubber.add_response("list_object_versions", {"Versions": [{"Key": "k", "VersionId": "v"}]}, NAME)
    stubber.add_response("delete_objects", {"Errors": [{"Key": "k", "Code": "AccessDenied", "Message": "no"}]})
    with pytest.raises(IacError, match="1 versions could not be deleted, the first is k: AccessDenied"):
        bucket.delete(s3, "data", print)
    stubber.assert_no_pending_responses()


def test_a_policy_of_somebody_elses_keeps_its_statements(stubbed: Stubbed) -> None:
    s3, stubber = stubbed("s3")
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    loosened = {**bucket.tls_statement("data"), "Action": "s3:PutObject"}
    there = {"Version": "2012-10-17", "Statement": [theirs, loosened]}
    stubber.add_response("head_bucket", {}, NAME)
    stubber.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": CLOSED}, NAME)
    stubber.add_response("get_bucket_versioning", {"Status": "Enabled"}, NAME)
    stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": ENCRYPTED}, NAME)
    stubber.add_response("get_bucket_policy", {"Policy": json.dumps(there)}, NAME)
    wanted = {**there, "Statement": [theirs, bucket.tls_statement("data")]}
    stubber.add_response("put_bucket_policy", {}, {**NAME, "Policy": json.dumps(wanted)})
    bucket.ensure(s3, "data", "us-west-2", print)
    stubber.assert_no_pending_responses()
