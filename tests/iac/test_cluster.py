"""A cluster that is slow or broken, as moto never is: answers from botocore's Stubber, time from the test."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import cluster
from iac.faults import IacError
from iac.plan import Plan
from warehouse.login import Login

Stubbed = Callable[[str], tuple[Any, Stubber]]
NewTime = Callable[[], Any]
ROLE = "arn:aws:iam::123456789012:role/copy"


def described(status: str, **more: Any) -> dict[str, Any]:
    return {"Clusters": [{"ClusterIdentifier": "one", "ClusterStatus": status, **more}]}


READY = described("available", Endpoint={"Address": "one.example", "Port": 5439})


def answers(stubber: Stubber, *responses: dict[str, Any]) -> None:
    for response in responses:
        stubber.add_response("describe_clusters", response, {"ClusterIdentifier": "one"})


def test_waiting_asks_until_it_is_available_and_tells_how_it_stands(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, *[described("creating")] * 7, READY)
    time, said = new_time(), list[str]()
    found = cluster.wait_until_available(redshift, "one", said.append, clock=time.clock)
    assert found["Endpoint"]["Address"] == "one.example"
    assert time.passed == 70
    assert said == ["cluster one: creating, 30 s", "cluster one: creating, 60 s"]
    stubber.assert_no_pending_responses()


def test_available_without_an_address_is_not_there_yet(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, described("available"), READY)
    cluster.wait_until_available(redshift, "one", print, clock=new_time().clock)
    stubber.assert_no_pending_responses()


def test_a_password_on_its_way_is_waited_for(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    pending = described("available", Endpoint={"Address": "a"}, PendingModifiedValues={"MasterUserPassword": "****"})
    answers(stubber, pending, READY)
    cluster.wait_until_available(redshift, "one", print, clock=new_time().clock)
    stubber.assert_no_pending_responses()


def test_waiting_ends_at_the_limit(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, *[described("creating")] * 20)
    time = new_time()
    with pytest.raises(IacError, match="cluster one: still creating after 2 minutes"):
        cluster.wait_until_available(redshift, "one", print, limit=120, clock=time.clock)
    assert time.passed == 120


@pytest.mark.parametrize(
    ("status", "advice"),
    [("paused", "resume"), ("incompatible-hsm", "console"), ("hardware-failure", "console"), ("deleting", "console")],
)
def test_a_state_that_does_not_pass_ends_the_waiting_at_once(
    stubbed: Stubbed, status: str, advice: str, new_time: NewTime
) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, described("modifying"), described(status))
    time = new_time()
    with pytest.raises(IacError, match=rf"it is {status}(.|\n)*{advice}"):
        cluster.wait_until_available(redshift, "one", print, clock=time.clock)
    assert time.passed == 10


def test_what_aws_refuses_while_waiting_is_told(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    stubber.add_client_error("describe_clusters", "ExpiredToken", "The security token is expired")
    with pytest.raises(IacError, match=r"cluster one: AWS refused DescribeClusters: ExpiredToken(.|\n)*log in again"):
        cluster.wait_until_available(redshift, "one", print, clock=new_time().clock)


@pytest.mark.parametrize(
    ("nodes", "size"),
    [(1, {"ClusterType": "single-node"}), (2, {"ClusterType": "multi-node", "NumberOfNodes": 2})],
)
def test_it_is_ordered_encrypted_and_private(stubbed: Stubbed, plan: Plan, nodes: int, size: dict[str, Any]) -> None:
    redshift, stubber = stubbed("redshift")
    settings = plan.settings
    expected = {
        "ClusterIdentifier": "one",
        "NodeType": settings.node_type,
        "DBName": settings.database,
        "MasterUsername": settings.user,
        "MasterUserPassword": "Passw0rd",
        "Port": settings.port,
        "IamRoles": [ROLE],
        "Encrypted": True,
        "PubliclyAccessible": False,
        **size,
    }
    stubber.add_response("create_cluster", {}, expected)
    said = list[str]()
    changed = replace(plan, settings=replace(settings, number_of_nodes=nodes))
    cluster.create(redshift, changed, Login("boss", "Passw0rd"), ROLE, said.append)
    stubber.assert_no_pending_responses()
    assert "Passw0rd" not in "".join(said)


def test_a_role_is_added_only_if_it_is_not_there(stubbed: Stubbed) -> None:
    redshift, stubber = stubbed("redshift")
    has: Any = {"ClusterIdentifier": "one", "IamRoles": [{"IamRoleArn": ROLE}]}
    cluster.ensure_role(redshift, has, ROLE, print)
    stubber.add_response("modify_cluster_iam_roles", {}, {"ClusterIdentifier": "one", "AddIamRoles": [ROLE]})
    has["IamRoles"] = []
    cluster.ensure_role(redshift, has, ROLE, print)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("option", ["database", "user"])
def test_another_cluster_of_the_same_name_is_not_taken(plan: Plan, option: str) -> None:
    found: Any = {"DBName": plan.settings.database, "MasterUsername": plan.settings.user}
    cluster.check(found, plan)
    found["DBName" if option == "database" else "MasterUsername"] = "other"
    with pytest.raises(IacError, match=f"cluster one: its {option} is 'other'"):
        cluster.check(found, plan)


def test_deleting_waits_until_it_is_gone(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, READY)
    stubber.add_response("delete_cluster", {}, {"ClusterIdentifier": "one", "SkipFinalClusterSnapshot": True})
    answers(stubber, described("deleting"), described("deleting"))
    stubber.add_client_error("describe_clusters", "ClusterNotFound")
    time = new_time()
    cluster.delete(redshift, "one", print, snapshot=False, clock=time.clock)
    assert time.passed == 20
    stubber.assert_no_pending_responses()


def test_one_that_is_being_deleted_is_only_waited_for(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, described("deleting"))
    stubber.add_client_error("describe_clusters", "ClusterNotFound")
    cluster.delete(redshift, "one", print, snapshot=True, clock=new_time().clock)
    stubber.assert_no_pending_responses()


def test_deleting_ends_at_the_limit(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, *[described("deleting")] * 200)
    with pytest.raises(IacError, match="cluster one: still there after 30 minutes"):
        cluster.delete(redshift, "one", print, snapshot=True, clock=new_time().clock)


def test_being_throttled_is_asked_again_and_told(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, described("creating"))
    for _ in range(4):
        stubber.add_client_error("describe_clusters", "Throttling", "Rate exceeded", http_status_code=400)
    answers(stubber, READY)
    time, said = new_time(), list[str]()
    cluster.wait_until_available(redshift, "one", said.append, clock=time.clock)
    assert time.passed == 50
    assert said == ["cluster one: not told, since AWS throttles us, 30 s"]
    stubber.assert_no_pending_responses()


def test_being_throttled_for_ever_ends_at_the_limit(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    for _ in range(20):
        stubber.add_client_error("describe_clusters", "Throttling", "Rate exceeded")
    with pytest.raises(IacError, match="cluster one: still not told, since AWS throttles us after 1 minutes"):
        cluster.wait_until_available(redshift, "one", print, limit=60, clock=new_time().clock)


def test_pausing_waits_until_it_is_paused(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, READY)
    stubber.add_response("pause_cluster", {}, {"ClusterIdentifier": "one"})
    answers(stubber, READY, described("pausing"), described("paused"))
    time, said = new_time(), list[str]()
    cluster.pause(redshift, "one", said.append, clock=time.clock)
    assert time.passed == 20
    assert said == ["cluster one: paused; its storage alone is billed"]
    answers(stubber, described("paused"))
    cluster.pause(redshift, "one", said.append)
    assert said[1:] == ["cluster one: already paused"]
    stubber.assert_no_pending_responses()


def test_a_pause_that_aws_refuses_says_why(stubbed: Stubbed) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, READY)
    stubber.add_client_error("pause_cluster", "InvalidClusterState", "automated snapshots are off")
    with pytest.raises(IacError, match=r"cluster one: AWS refused PauseCluster: .*automated snapshots are off"):
        cluster.pause(redshift, "one", print)


def test_resuming_waits_until_sql_can_be_run(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, described("paused"), described("paused"))
    stubber.add_response("resume_cluster", {}, {"ClusterIdentifier": "one"})
    answers(stubber, described("resuming"), described("resuming"), READY)
    time = new_time()
    cluster.resume(redshift, "one", print, clock=time.clock)
    assert time.passed == 20
    stubber.assert_no_pending_responses()


def test_one_that_is_not_there_is_neither_paused_nor_resumed(stubbed: Stubbed) -> None:
    redshift, stubber = stubbed("redshift")
    for work in (cluster.pause, cluster.resume):
        stubber.add_client_error("describe_clusters", "ClusterNotFound")
        with pytest.raises(IacError, match=r"there is none\. Make it: python -m iac up"):
            work(redshift, "one", print)


def test_with_a_managed_password_none_is_sent(stubbed: Stubbed, plan: Plan) -> None:
    redshift, stubber = stubbed("redshift")
    order: dict[str, Any] = {}
    stubber.add_response("create_cluster", {})
    redshift.meta.events.register(
        "provide-client-params.redshift.CreateCluster", lambda params, **_: order.update(params)
    )
    public = replace(plan, publicly_accessible=True, subnet_group="mine")
    cluster.create(redshift, public, None, ROLE, print, security_group="sg-1", parameter_group="one-tls")
    assert order["ManageMasterPassword"] is True
    assert "MasterUserPassword" not in order
    assert (order["PubliclyAccessible"], order["VpcSecurityGroupIds"]) == (True, ["sg-1"])
    assert (order["ClusterParameterGroupName"], order["ClusterSubnetGroupName"]) == ("one-tls", "mine")


@pytest.mark.parametrize(
    ("has", "told"), [({"Encrypted": False}, "not encrypted"), ({"PubliclyAccessible": True}, "is public")]
)
def test_an_open_cluster_is_not_taken(plan: Plan, has: dict[str, Any], told: str) -> None:
    found: Any = {"DBName": plan.settings.database, "MasterUsername": plan.settings.user, **has}
    with pytest.raises(IacError, match=told):
        cluster.check(found, plan)


def test_a_security_group_is_given_to_a_cluster_that_lacks_it(stubbed: Stubbed) -> None:
    redshift, stubber = stubbed("redshift")
    found: Any = {"ClusterIdentifier": "one", "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]}
    for group in (None, "sg-1"):
        cluster.ensure_security_group(redshift, found, group, print)
    stubber.add_response("modify_cluster", {}, {"ClusterIdentifier": "one", "VpcSecurityGroupIds": ["sg-2"]})
    cluster.ensure_security_group(redshift, found, "sg-2", print)
    stubber.assert_no_pending_responses()


def test_after_the_limit_waiting_goes_on_when_it_is_run_again(stubbed: Stubbed, new_time: NewTime) -> None:
    redshift, stubber = stubbed("redshift")
    answers(stubber, *[described("creating")] * 8, READY)
    with pytest.raises(IacError, match="Run it again to wait on"):
        cluster.wait_until_available(redshift, "one", print, limit=60, clock=new_time().clock)
    assert cluster.wait_until_available(redshift, "one", print, limit=60, clock=new_time().clock)
    stubber.assert_no_pending_responses()
