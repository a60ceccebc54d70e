"""The one message about a failed run, whatever state the warehouse is in."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.ports import free_port

# A month that no other test loads.
RUN = SimpleNamespace(dag_id="online_learning_analytics", logical_date=datetime(2031, 5, 1))


def told(context: dict[str, Any]) -> list[str]:
    """What the callback hands on."""
    from alerts import on_failure  # not before the fixtures have set Airflow's home

    messages: list[str] = []
    on_failure(messages.append)(context)
    return messages


def test_a_run_that_failed_for_another_reason_says_so(airflow_connections: None) -> None:
    assert told({"dag_run": RUN, "reason": "timed_out"}) == [
        "online_learning_analytics, May 2031: failed (timed_out).\n"
        "No file waits for a person: the logs of the failed tasks say what happened."
    ]


def test_people_are_told_though_the_ledger_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = {"conn_type": "postgres", "host": "127.0.0.1", "port": free_port(), "schema": "x", "login": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(nobody))
    (message,) = told({"dag_run": RUN})
    assert "failed (unknown reason).\nWhat waits is unknown, since the ledger cannot be read: " in message


def test_by_default_it_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    from alerts import to_log

    with caplog.at_level(logging.ERROR):
        to_log("100 % of it")
    assert "100 % of it" in caplog.text
