"""A bucket that files are streamed to: an object is there when it is whole, never in part."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from generator.destination import DestinationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# S3 takes parts of 5 MiB and more, 10,000 of them: enough for 80 GB a file.
_PART = 8 * 1024 * 1024


class Bucket:
    """Objects below a prefix of a bucket; address and credentials are boto3's (``AWS_ENDPOINT_URL_S3`` and so on)."""

    def __init__(self, name: str, prefix: str) -> None:
        self.name, self.prefix = name, prefix
        self._client: S3Client = boto3.client("s3")

    @classmethod
    def of(cls, address: str) -> Bucket:
        """The bucket of ``s3://bucket/prefix``. Raises DestinationError."""
        name, _, prefix = address[len("s3://") :].partition("/")
        if not name:
            raise DestinationError(f"{address}: no bucket named. Write s3://bucket/prefix.")
        with _explained(address):
            return cls(name, f"{prefix.rstrip('/')}/" if prefix.strip("/") else "")

    def check(self) -> None:
        """Raise DestinationError if the bucket is not there or may not be seen."""
        with _explained(f"s3://{self.name}"):
            self._client.head_bucket(Bucket=self.name)

    @contextmanager
    def open(self, key: str) -> Iterator[Upload]:
        """An object to write bytes to, there only when the block has ended well. Raises DestinationError."""
        with _explained(f"s3://{self.name}/{self.prefix}{key}"):
            upload = Upload(self._client, self.name, self.prefix + key)
            try:
                yield upload
                upload.complete()
            finally:
                upload.abort()


class Upload:
    """One object on its way: a single request if it is small, else a multipart upload."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._waiting = bytearray()
        self._id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, data: bytes, /) -> int:
        """Keep the bytes until there are enough for a part, then send it."""
        self._waiting += data
        while len(self._waiting) >= _PART:
            self._send(bytes(self._waiting[:_PART]))
            del self._waiting[:_PART]
        return len(data)

    def complete(self) -> None:
        """Send what is left; only now does the object exist."""
        if self._id is None:
            self._client.put_object(Bucket=self._bucket, Key=self._key, Body=bytes(self._waiting))
            return
        if self._waiting:
            self._send(bytes(self._waiting))
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )
        self._id = None

    def abort(self) -> None:
        """Drop the parts sent so far, which S3 would keep and charge for; nothing to do after ``complete``."""
        if self._id is not None:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._id)
            self._id = None

    def _send(self, part: bytes) -> None:
        if self._id is None:
            self._id = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=part
        )
        self._parts.append({"ETag": sent["ETag"], "PartNumber": number})


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn boto3's errors into ones that name the object and what to do."""
    try:
        yield
    except (ClientError, BotoCoreError, ValueError) as error:
        advice = "Check the bucket's name, AWS_ENDPOINT_URL_S3 and the credentials; nothing was kept under this name."
        raise DestinationError(f"{address}: {error}. {advice}") from error
