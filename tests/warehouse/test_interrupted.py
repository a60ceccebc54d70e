"""Killed workers, a killed endpoint, serialization failures and two at once: the month ends as if nothing had been."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections import Counter
from datetime import datetime
from typing import Any, Iterator

import psycopg2
import pytest

from local_aws.testing import AwsProcess
from warehouse import ledger, redshift, repairs
from warehouse.redshift import in_transaction

from ..conftest import Provisioned, provisioned_in
from . import interrupted
from .conftest import GOOD, SOURCE, Loader, Mender

OLD = "9,10,1546300800000,old,1\n"
FILE = GOOD + 'x,10,1546300800000,"a\nb",3\n2,10,1546300800000,ok,three\n' + OLD
NEW_YEAR = datetime(2019, 1, 1)
END = Counter(
    [
        (1, 10, NEW_YEAR, "fine", 3),
        (7, 10, NEW_YEAR, "a\nb", 3),
        (2, 10, NEW_YEAR, "ok", 3),
        (9, 10, NEW_YEAR, "old", 1),
    ]
)


def prepared(provisioned: Any, before: str) -> Mender:
    """A degree that stands right before a step; an older version of its file was loaded long ago."""
    mender = Mender(Loader(provisioned, f"degree_{uuid.uuid4().hex[:8]}"))
    mender.degree.load(SOURCE, OLD)
    mender.settle()
    mender.degree.put(SOURCE, FILE)
    if before != "load":
        mender.degree.load(SOURCE)
    if before == "put_back":
        mender.settle()
        mend(mender)
    return mender


def mend(mender: Mender) -> None:
    """What a person writes into the error table."""
    waits = mender.rows
    if 3 in waits:
        mender.mend(3, user_id="7")
    if 5 in waits:
        mender.mend(5, rating="3")


def do(name: str, mender: Mender, hook: interrupted.Hook) -> None:
    """A step with a hook at each statement."""
    provisioned = mender.degree.provisioned
    connect = interrupted.stoppable(mender.connect, hook)
    interrupted.step(name, mender.degree.degree, connect, provisioned.s3, provisioned.settings)


def places(provisioned: Any, name: str) -> int:
    """How many statements a step has."""
    told: list[str] = []
    do(name, prepared(provisioned, name), told.append)
    return len(told)


def check(mender: Mender, name: str) -> None:
    """Whatever happened in the step: nothing is half done, and doing it again ends as it should."""
    status = mender.degree.status(SOURCE).status
    if name == "load":
        fresh = [] if status == ledger.SETTLED else [(1, 10, NEW_YEAR, "fine", 3)]
        assert mender.staged() == Counter([(9, 10, NEW_YEAR, "old", 1), *fresh])
    elif status != ledger.LOADED:
        assert mender.conserved()
    if name == "load":
        mender.degree.load(SOURCE)
    mender.settle()
    assert mender.conserved()
    mend(mender)
    if mender.rows:
        mender.put_back()
    assert mender.conserved()
    assert mender.settle().status == ledger.SETTLED
    assert mender.staged() == END
    newest = mender.degree.status(SOURCE)
    done = in_transaction(mender.connect, lambda cursor: repairs.of_version(cursor, newest))
    assert sorted((one.action, one.line_number) for one in done) == [("put_back", 3), ("put_back", 5)]


@pytest.mark.parametrize("name", interrupted.STEPS)
def test_a_worker_killed_before_any_statement(provisioned: Any, name: str) -> None:
    count = places(provisioned, name)
    assert count >= 8
    for place in range(count + 1):
        mender = prepared(provisioned, name)
        command = [sys.executable, interrupted.__file__, name, mender.degree.degree, str(place)]
        environment = {**os.environ, **provisioned.environment}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout
            assert worker.stdout.readline() == ("done\n" if place == count else "reached\n")
            worker.kill()
        check(mender, name)


@pytest.mark.parametrize("name", interrupted.STEPS)
def test_a_serialization_failure_of_any_statement(provisioned: Any, name: str, monkeypatch: Any) -> None:
    """The local endpoint raises none, so the test does, in Redshift's words; and then a second one right after."""
    monkeypatch.setattr(redshift.in_transaction, "__defaults__", (lambda seconds: None,))
    for place in range(places(provisioned, name)):
        mender = prepared(provisioned, name)
        told: list[str] = []

        def hook(statement: str, place: int = place, told: list[str] = told) -> None:
            told.append(statement)
            if len(told) - 1 in (place, place + 1):
                raise psycopg2.errors.InternalError_("1023\nDETAIL:  Serializable isolation violation on table - 1\n")

        do(name, mender, hook)
        check(mender, name)


def test_tasks_that_work_at_once_on_one_table_and_on_others(provisioned: Any) -> None:
    menders = [prepared(provisioned, "load") for _ in range(2)]
    faults: list[BaseException] = []

    def work(mender: Mender) -> None:
        try:
            for name in ("load", "settle"):
                do(name, mender, lambda statement: None)
        except BaseException as error:  # noqa: BLE001 (told below, in the test's own thread)
            faults.append(error)

    threads = [threading.Thread(target=work, args=(mender,)) for mender in menders * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert faults == []
    for mender in menders:
        check(mender, "settle")


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AwsProcess, Provisioned]]:
    """A local AWS of its own, to be killed."""
    with provisioned_in(tmp_path_factory.mktemp("fragile")) as both:
        yield both


@pytest.mark.parametrize("name", interrupted.STEPS)
def test_the_endpoint_killed_in_the_middle(fragile: tuple[AwsProcess, Provisioned], name: str) -> None:
    """At three places of each step; what was committed is there after the restart, and nothing else."""
    aws, provisioned = fragile
    count = places(provisioned, name)
    for place in (1, count // 2, count - 1):
        mender = prepared(provisioned, name)
        left = [place]

        def hook(_: str, left: list[int] = left) -> None:
            if left[0] == 0:
                aws.kill()
            left[0] -= 1

        with pytest.raises((psycopg2.OperationalError, psycopg2.InterfaceError)):
            do(name, mender, hook)
        aws.start()
        check(mender, name)
