"""The command as a person meets it: where it says it is, what it refuses, and that it cleans up after itself."""

import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from botocore.exceptions import ClientError

from local_aws.ports import check_free
from local_aws.testing import AwsProcess, free_ports

REFUSED = 2


def run(arguments: list[str], environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "local_aws", *arguments]
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=variables)


def test_endpoints_say_where_everything_is_and_no_secret(aws: AwsProcess) -> None:
    assert aws.endpoints == {
        "pid": aws.pid,
        "region": "us-west-2",
        "aws_url": f"http://127.0.0.1:{aws.ports.aws}",
        "aws_port": aws.ports.aws,
        "s3_url": f"http://127.0.0.1:{aws.ports.s3}",
        "s3_port": aws.ports.s3,
        "redshift_host": "127.0.0.1",
        "redshift_port": aws.ports.redshift,
        "redshift_certificate": str(aws.folder.path / "redshift" / "tls" / "server.crt"),
        "postgres_port": aws.endpoints["postgres_port"],
    }


def test_redshift_proves_itself_by_the_certificate_that_is_named(aws: AwsProcess) -> None:
    asked = {"host": "localhost", "port": aws.ports.redshift, "user": "nobody", "password": "none", "dbname": "dev"}
    trusted = {"sslmode": "verify-full", "sslrootcert": aws.endpoints["redshift_certificate"]}
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):  # and not the certificate
        psycopg2.connect(**asked, **trusted)


def test_the_secret_key_is_in_files_of_the_owner_alone(aws: AwsProcess) -> None:
    secret = aws.environment()["AWS_SECRET_ACCESS_KEY"].encode()
    holding = {
        path
        for path in aws.folder.path.rglob("*")
        if path.is_file() and not path.is_symlink() and secret in path.read_bytes()
    }
    assert {path.name for path in holding} == {"credentials.json", "exports.sh", "identities.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
    assert secret not in aws.log.read_bytes()
    family = [psutil.Process(aws.pid), *psutil.Process(aws.pid).children(recursive=True)]
    assert not [process for process in family if secret.decode() in " ".join(process.cmdline())]


def test_all_listen_on_this_machine_alone(aws: AwsProcess) -> None:
    family = [psutil.Process(aws.pid), *psutil.Process(aws.pid).children(recursive=True)]
    listening = {
        connection.laddr
        for process in family
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {aws.ports.aws, aws.ports.s3, aws.ports.redshift} <= {address.port for address in listening}


def test_a_second_one_on_the_same_folder_is_refused(aws: AwsProcess) -> None:
    ports = free_ports()
    done = run(["--state", str(aws.folder.path), f"--aws-port={ports.aws}", f"--s3-port={ports.s3}"])
    assert done.returncode == REFUSED
    assert done.stderr == (
        f"Another local AWS (process {aws.pid}) runs on {aws.folder.path}. "
        "Stop it, or name another folder with --state.\n"
    )
    assert aws.endpoints["pid"] == aws.pid


@pytest.mark.parametrize("service", ["aws", "s3", "redshift"])
def test_a_taken_port_is_named_with_what_moves_it(service: str, tmp_path: Path) -> None:
    ports = free_ports()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        variables = {f"{name.upper()}_PORT": str(getattr(ports, name)) for name in ("aws", "s3", "redshift")}
        done = run(["--state", str(tmp_path)], {**variables, f"{service.upper()}_PORT": str(taken)})
    assert done.returncode == REFUSED
    assert done.stderr == (
        f"Port {taken} is taken. Choose another one with --{service}-port or {service.upper()}_PORT.\n"
    )
    assert not (tmp_path / "endpoints.json").exists()


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    done = run(["--state", str(in_the_way)])
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert str(in_the_way) in done.stderr
    assert "--state" in done.stderr


def test_ctrl_c_stops_everything(state: Path) -> None:
    running = AwsProcess(state)
    running.start()
    children = psutil.Process(running.pid).children(recursive=True)
    assert {"weed", "postgres"} <= {child.name() for child in children}
    os.kill(running.pid, signal.SIGINT)
    assert running.wait() == 0
    assert not [child for child in children if child.is_running()]
    assert not running.folder.endpoints_file.exists()
    assert not running.folder.exports_file.exists()
    for port in (running.ports.aws, running.ports.s3, running.ports.redshift):
        check_free(port)
    assert running.log.read_text().endswith("Stopped.\n")
    assert not (state / "s3" / "ports.json").exists()


def test_a_service_that_dies_takes_the_command_down_with_a_reason(state: Path) -> None:
    with AwsProcess(state) as running:
        weed = next(child for child in psutil.Process(running.pid).children() if child.name() == "weed")
        weed.kill()
        assert running.wait() == 1
    assert "SeaweedFS ended with code -9" in running.log.read_text()
    assert not running.folder.endpoints_file.exists()


def test_s3_asks_for_its_key(client: Any) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client("s3", aws_secret_access_key="wrong").list_buckets()  # noqa: S106
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client("s3", aws_access_key_id="LOCAL0123456789").list_buckets()


def test_s3_keeps_versions_under_md5_etags(client: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="versions", ServerSideEncryptionConfiguration={"Rules": [rule]})
    first = s3.put_object(Bucket="versions", Key="a/b c.csv", Body=b"old")
    second = s3.put_object(Bucket="versions", Key="a/b c.csv", Body=b"new")
    assert first["VersionId"] != second["VersionId"]
    assert second["ETag"] == f'"{hashlib.md5(b"new", usedforsecurity=False).hexdigest()}"'
    assert s3.get_object(Bucket="versions", Key="a/b c.csv", VersionId=first["VersionId"])["Body"].read() == b"old"
    assert s3.get_object(Bucket="versions", Key="a/b c.csv")["Body"].read() == b"new"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket="versions", Key="a/b c.csv", IfMatch=first["ETag"])


def test_s3_does_not_make_buckets_by_itself(client: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client("s3").put_object(Bucket="never-made", Key="k", Body=b"")


@pytest.mark.parametrize(
    ("service", "operation", "advice"),
    [("dynamodb", "list_tables", "not dynamodb"), ("sqs", "list_queues", "not sqs"), ("sns", "list_topics", "not sns")],
)
def test_services_that_do_not_run_are_refused_by_name(client: Any, service: str, operation: str, advice: str) -> None:
    with pytest.raises(ClientError, match=rf"NotImplemented.*{advice}"):
        getattr(client(service), operation)()


def test_s3_calls_do_not_reach_moto(aws: AwsProcess, client: Any) -> None:
    with pytest.raises(ClientError, match=r"NotImplemented.*S3 is at AWS_ENDPOINT_URL_S3"):
        client("s3", endpoint_url=aws.endpoints["aws_url"]).list_buckets()


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("redshift", "DescribeScheduledActions", {}),
        ("redshift", "DescribeUsageLimits", {}),
        ("redshift", "ModifyClusterIamRoles", {"ClusterIdentifier": "one"}),
    ],
)
def test_an_operation_that_it_does_not_know_is_refused_by_name(
    client: Any, service: str, operation: str, parameters: dict[str, str]
) -> None:
    asked = client(service)
    method = next(name for name, known in asked.meta.method_to_api_mapping.items() if known == operation)
    with pytest.raises(ClientError, match=rf"NotImplemented.*{service}'s {operation}"):
        getattr(asked, method)(**parameters)
