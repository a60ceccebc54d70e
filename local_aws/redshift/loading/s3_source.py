"""The objects that a COPY names, and their bytes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html and
https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql_error import INTERNAL_ERROR, SqlError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
else:
    S3Client = Any

CHUNK_BYTES = 1024 * 1024
MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024
MANIFEST_ERROR = 8001

Authorize = Callable[[str, str, str], "str | None"]


@dataclass(frozen=True)
class S3Object:
    """One object to load."""

    bucket: str
    key: str
    size: int

    @property
    def url(self) -> str:
        """The object's address as Redshift reports it."""
        return f"s3://{self.bucket}/{self.key}"


class S3Source:
    """S3 as one COPY sees it: with its role, and with its errors in Redshift's terms."""

    def __init__(self, client: S3Client, authorize: Authorize, statement: CopyStatement) -> None:
        self._client = client
        self._authorize = authorize
        self._statement = statement

    def objects(self) -> Generator[S3Object]:
        """Yield what the COPY shall load, in order."""
        bucket, key = split_url(self._statement.source)
        self._check(bucket, key)
        try:
            found = self._manifest(bucket, key) if self._statement.manifest else self._prefix(bucket, key)
        except (BotoCoreError, ClientError) as error:
            raise s3_error(error, self._statement.source) from error
        for item in found:
            self._check(item.bucket, item.key)
            yield item

    def chunks(self, item: S3Object) -> Generator[bytes]:
        """Stream the bytes of an object by one request; half an object is an error."""
        try:
            body = self._client.get_object(Bucket=item.bucket, Key=item.key)["Body"]
            with closing(body):
                # Read up to the empty piece: only there botocore compares what came with what was promised.
                while chunk := body.read(CHUNK_BYTES):
                    yield chunk
        except (BotoCoreError, ClientError, OSError) as error:
            raise s3_error(error, item.url) from error

    def _check(self, bucket: str, key: str) -> None:
        problem = self._authorize(self._statement.iam_role, bucket, key)
        if problem is not None:
            raise SqlError(INTERNAL_ERROR, problem)

    def _prefix(self, bucket: str, prefix: str) -> list[S3Object]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        # An object of no bytes whose key ends in a slash is how a console makes a "folder".
        found = [
            S3Object(bucket, entry["Key"], entry["Size"])
            for page in pages
            for entry in page.get("Contents", [])
            if not (entry["Key"].endswith("/") and entry["Size"] == 0)
        ]
        if not found:
            raise SqlError(
                INTERNAL_ERROR, f"The specified S3 prefix '{prefix}' does not exist (code: {MANIFEST_ERROR})"
            )
        return found

    def _manifest(self, bucket: str, key: str) -> list[S3Object]:
        with closing(self._client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            text = body.read(MANIFEST_LIMIT_BYTES)
        found = []
        for url, mandatory in parse_manifest(text, self._statement.source):
            item = self._head(*split_url(url))
            if item is not None:
                found.append(item)
            elif mandatory:
                raise SqlError(
                    INTERNAL_ERROR,
                    f"The mandatory object '{url}' of manifest '{self._statement.source}' does not exist"
                    f" (code: {MANIFEST_ERROR})",
                )
        return found

    def _head(self, bucket: str, key: str) -> S3Object | None:
        try:
            return S3Object(bucket, key, self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def split_url(url: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def parse_manifest(text: bytes, source: str) -> list[tuple[str, bool]]:
    """Return the addresses of a manifest and whether each is mandatory (the default is not)."""

    def bad(why: str) -> SqlError:
        return SqlError(INTERNAL_ERROR, f"Manifest '{source}' {why} (code: {MANIFEST_ERROR})")

    try:
        document = json.loads(text)
    except ValueError as error:
        raise bad(f"is not JSON: {error}") from error
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise bad("has no entries")
    found = []
    for entry in entries:
        url = entry.get("url") if isinstance(entry, dict) else None
        mandatory = entry.get("mandatory", False) if isinstance(entry, dict) else None
        if not isinstance(url, str) or not url.startswith("s3://") or not split_url(url)[1]:
            raise bad(f"needs the full path of an S3 object in every entry, not {url!r}")
        if not isinstance(mandatory, bool):
            raise bad(f"says mandatory {mandatory!r} of '{url}'")
        found.append((url, mandatory))
    return found


def s3_error(error: Exception, what: str) -> SqlError:
    """Return an error of S3 as Redshift words it."""
    if isinstance(error, ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code, message = error.response["Error"].get("Code"), error.response["Error"].get("Message")
        return SqlError(INTERNAL_ERROR, f"S3ServiceException:{message},Status {status},Error {code}: {what}")
    return SqlError(INTERNAL_ERROR, f"S3ServiceException:{error}: {what}")
