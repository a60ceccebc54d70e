"""From nothing to a warehouse and back, by the commands that a person types, against the local AWS.

The tests of this file build on each other, top to bottom: the local AWS takes seconds to start.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from boto3.s3.transfer import TransferConfig

from iac.files import upload
from local_aws.testing import AwsProcess, client
from warehouse.settings import CFG, Settings, load, overlay_path

NAMES = {"bucket": "online-learning-analytics", "cluster": "online-learning-analytics"}


class Site:
    """A local AWS, a cfg for it, and the commands run there."""

    def __init__(self, folder: Path) -> None:
        self.aws = AwsProcess(folder / "aws")
        self.cfg = folder / "udacity_dwh.cfg"
        self.cfg.write_text(CFG.read_text(encoding="utf-8"), encoding="utf-8")
        self.data = folder / "data"

    def iac(self, *arguments: str, typed: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
        variables = {**os.environ, **self.aws.environment(), "UDACITY_DWH_CFG": str(self.cfg), **changes}
        command = [sys.executable, "-m", "iac", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=variables, input=typed, timeout=120, check=False
        )

    def done(self, *arguments: str, **options: str) -> list[str]:
        """The lines that a command which succeeds prints."""
        finished = self.iac(*arguments, **options)
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout.splitlines()

    def client(self, service: str) -> Any:
        return client(self.aws.environment(), service)

    @property
    def settings(self) -> Settings:
        return load(self.cfg)

    def login(self, who: str) -> tuple[str, str]:
        """User and secret of the administrator or of the pipeline."""
        at = self.settings
        return (at.pipeline_user, at.pipeline_secret) if who == "pipeline" else (at.user, at.secret)

    def password(self, who: str = "administrator") -> str:
        user, secret = self.login(who)
        text = self.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        found: dict[str, str] = json.loads(text)
        assert found["username"] == user
        return found["password"]

    def query(self, sql: str, who: str = "administrator") -> list[Any]:
        """Run SQL: address from the overlay, password from the secret."""
        at, (user, _) = self.settings, self.login(who)
        with closing(
            psycopg2.connect(host=at.host, port=at.port, dbname=at.database, user=user, password=self.password(who))
        ) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        return rows

    def versions(self) -> list[tuple[str, str, str]]:
        page = self.client("s3").list_object_versions(Bucket=self.settings.bucket)
        return [(found["Key"], found["VersionId"], found["ETag"]) for found in page.get("Versions", [])]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    with made.aws:
        yield made


def test_before_anything_is_there_status_says_so(site: Site) -> None:
    assert [line.split(": ")[1] for line in site.done("status")] == ["absent"] * 5


def test_an_upload_without_a_bucket_says_what_to_do(site: Site) -> None:
    site.data.mkdir()
    (site.data / "a.csv").write_text("1\n")
    failed = site.iac("upload", str(site.data))
    assert failed.returncode == 1
    assert "NoSuchBucket" in failed.stderr
    assert "python -m iac up" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_up_makes_everything_and_the_warehouse_answers(site: Site) -> None:
    lines = site.done("up")
    assert f"cluster {NAMES['cluster']}: available at 127.0.0.1:{site.aws.ports.redshift}" in lines
    assert f"bucket {NAMES['bucket']}: created" in lines
    assert f"overlay {overlay_path(site.cfg)}: written" in lines
    for who in ("administrator", "pipeline"):
        assert site.password(who) not in "".join(lines)
    assert site.query("SELECT current_user, current_database()") == [(site.settings.user, site.settings.database)]


def test_up_made_what_it_promises(site: Site) -> None:
    s3 = site.client("s3")
    assert s3.get_bucket_versioning(Bucket=NAMES["bucket"])["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=NAMES["bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    found = site.client("redshift").describe_clusters(ClusterIdentifier=NAMES["cluster"])["Clusters"][0]
    assert (found["Encrypted"], found["PubliclyAccessible"]) == (True, False)
    assert [role["IamRoleArn"] for role in found["IamRoles"]] == [site.settings.role_arn]


def test_a_second_up_changes_nothing(site: Site) -> None:
    password, overlay = site.password(), overlay_path(site.cfg).read_text()
    lines = site.done("up")
    told = [line for line in lines if "WARNING" not in line and "available at" not in line]
    assert [line.split(": ")[1].split(",")[0] for line in told] == ["already there"] * 9
    assert (site.password(), overlay_path(site.cfg).read_text()) == (password, overlay)


def test_upload_sends_only_what_changed(site: Site) -> None:
    (site.data / "2019" / "1").mkdir(parents=True)
    (site.data / "2019" / "1" / "Ünï code.csv").write_text("1,2\n")
    (site.data / ".DS_Store").write_text("not data")
    bucket = f"bucket {NAMES['bucket']}"
    assert site.done("upload", str(site.data)) == [f"{bucket}: 2 files sent (6 bytes), 0 already there"]
    first = site.versions()
    assert {key for key, _, _ in first} == {"a.csv", "2019/1/Ünï code.csv"}
    assert site.done("upload", str(site.data)) == [f"{bucket}: 0 files sent (0 bytes), 2 already there"]
    assert site.versions() == first
    (site.data / "a.csv").write_text("2\n")  # as long as before: only its bytes tell
    assert site.done("upload", str(site.data)) == [f"{bucket}: 1 files sent (2 bytes), 1 already there"]
    assert len(site.versions()) == 3
    assert "2 objects, 6 bytes" in site.done("status")[-2]


def test_upload_knows_an_object_sent_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    big = site.data.parent / "big"
    big.mkdir()
    (big / "big.csv").write_bytes(b"x" * (11 * 1024 * 1024))
    in_parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    monkeypatch.setattr("iac.files._TRANSFER", in_parts)
    s3 = site.client("s3")
    assert upload(s3, NAMES["bucket"], big, print).files == 1
    assert "-" in s3.head_object(Bucket=NAMES["bucket"], Key="big.csv")["ETag"]
    assert upload(s3, NAMES["bucket"], big, print).unchanged == 1
    (big / "big.csv").write_bytes(b"y" * (11 * 1024 * 1024))
    assert upload(s3, NAMES["bucket"], big, print).files == 1


def test_copy_reads_with_the_role_and_with_no_other(site: Site) -> None:
    site.query("CREATE TABLE kept (a VARCHAR(10)) DISTKEY (a)")
    source = f"s3://{NAMES['bucket']}/a.csv"
    site.query(f"COPY kept FROM '{source}' IAM_ROLE '{site.settings.role_arn}' CSV")
    assert site.query("SELECT a FROM kept") == [("2",)]
    with pytest.raises(psycopg2.Error, match="not authorized to assume IAM Role"):
        site.query(f"COPY kept FROM '{source}' IAM_ROLE '{site.settings.role_arn}-other' CSV")
    with pytest.raises(psycopg2.Error, match="Access Denied"):
        site.query(f"COPY kept FROM 's3://another-bucket/a.csv' IAM_ROLE '{site.settings.role_arn}' CSV")


def test_all_of_it_survives_a_kill(site: Site) -> None:
    def seen() -> dict[str, Any]:
        iam, ec2, redshift = site.client("iam"), site.client("ec2"), site.client("redshift")
        cluster = redshift.describe_clusters()["Clusters"][0]
        return {
            "versions": site.versions(),
            "old": site.client("s3").get_object(Bucket=NAMES["bucket"], Key="a.csv", VersionId=old)["Body"].read(),
            "role": iam.get_role(RoleName=site.settings.role_name)["Role"],
            "policy": iam.get_role_policy(RoleName=site.settings.role_name, PolicyName="what-it-may-do")[
                "PolicyDocument"
            ],
            "secret": site.client("secretsmanager").describe_secret(SecretId=site.settings.secret)["ARN"],
            "password": site.password(),
            "rules": ec2.describe_security_group_rules()["SecurityGroupRules"],
            "cluster": (cluster["ClusterCreateTime"], cluster["Endpoint"], cluster["IamRoles"]),
            "table": site.query("SELECT a FROM kept"),
        }

    group = site.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    site.client("ec2").authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=5439, ToPort=5439, CidrIp="203.0.113.7/32"
    )
    old = [version for key, version, _ in site.versions() if key == "a.csv"][-1]
    before = seen()
    children = psutil.Process(site.aws.pid).children(recursive=True)
    site.aws.kill()
    site.aws.start()
    assert seen() == before
    alive = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert alive == []
    assert site.query(f"COPY kept FROM 's3://{NAMES['bucket']}/a.csv' IAM_ROLE '{site.settings.role_arn}' CSV") == []
    assert site.query("SELECT a FROM kept") == [("2",), ("2",)]


def test_a_lost_secret_is_made_again_with_a_new_password(site: Site) -> None:
    before = site.password()
    site.client("secretsmanager").delete_secret(SecretId=site.settings.secret, ForceDeleteWithoutRecovery=True)
    lines = site.done("up")
    assert f"cluster {NAMES['cluster']}: new password of the administrator set" in lines
    assert site.password() != before
    assert site.query("SELECT count(*) FROM kept") == [(2,)]


def test_the_pipeline_does_not_notice_that_the_administrators_password_changes(site: Site) -> None:
    before = site.password("pipeline")
    site.client("redshift").modify_cluster(ClusterIdentifier=NAMES["cluster"], MasterUserPassword="Rotated-pass1")
    with pytest.raises(psycopg2.OperationalError):
        site.query("SELECT 1")
    assert site.query("SELECT current_user", "pipeline") == [("loader",)]
    site.client("secretsmanager").delete_secret(SecretId=site.settings.secret, ForceDeleteWithoutRecovery=True)
    site.done("up")
    assert site.password("pipeline") == before
    assert site.query("SELECT current_user", "pipeline") == [("loader",)]


def test_a_lost_cluster_is_made_again_with_the_password_in_the_secret(site: Site) -> None:
    before = site.password()
    site.client("redshift").delete_cluster(ClusterIdentifier=NAMES["cluster"], SkipFinalClusterSnapshot=True)
    site.done("up")
    assert site.password() == before
    with pytest.raises(psycopg2.Error, match="kept"):
        site.query("SELECT count(*) FROM kept")


def test_a_secret_of_another_user_is_not_taken(site: Site) -> None:
    text = site.cfg.read_text()
    site.cfg.write_text(text.replace("user = dwh_admin", "user = somebody"))
    failed = site.iac("up")
    site.cfg.write_text(text)
    assert failed.returncode == 1
    assert "its user is 'dwh_admin', the cfg says 'somebody'" in failed.stderr


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [("bucket = online", "bucket = On_line", "bucket = On_line"), ("node_type = ra3.large", "", "node_type")],
)
def test_a_wrong_or_missing_setting_is_named(site: Site, was: str, becomes: str, named: str) -> None:
    text = site.cfg.read_text()
    site.cfg.write_text(text.replace(was, becomes))
    failed = site.iac("up")
    site.cfg.write_text(text)
    assert failed.returncode == 1
    assert str(site.cfg) in failed.stderr
    assert named in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_wrong_key_is_told_and_what_to_do(site: Site) -> None:
    failed = site.iac("up", AWS_SECRET_ACCESS_KEY="wrong")  # noqa: S106
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert f"bucket {NAMES['bucket']}: AWS refused HeadBucket: 403" in failed.stderr


@pytest.mark.parametrize(("typed", "told"), [("no\n", "Nothing was deleted."), ("", "--yes")])
def test_down_deletes_nothing_without_the_clusters_name(site: Site, typed: str, told: str) -> None:
    refused = site.iac("down", typed=typed)
    assert refused.returncode == 1
    assert told in refused.stdout + refused.stderr
    for thing in ("cluster", "role", "policy", "secret", "bucket"):
        assert f"\n  {thing} " in refused.stdout
    assert "absent" not in "".join(site.done("status"))


def test_down_deletes_everything_and_a_second_one_nothing(site: Site) -> None:
    lines = site.done("down", typed=f"{NAMES['cluster']}\n")
    assert any("snapshot online-learning-analytics-final-" in line for line in lines)
    assert any(
        "snapshot online-learning-analytics-final-" in line and "delete-cluster-snapshot" in line for line in lines
    )
    assert lines[-1].endswith("no more than that is left.")
    assert [line.split(": ")[1] for line in site.done("status")] == ["absent"] * 5
    assert load(site.cfg).host is None
    again = site.done("down", "--yes", "--no-final-snapshot")
    assert again[0] == "There is nothing to delete."
    assert [line.split(": ")[1] for line in again[1:6]] == ["already gone"] * 5


def test_up_after_down_starts_from_nothing(site: Site) -> None:
    site.done("up")
    assert site.versions() == []
    with pytest.raises(psycopg2.Error, match="kept"):
        site.query("SELECT * FROM kept")


def test_without_a_local_aws_the_error_says_so(site: Site) -> None:
    failed = site.iac("status", AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_S3="http://127.0.0.1:1")
    assert failed.returncode == 1
    assert "is the local AWS running?" in failed.stderr
    assert "Traceback" not in failed.stderr
