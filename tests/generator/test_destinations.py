"""Where files go: the same bytes to a folder and to S3, and never half a file under its name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from mypy_boto3_s3 import S3Client

from generator import DestinationError, Options, generate
from generator.bucket import Bucket
from generator.destination import Destination
from generator.folder import Folder
from generator.users import Users

ON_A_SMALL_DISK = """
import resource, sys
from generator.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
sys.exit(main(sys.argv[1:]))
"""
PART = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """A bucket called ``students``, found by boto3's own settings."""
    for name, value in {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="students")
    yield client
    for listed in client.list_objects_v2(Bucket="students").get("Contents", []):
        client.delete_object(Bucket="students", Key=listed["Key"])
    client.delete_bucket(Bucket="students")
    client.close()


def keys(s3: S3Client) -> set[str]:
    return {listed["Key"] for listed in s3.list_objects_v2(Bucket="students").get("Contents", [])}


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def write_half(place: Destination, key: str, size: int) -> None:
    with place.open(key) as sink:
        sink.write(bytes(size))
        raise KeyError("something else went wrong")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bucket_gets_the_bytes_that_a_folder_gets(tmp_path: Path, s3: S3Client, processes: int) -> None:
    small = {"students": 300, "degrees": ("data_science",), "months": (1,), "bad_rows": 3}
    generate(Options(to=str(tmp_path), **small))
    generate(Options(to="s3://students/made/here/", processes=processes, **small))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert keys(s3) == {f"made/here/{path.relative_to(tmp_path)}" for path in files}
    for path in files:
        body = s3.get_object(Bucket="students", Key=f"made/here/{path.relative_to(tmp_path)}")["Body"]
        assert body.read() == path.read_bytes()


def test_a_large_object_goes_up_in_parts(s3: S3Client) -> None:
    content = bytes(range(256)) * (2 * PART // 256) + b"the rest"
    with Bucket.of("s3://students").open("large") as sink:
        for start in range(0, len(content), 1_000_000):
            sink.write(content[start : start + 1_000_000])
        assert not keys(s3), "an object that is not complete must not be seen"
    got = s3.get_object(Bucket="students", Key="large")
    assert got["ETag"].endswith('-3"')
    assert got["Body"].read() == content


@pytest.mark.parametrize("size", [100, PART + 1])
def test_an_upload_that_fails_leaves_nothing(s3: S3Client, size: int) -> None:
    with pytest.raises(KeyError):
        write_half(Bucket.of("s3://students"), "half", size)
    assert not keys(s3)
    assert not s3.list_multipart_uploads(Bucket="students").get("Uploads")


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("to", ["s3://absent/made", "s3://", "s3:///made"])
def test_a_bucket_that_is_not_there_is_named(to: str) -> None:
    with pytest.raises(DestinationError, match=r"absent|no bucket named"):
        generate(Options(to=to, students=1))


def test_s3_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch, s3: S3Client) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(DestinationError, match=r"127\.0\.0\.1:1"):
        generate(Options(to="s3://students/made", students=1))


@pytest.mark.parametrize("place", ["file/below", "/proc/students", "/dev/null"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    to = tmp_path / place
    with pytest.raises(DestinationError, match=str(to)):
        generate(Options(to=str(to), students=1))


def test_a_file_that_stands_there_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"the old one")
    with pytest.raises(KeyError):
        write_half(Folder(tmp_path), "users.csv", 10)
    assert [path.read_bytes() for path in left_behind(tmp_path)] == [b"the old one"]
    with Folder(tmp_path).open("users.csv") as sink:
        sink.write(b"the new one")
    assert [path.read_bytes() for path in left_behind(tmp_path)] == [b"the new one"]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_disk_that_fills_leaves_whole_files_only(tmp_path: Path, processes: str) -> None:
    """The limit on a file's size stands for the disk: every write beyond it fails, as on a full one."""
    done = subprocess.run(
        [sys.executable, "-c", ON_A_SMALL_DISK, "--to", str(tmp_path), "--months", "1", "--processes", processes],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "File too large. No part of this file was kept" in done.stderr
    assert "Traceback" not in done.stderr
    files = left_behind(tmp_path)
    assert not [path for path in files if not path.name.endswith(".csv")]
    assert "users_dim.csv" not in {path.name for path in files}
    sample = Path(__file__).resolve().parents[2] / "sample_data"
    assert files
    for path in files:
        assert path.read_bytes() == (sample / path.relative_to(tmp_path)).read_bytes()


def test_nothing_keeps_its_name_when_the_rows_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Users, students: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(Users, "block", broken)
    with pytest.raises(MemoryError):
        generate(Options(to=str(tmp_path), students=10, processes=1))
    assert {path.name for path in left_behind(tmp_path)} == {"projects_dim.csv", "videos_dim.csv"}
