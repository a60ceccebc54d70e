"""The password: by Redshift's rules, and never shown."""

import string
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from iac import secret
from iac.faults import IacError
from warehouse.login import Login

Stubbed = Callable[[str], tuple[Any, Stubber]]
NAME = {"SecretId": "s"}


def test_a_new_password_follows_redshifts_rules_and_is_new() -> None:
    passwords = {secret.new_login("boss").password for _ in range(200)}
    assert len(passwords) == 200
    for password in passwords:
        assert 8 <= len(password) <= 64
        assert set(password) <= set(string.ascii_letters + string.digits)
        assert set(password) & set(string.ascii_lowercase)
        assert set(password) & set(string.ascii_uppercase)
        assert set(password) & set(string.digits)


def test_a_login_does_not_show_its_password() -> None:
    login = secret.new_login("boss")
    assert login.password not in f"{login!r} {login}"


@pytest.mark.parametrize("text", ["plain", "[]", '{"username": "boss"}', "null"])
def test_a_secret_that_holds_something_else_is_not_shown_but_refused(stubbed: Stubbed, text: str) -> None:
    client, stubber = stubbed("secretsmanager")
    stubber.add_response("describe_secret", {}, NAME)
    stubber.add_response("get_secret_value", {"SecretString": text}, NAME)
    with pytest.raises(IacError, match="secret s: does not hold") as caught:
        secret.read(client, "s")
    assert text not in str(caught.value)


def test_one_that_waits_for_its_deletion_is_taken_back(stubbed: Stubbed) -> None:
    client, stubber = stubbed("secretsmanager")
    stubber.add_response("describe_secret", {"DeletedDate": 1}, NAME)
    stubber.add_response("restore_secret", {}, NAME)
    stubber.add_response("get_secret_value", {"SecretString": '{"username": "u", "password": "p"}'}, NAME)
    assert secret.read(client, "s") == Login("u", "p")
    stubber.assert_no_pending_responses()


def test_none_is_told_from_one_that_may_not_be_read(stubbed: Stubbed) -> None:
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("describe_secret", "ResourceNotFoundException")
    assert secret.read(client, "s") is None
    stubber.add_client_error("describe_secret", "AccessDeniedException")
    with pytest.raises(IacError, match="secret s: AWS refused DescribeSecret: AccessDenied"):
        secret.read(client, "s")
