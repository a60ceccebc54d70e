"""What is put on top of moto, in this process: stricter clusters, COPY's authorization, and a memory on disk."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.redshift import models
from moto.secretsmanager.models import secretsmanager_backends

from local_aws import clusters
from local_aws.authorization import authorize
from local_aws.snapshot import Snapshot
from local_aws.state import StateError

ROLE = "arn:aws:iam::123456789012:role/copy"
ORDER = {
    "ClusterIdentifier": "one",
    "NodeType": "ra3.large",
    "ClusterType": "single-node",
    "MasterUsername": "boss",
    "MasterUserPassword": "Passw0rd",
    "DBName": "analytics",
    "Encrypted": True,
    "IamRoles": [ROLE],
}
TRUST = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}


class Recorded:
    """Databases that only note what they are told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def create(self, database: str, user: str, password: str) -> None:
        self.calls.append(("create", database, user, password))

    def drop(self, database: str) -> None:
        self.calls.append(("drop", database))


@cache
def client(service: str, region_name: str = "us-west-2") -> Any:
    """Made once: making one takes longer than a test. moto answers for it while its mock is on."""
    make: Callable[..., Any] = boto3.client
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return make(service, region_name=region_name, endpoint_url=f"https://{service}.{region_name}.amazonaws.com", **keys)


@pytest.fixture(scope="module", autouse=True)
def _moto() -> Iterator[None]:
    """One moto for all: a region's default network takes it a second to make up."""
    original = (models.redshift_backends.backend, models.Cluster.endpoint)
    clusters.install(Recorded(), "warehouse.test", 5555)
    with mock_aws():
        yield
    models.redshift_backends.backend, endpoint = original
    setattr(models.Cluster, "endpoint", endpoint)  # noqa: B010


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """No cluster, role or secret, and databases that note what they are told."""
    for backends in (iam_backends, secretsmanager_backends):
        for _, _, backend in list(backends.iter_backends()):
            backend.reset()
    for region in models.redshift_backends["123456789012"].values():
        region.clusters.clear()
        region.snapshots.clear()
    recorded = Recorded()
    monkeypatch.setattr(clusters.LocalRedshiftBackend, "databases", recorded)
    return recorded


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_role(*statements: dict[str, Any], trust: dict[str, Any] = TRUST) -> Any:
    iam = client("iam")
    iam.create_role(RoleName="copy", AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName="copy", PolicyName="p", PolicyDocument=document(*statements))
    return iam


def order(**changes: Any) -> Any:
    return client("redshift").create_cluster(**{**ORDER, **changes})


def test_a_cluster_gets_a_database_and_the_address_of_the_endpoint(databases: Recorded) -> None:
    order()
    assert databases.calls == [("create", "analytics", "boss", "Passw0rd")]
    found = client("redshift").describe_clusters(ClusterIdentifier="one")["Clusters"][0]
    assert found["Endpoint"] == {"Address": "warehouse.test", "Port": 5555}


def test_a_new_password_reaches_the_database(databases: Recorded) -> None:
    order()
    client("redshift").modify_cluster(ClusterIdentifier="one", MasterUserPassword="Another1")
    assert databases.calls[1:] == [("create", "analytics", "boss", "Another1")]


def test_the_database_goes_with_its_cluster(databases: Recorded) -> None:
    order()
    client("redshift").delete_cluster(ClusterIdentifier="one", SkipFinalClusterSnapshot=True)
    assert databases.calls[1:] == [("drop", "analytics")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"NodeType": "dc2.large"}, "Use RA3 or RG"),
        ({"Encrypted": False}, "unencrypted"),
        ({"MasterUserPassword": "alllower1"}, "uppercase"),
        ({"MasterUserPassword": "Sh0rt"}, "8 to 64"),
        ({"MasterUserPassword": "Slash/123"}, "none of /"),
        ({"DBName": "postgres"}, "reserved"),
    ],
)
def test_what_aws_refuses_is_refused(databases: Recorded, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said):
        order(**changes)
    assert databases.calls == []
    assert client("redshift").describe_clusters()["Clusters"] == []


def test_a_second_cluster_does_not_take_the_first_ones_database(databases: Recorded) -> None:
    order()
    with pytest.raises(ClientError, match="one has the database analytics already"):
        order(ClusterIdentifier="two")
    with pytest.raises(ClientError, match="ClusterAlreadyExists"):
        order(MasterUserPassword="Another1")
    assert databases.calls == [("create", "analytics", "boss", "Passw0rd")]


