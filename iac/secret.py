"""Passwords of the warehouse's users: made here, kept in Secrets Manager, written nowhere else."""

from __future__ import annotations

import json
import secrets
import string
from typing import TYPE_CHECKING

from iac.account import Say
from iac.faults import IacError, code, explained

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

from botocore.exceptions import ClientError

from warehouse.login import Login

_LENGTH = 40
_RECOVERY_DAYS = 7


def new_login(username: str) -> Login:
    """A login with a fresh password by Redshift's rules: 8 to 64 characters, upper and lower case and a digit.

    Letters and digits alone, so that it needs no quoting anywhere.
    """
    while True:
        password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_LENGTH))
        kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
        if all(set(password) & set(kind) for kind in kinds):
            return Login(username, password)


def read(client: SecretsManagerClient, name: str) -> Login | None:
    """The login in the secret, None if there is no such secret. One that waits for its deletion is taken back.

    Raises IacError: the secret holds something else.
    """
    with explained(f"secret {name}"):
        try:
            if client.describe_secret(SecretId=name).get("DeletedDate"):
                client.restore_secret(SecretId=name)
            text = client.get_secret_value(SecretId=name)["SecretString"]
        except client.exceptions.ResourceNotFoundException:
            return None
    try:
        found = json.loads(text)
        return Login(found["username"], found["password"])
    except (ValueError, KeyError, TypeError):
        raise IacError(
            f'secret {name}: does not hold {{"username": …, "password": …}}. '
            "Name another one as `secret` in the cfg, or delete this one."
        ) from None


def write(client: SecretsManagerClient, name: str, login: Login, about: str, say: Say) -> None:
    """Keep the login under a name that is not taken yet."""
    with explained(f"secret {name}"):
        text = json.dumps({"username": login.username, "password": login.password})
        client.create_secret(Name=name, SecretString=text, Description=about)
        say(f"secret {name}: created")


def exists(client: SecretsManagerClient, name: str) -> bool:
    """Whether the secret is there and not waiting for its deletion."""
    with explained(f"secret {name}"):
        try:
            return not client.describe_secret(SecretId=name).get("DeletedDate")
        except ClientError as error:
            if code(error) != "ResourceNotFoundException":
                raise
            return False


def delete(client: SecretsManagerClient, name: str, say: Say) -> None:
    """Have the secret deleted; it can be taken back for a week and costs nothing meanwhile."""
    if not exists(client, name):
        say(f"secret {name}: already gone")
        return
    with explained(f"secret {name}"):
        client.delete_secret(SecretId=name, RecoveryWindowInDays=_RECOVERY_DAYS)
        say(f"secret {name}: deleted ({_RECOVERY_DAYS} days to take it back)")
