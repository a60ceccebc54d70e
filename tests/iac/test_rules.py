"""Settings that AWS would refuse, or nobody should want, are named before anything is made."""

from dataclasses import fields, replace
from typing import Any

import pytest

from iac.plan import Plan
from iac.rules import check
from warehouse.settings import Settings, SettingsError

PUBLIC = {"publicly_accessible": True, "require_ssl": True}


def changed(plan: Plan, **options: Any) -> Plan:
    """The plan with other values, whichever of the two holds them."""
    of_settings = {name: options.pop(name) for name in {field.name for field in fields(Settings)} & set(options)}
    return replace(plan, settings=replace(plan.settings, **of_settings), **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"node_type": "rg.large", "number_of_nodes": 4},
        {"ingress": ("10.0.0.0/16", "fd00::/8"), "pause_daily_at": "19:30", "admin_password": "managed"},
        {**PUBLIC, "ingress": ("203.0.113.7/32", "2001:db8::1/128")},
        {"deployment": "serverless", "usage_limit": 0},
    ],
)
def test_good_ones_pass(plan: Plan, options: dict[str, Any]) -> None:
    check(changed(plan, **options))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("bucket", "Upper"),
        ("bucket", "ab"),
        ("bucket", "under_score"),
        ("bucket", "192.168.1.1"),
        ("bucket", "two..dots"),
        ("cluster_identifier", "1digit"),
        ("cluster_identifier", "double--hyphen"),
        ("cluster_identifier", "end-"),
        ("database", "with space"),
        ("database", 'quote"'),
        ("user", "public"),
        ("user", "Admin"),
        ("pipeline_user", "Loader"),
        ("role_name", "with space"),
        ("secret", "with space"),
        ("pipeline_secret", "with space"),
        ("node_type", "dc2.large"),
        ("node_type", "m5.large"),
        ("number_of_nodes", 0),
        ("deployment", "laptop"),
        ("admin_password", "hunter2"),
        ("base_capacity", 2),
        ("pause_daily_at", "25:00"),
        ("usage_limit", -1),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(plan: Plan, option: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        check(changed(plan, **{option: value}))
    assert f"{option} = {value}: " in str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"encrypted": False}, "encrypted = no: .*encrypted at rest"),
        ({"ingress": ("0.0.0.0/0",)}, "ingress = 0.0.0.0/0: that is the whole internet"),
        ({"ingress": ("::/0",)}, "ingress = ::/0: that is the whole internet"),
        ({"ingress": ("10.0.0.1/8",)}, "ingress = 10.0.0.1/8: .*host bits"),
        ({"ingress": ("my office",)}, "ingress = my office: "),
        ({**PUBLIC, "ingress": ("203.0.113.0/24",)}, "single addresses only"),
        ({**PUBLIC, "ingress": ("0.0.0.0/0",)}, "whole internet"),
        (PUBLIC, "ingress is empty"),
        ({"publicly_accessible": True, "ingress": ("203.0.113.7/32",)}, "require_ssl = no"),
        ({"pipeline_user": "dwh_admin"}, "that is the administrator"),
        ({"pipeline_secret": "online-learning-analytics/redshift"}, "name another one"),
        ({"deployment": "serverless", "pause_daily_at": "19:30"}, "Serverless is not paused"),
    ],
)
def test_the_reason_is_told(plan: Plan, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        check(changed(plan, **options))


def test_all_that_is_wrong_is_told_at_once(plan: Plan) -> None:
    with pytest.raises(SettingsError, match=r"bucket = B(.|\n)*node_type = dc2.large"):
        check(changed(plan, bucket="B", node_type="dc2.large"))
