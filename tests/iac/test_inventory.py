"""What is left after a deletion: proved by asking again, also where the answer is not the hoped-for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import inventory
from iac.account import Account
from iac.faults import IacError
from iac.plan import Plan

Fixture = tuple[Account, dict[str, Stubber]]


def expect_secrets_and_bucket_gone(stubbers: dict[str, Stubber], secrets: int = 2) -> None:
    for _ in range(secrets):
        stubbers["secrets"].add_response("describe_secret", {"DeletedDate": 1})
    stubbers["s3"].add_client_error("head_bucket", "404", http_status_code=404)


def test_a_cluster_that_is_still_there_is_told(account: Fixture, plan: Plan) -> None:
    found = {"ClusterIdentifier": "one", "ClusterStatus": "available"}
    account[1]["redshift"].add_response("describe_clusters", {"Clusters": [found]})
    expect_secrets_and_bucket_gone(account[1])
    with pytest.raises(IacError, match=r"Still there, and billed: cluster one\. Run it again"):
        inventory._prove(account[0], plan, print)


def test_snapshots_of_ours_are_named_with_how_to_delete_them(account: Fixture, plan: Plan) -> None:
    redshift, said = account[1]["redshift"], list[str]()
    redshift.add_client_error("describe_clusters", "ClusterNotFound")
    pages: list[dict[str, Any]] = [
        {"Marker": "m", "Snapshots": [{"SnapshotIdentifier": "theirs", "ClusterIdentifier": "two"}]},
        {"Snapshots": [{"SnapshotIdentifier": "one-final-2026", "ClusterIdentifier": "one"}]},
    ]
    for page in pages:
        redshift.add_response("describe_cluster_snapshots", page)
    expect_secrets_and_bucket_gone(account[1])
    inventory._prove(account[0], plan, said.append)
    command = "aws redshift delete-cluster-snapshot --snapshot-identifier one-final-2026"
    assert said[0].startswith("snapshot one-final-2026: kept, and billed")
    assert said[0].endswith(command)
    assert said[1].endswith("no more than that is left.")
    assert len(said) == 2


def test_nothing_left_is_said(account: Fixture, plan: Plan) -> None:
    serverless, said = account[1]["serverless"], list[str]()
    serverless.add_client_error("get_workgroup", "ResourceNotFoundException")
    serverless.add_client_error("get_namespace", "ResourceNotFoundException")
    serverless.add_response("list_snapshots", {"snapshots": []}, {"namespaceName": "one"})
    expect_secrets_and_bucket_gone(account[1], secrets=1)  # the other is AWS's
    cloud = replace(plan, deployment="serverless", admin_password="managed")  # noqa: S106
    inventory._prove(account[0], cloud, said.append)
    assert said == ["Asked again for cluster, snapshots, secrets and bucket: nothing is left."]


def test_only_the_clusters_own_name_confirms(plan: Plan) -> None:
    said = list[str]()
    for name in ("", "One", "two"):
        assert not inventory.confirmed_by(name, plan, said.append)(["bucket data"])
    assert said[:2] == ["This would be deleted, if the name were one:", "  bucket data"]
    assert inventory.confirmed_by("one", plan, said.append)(["bucket data"])
    assert said[-2] == "This will be deleted:"
