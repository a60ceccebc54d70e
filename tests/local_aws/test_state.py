"""The state folder: one process at a time, keys that stay, and an announcement that comes and goes."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from local_aws.state import StateError, StateFolder

ENDPOINTS = {"pid": os.getpid(), "aws_url": "http://127.0.0.1:1", "s3_url": "http://127.0.0.1:2", "region": "us-west-2"}


def test_a_folder_is_held_by_one_and_free_again_when_that_one_is_gone(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time, local_aws.state as s;"
        "folder = s.StateFolder(pathlib.Path(sys.argv[1])); folder.lock(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match=rf"process {holder.pid}\) runs on {tmp_path}.*--state"):
            StateFolder(tmp_path).lock()
        holder.kill()
    folder = StateFolder(tmp_path)
    folder.lock()
    folder.unlock()
    again = StateFolder(tmp_path)
    again.lock()
    again.unlock()


def test_keys_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    first, second = StateFolder(tmp_path).credentials(), StateFolder(tmp_path).credentials()
    assert first == second
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    assert StateFolder(tmp_path / "other").credentials().secret_access_key != first.secret_access_key


def test_keys_do_not_show_when_printed(tmp_path: Path) -> None:
    keys = StateFolder(tmp_path).credentials()
    assert keys.secret_access_key not in repr(keys)
    assert keys.s3_encryption_key not in repr(keys)


def test_clients_in_other_containers_find_files_that_their_group_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, shared = tmp_path / "server.crt", tmp_path / "shared"
    certificate.write_text("a certificate")
    shared.mkdir()
    folder = StateFolder(tmp_path / "state", shared)
    folder.path.mkdir()
    folder.announce({**ENDPOINTS, "redshift_certificate": str(certificate)})
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in shared.iterdir()} == dict.fromkeys(
        ("config", "credentials", "redshift.crt"), 0o640
    )
    assert (shared / "redshift.crt").read_text() == "a certificate"
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(shared / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared / "credentials"))
    session = boto3.Session()
    keys = session.get_credentials()
    assert keys
    assert keys.secret_key == folder.credentials().secret_access_key
    assert session.client("iam").meta.endpoint_url == ENDPOINTS["aws_url"]
    s3 = session.client("s3")
    url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"})
    assert url.startswith(f"{ENDPOINTS['s3_url']}/bucket/key?")  # a bucket as part of the host's name nobody would find


def test_the_announcement_leads_programs_and_shells_to_the_same_place(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "it's here")
    folder.path.mkdir()
    folder.announce(ENDPOINTS)
    assert json.loads(folder.endpoints_file.read_text()) == ENDPOINTS
    shell = subprocess.run(
        ["sh", "-c", '. "$1"; env', "sh", str(folder.exports_file)], capture_output=True, text=True, check=True
    )
    seen = dict(line.split("=", 1) for line in shell.stdout.splitlines())
    expected = folder.environment()
    assert expected["AWS_ENDPOINT_URL_S3"] == ENDPOINTS["s3_url"]
    assert {name: seen.get(name) for name in expected} == expected


def test_there_is_no_environment_before_and_after(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    with pytest.raises(StateError, match="python -m local_aws"):
        folder.environment()
    folder.announce(ENDPOINTS)
    folder.environment()
    folder.withdraw()
    with pytest.raises(StateError, match="python -m local_aws"):
        folder.environment()
    assert not folder.exports_file.exists()


def test_one_that_was_killed_is_not_taken_for_running(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    folder = StateFolder(tmp_path)
    folder.announce({**ENDPOINTS, "pid": gone.pid})
    with pytest.raises(StateError, match="python -m local_aws"):
        folder.environment()
