"""Settings that AWS would refuse are named before anything is made."""

from dataclasses import replace
from typing import Any

import pytest

from iac.rules import check_settings
from warehouse.settings import Settings, SettingsError


def test_the_repositorys_settings_are_good(settings: Settings) -> None:
    check_settings(settings)


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
        ("role_name", "with space"),
        ("secret", "with space"),
        ("node_type", "dc2.large"),
        ("number_of_nodes", 0),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(settings: Settings, option: str, value: Any) -> None:
    changed: Any = {option: value}
    with pytest.raises(SettingsError) as caught:
        check_settings(replace(settings, **changed))
    assert f"{option} = {value}: " in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"bucket = B(.|\n)*node_type = dc2.large"):
        check_settings(replace(settings, bucket="B", node_type="dc2.large"))
