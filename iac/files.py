"""Students' files into the bucket: only those that changed, with one bar that counts bytes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from tqdm import tqdm

from iac.account import Say, connect
from iac.faults import IacError, explained
from iac.plan import Plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MD5 = "md5"
_PART = 64 * 1024 * 1024
_TRANSFER = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART)


@dataclass(frozen=True)
class LocalFile:
    """A file that belongs into the bucket under ``key``; ``size`` in bytes, ``md5`` in hex."""

    path: Path
    key: str
    size: int
    md5: str


@dataclass(frozen=True)
class Uploaded:
    """How much was sent and how much was there already: files and bytes."""

    files: int
    size: int
    unchanged: int


def upload(s3: S3Client, bucket: str, folder: Path, say: Say) -> Uploaded:
    """Send each file below ``folder`` whose bytes the bucket does not have yet; nothing is deleted there.

    The key is the path relative to the folder. Files whose names begin with a dot are left out.
    Raises IacError: no such folder, nothing in it, or AWS refuses.
    """
    files = list(local_files(folder))
    if not files:
        raise IacError(f"{folder}: there is no file in it. Make some: python -m generator")
    with explained(f"bucket {bucket}"):
        there = _listed(s3, bucket)
        changed = [file for file in files if not _is_there(s3, bucket, file, there.get(file.key))]
        _send(s3, bucket, changed)
    done = Uploaded(len(changed), sum(file.size for file in changed), len(files) - len(changed))
    say(f"bucket {bucket}: {done.files} files sent ({done.size:,} bytes), {done.unchanged} already there")
    return done


def upload_folder(plan: Plan, folder: Path | str, say: Say = print) -> Uploaded:
    """``upload`` into the plan's bucket."""
    return upload(connect(plan.settings.region).s3, plan.settings.bucket, Path(folder), say)


def local_files(folder: Path) -> Iterator[LocalFile]:
    """The files to send, by key."""
    if not folder.is_dir():
        raise IacError(f"{folder}: there is no such folder. Name the one with the students' files.")
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield LocalFile(path, relative.as_posix(), path.stat().st_size, _md5(path))


def _listed(s3: S3Client, bucket: str) -> dict[str, tuple[str, int]]:
    """ETag (without its quotes) and size of each object, by key."""
    return {
        found["Key"]: (found["ETag"].strip('"'), found["Size"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for found in page.get("Contents", [])
    }


def _is_there(s3: S3Client, bucket: str, file: LocalFile, found: tuple[str, int] | None) -> bool:
    """Whether the bucket has these bytes under this key.

    The ETag of an object sent in one part is its MD5, which the listing gives for nothing. One sent in parts, or
    encrypted by KMS, has another ETag: then the MD5 that we wrote beside it counts. Times are not compared: a fresh
    clone of a repository has new ones and the same bytes.
    """
    if found is None:
        return False
    etag, size = found
    if etag == file.md5 or size != file.size:
        return etag == file.md5
    return s3.head_object(Bucket=bucket, Key=file.key).get("Metadata", {}).get(_MD5) == file.md5


def _send(s3: S3Client, bucket: str, files: list[LocalFile]) -> None:
    total = sum(file.size for file in files)
    # A notebook is no terminal and yet somebody watches.
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    quiet = not files or not watched
    with tqdm(total=total, unit="B", unit_scale=True, desc="upload", disable=quiet) as bar:
        for file in files:
            metadata = {"Metadata": {_MD5: file.md5}, "ContentType": "text/csv"}
            try:
                s3.upload_file(
                    str(file.path), bucket, file.key, ExtraArgs=metadata, Callback=bar.update, Config=_TRANSFER
                )
            except S3UploadFailedError as error:  # boto3 wraps what AWS said in a type of its own
                raise IacError(
                    f"{file.path}: {error}\nMend the cause and run it again: it goes on from here."
                ) from error


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
    return digest.hexdigest()
