"""The file of one month as S3 holds it: which version, how many records, and the manifest that names it to COPY."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from typing import Any, Iterable, Iterator

S3Client = Any  # boto3's client; importing boto3 here would slow every parse of the DAG


class MissingObject(Exception):
    """The file is not in S3; the message names its key."""


class ObjectChanged(Exception):
    """The file was replaced while it was being loaded."""


@dataclass(frozen=True)
class S3Object:
    """One version of one object. ``version_id`` is None in a bucket without versions; ``size`` in bytes."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int

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
    return S3Object(bucket, key, found["ETag"].strip('"'), found.get("VersionId"), found["ContentLength"])


def count_records(s3: S3Client, obj: S3Object) -> int:
    """Count the CSV records of exactly this version, header excluded; streamed, in constant memory.

    Raises ObjectChanged: the version is gone or the object has another ETag by now.
    """
    which = {"VersionId": obj.version_id} if obj.version_id else {"IfMatch": f'"{obj.etag}"'}
    try:
        body = s3.get_object(Bucket=obj.bucket, Key=obj.key, **which)["Body"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "412", "NoSuchVersion", "NoSuchKey", "404"):
            raise ObjectChanged(f"{obj.url} was replaced while it was being loaded") from error
        raise
    return max(0, count_csv_records(body.iter_chunks(1 << 20)) - 1)


def count_csv_records(chunks: Iterable[bytes]) -> int:
    """Count the records of CSV text as Python's csv module reads them; a blank line is one (COPY reports it as one)."""
    csv.field_size_limit(sys.maxsize)
    return sum(1 for _ in csv.reader(_lines(chunks)))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines of text. Each byte stands for a character: only commas, quotes and line feeds matter for counting.

    Carriage returns and NUL bytes are left out, since the csv module stops at some of them.
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk.translate(None, b"\r\0")).split(b"\n")
        for line in whole:
            yield line.decode("latin-1") + "\n"
    if rest:
        yield rest.decode("latin-1")


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