def test_a_snapshot_without_data_is_not_restored(databases: Recorded) -> None:
    order()
    redshift = client("redshift")
    redshift.create_cluster_snapshot(ClusterIdentifier="one", SnapshotIdentifier="kept")
    with pytest.raises(ClientError, match="keeps no data in snapshots"):
        redshift.restore_from_cluster_snapshot(ClusterIdentifier="two", SnapshotIdentifier="kept")


@pytest.mark.usefixtures("databases")
class TestAuthorization:
    def test_a_role_that_may_read(self) -> None:
        make_role(READ)
        order()
        assert authorize(ROLE, "data", "2019/1/a.csv") is None

    def test_a_managed_policy_counts_in_its_default_version(self) -> None:
        elsewhere = {**READ, "Resource": "arn:aws:s3:::other/*"}
        iam = make_role(elsewhere)
        arn = iam.create_policy(PolicyName="m", PolicyDocument=document(elsewhere))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="copy", PolicyArn=arn)
        order()
        assert "Access Denied" in (authorize(ROLE, "data", "a") or "")
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(READ), SetAsDefault=True)
        assert authorize(ROLE, "data", "a") is None
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        assert "Access Denied" in (authorize(ROLE, "data", "a") or "")

    @pytest.mark.parametrize("bucket", ["data2", "other"])
    def test_another_bucket_is_denied_in_s3s_words(self, bucket: str) -> None:
        make_role(READ)
        order()
        assert (authorize(ROLE, bucket, "a") or "").startswith("S3ServiceException:Access Denied,Status 403,")

    @pytest.mark.parametrize("fault", ["absent", "not trusted", "not attached"])
    def test_a_role_that_cannot_be_assumed(self, fault: str) -> None:
        if fault != "absent":
            principal = {"Service": "ec2.amazonaws.com"} if fault == "not trusted" else TRUST["Principal"]
            make_role(READ, trust={**TRUST, "Principal": principal})
        order(IamRoles=[] if fault == "not attached" else [ROLE])
        assert authorize(ROLE, "data", "a") == (
            f"User arn:aws:redshift:us-west-2:123456789012:dbuser:one/boss is not authorized to assume IAM Role {ROLE}"
        )

    def test_a_policy_that_cannot_be_judged_is_refused_by_name(self) -> None:
        make_role({**READ, "Condition": {}})
        order()
        assert "Condition" in (authorize(ROLE, "data", "a") or "")


def test_what_was_saved_comes_back_with_its_ids(databases: Recorded, tmp_path: Path) -> None:
    make_role(READ)
    order()
    ec2 = client("ec2")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    secret = client("secretsmanager").create_secret(Name="s", SecretString="text")["ARN"]
    before = client("iam").get_role(RoleName="copy")["Role"]
    Snapshot(tmp_path / "moto").save()
    BackendDict.reset()
    assert not iam_backends["123456789012"]["aws"].roles

    Snapshot(tmp_path / "moto").restore()
    assert client("iam").get_role(RoleName="copy")["Role"] == before
    assert [found["GroupId"] for found in ec2.describe_security_groups()["SecurityGroups"]] == [group]
    found = client("secretsmanager").get_secret_value(SecretId="s")
    assert (found["ARN"], found["SecretString"]) == (secret, "text")
    assert authorize(ROLE, "data", "a") is None
    # The cluster's network is the region's own, not a copy of it: a rule added to one is seen by the other.
    assert (
        models.redshift_backends["123456789012"]["us-west-2"].ec2_backend is (ec2_backends["123456789012"]["us-west-2"])
    )


def test_a_region_that_was_only_looked_at_is_saved(databases: Recorded, tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path / "moto")
    client("ec2").describe_security_groups()
    snapshot.save_if_new()
    first = snapshot.file.stat().st_ino
    snapshot.save_if_new()
    assert snapshot.file.stat().st_ino == first
    client("ec2", region_name="eu-west-1").describe_security_groups()
    snapshot.save_if_new()
    assert snapshot.file.stat().st_ino != first


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (b"moto ", b"moto 1.", r"written by moto 1\..*, and this is moto "),
        (b"secret text", b"secret test", "is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_back_is_refused(
    databases: Recorded, tmp_path: Path, written: bytes, instead: bytes, said: str
) -> None:
    snapshot = Snapshot(tmp_path / "moto")
    client("secretsmanager").create_secret(Name="s", SecretString="secret text")
    snapshot.save()
    snapshot.file.write_bytes(snapshot.file.read_bytes().replace(written, instead, 1))
    with pytest.raises(StateError, match=said):
        snapshot.restore()
