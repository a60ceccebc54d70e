"""The file of one month as S3 holds it: which version, how many records, and the manifest that names it to COPY."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterator

from warehouse import records
from warehouse.ledger import Entry

S3Client = Any  # boto3's client; importing boto3 here would slow every parse of the DAG


class MissingObject(Exception):
    """The file is not in S3; the message names its key."""


class ObjectChanged(Exception):
    """The file was replaced while it was being loaded."""


@dataclass(frozen=True)
class S3Object:
    """One version of one object. ``version_id`` is None in a bucket without versions."""

    bucket: str
    key: str
    etag: str
    version_id: str | None

    @property
    def url(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


def head(s3: S3Client, bucket: str, key: str) -> S3Object:
    """Look up the current version.

    Raises MissingObject: there is none. Other errors of S3 (no access, no bucket) pass as boto3 raises them.
    """
    try:
        found = s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            raise MissingObject(
                f"s3://{bucket}/{key} does not exist. Upload the file, then clear this task and its downstream."
            ) from error
        raise
    return S3Object(bucket, key, found["ETag"].strip('"'), found.get("VersionId"))


def version(entry: Entry) -> S3Object:
    """The version that a row of the ledger tells of."""
    bucket, _, key = (entry.s3_url or "")[len("s3://") :].partition("/")
    return S3Object(bucket, key, entry.etag or "", entry.version_id)


def read(s3: S3Client, obj: S3Object) -> Iterator[bytes]:
    """Yield the bytes of exactly this version, piece by piece.

    Raises ObjectChanged: the version is gone or the object has another ETag by now.
    """
    which = {"VersionId": obj.version_id} if obj.version_id else {"IfMatch": f'"{obj.etag}"'}
    try:
        body = s3.get_object(Bucket=obj.bucket, Key=obj.key, **which)["Body"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "412", "NoSuchVersion", "NoSuchKey", "404"):
            raise ObjectChanged(f"{obj.url} was replaced: the version with ETag {obj.etag} is gone") from error
        raise
    yield from body.iter_chunks(1 << 20)


def count_records(s3: S3Client, obj: S3Object) -> int:
    """Count the CSV records of exactly this version, header excluded. Raises ObjectChanged."""
    return max(0, records.count(read(s3, obj)) - 1)


def put_manifest(s3: S3Client, obj: S3Object, name: str) -> str:
    """Write ``manifests/<name>.manifest``, which names this object alone, and return its URL.

    A bare path given to COPY is a prefix: ``x.csv`` would load ``x.csv.bak`` too.
    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    key = f"manifests/{name}.manifest"
    manifest = {"entries": [{"url": obj.url, "mandatory": True}]}
    s3.put_object(Bucket=obj.bucket, Key=key, Body=json.dumps(manifest).encode())
    return f"s3://{obj.bucket}/{key}"


def ensure_unchanged(s3: S3Client, obj: S3Object) -> None:
    """Compare the current version with ``obj``.

    Raises ObjectChanged: it was replaced or deleted since.
    """
    try:
        unchanged = head(s3, obj.bucket, obj.key) == obj
    except MissingObject:
        unchanged = False
    if not unchanged:
        raise ObjectChanged(f"{obj.url} was replaced while it was being loaded")
