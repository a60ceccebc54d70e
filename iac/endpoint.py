"""Where SQL is run, whatever runs it."""

from __future__ import annotations

from dataclasses import dataclass

from iac.account import Account, Say
from iac.faults import IacError
from iac.plan import Plan
from iac.secret import new_login, read, write
from warehouse.login import Login


def check_same(thing: str, plan: Plan, database: str | None, user: str | None) -> None:
    """Raise IacError if what is there has another database or administrator than the cfg says."""
    for what, wanted, has in (("database", plan.settings.database, database), ("user", plan.settings.user, user)):
        if wanted != has:
            raise IacError(
                f"{thing}: its {what} is {has!r}, the cfg says {wanted!r}. "
                f"Put `{what}` in the cfg right, or name another `cluster_identifier`."
            )


@dataclass(frozen=True)
class Endpoint:
    """Host and port of a warehouse that answers, and its administrator's login."""

    host: str
    port: int
    admin: Login


def secret_login(account: Account, name: str, user: str, about: str, say: Say) -> Login:
    """The login in the secret; made, with a fresh password, if there is no such secret.

    Raises IacError: the secret is another user's.
    """
    login = read(account.secrets, name)
    if login is None:
        login = new_login(user)
        write(account.secrets, name, login, about, say)
    check_login(login, name, user)
    return login


def check_login(login: Login, name: str, user: str) -> None:
    """Raise IacError if the login in the secret is for another user than the cfg's."""
    if login.username != user:
        raise IacError(
            f"secret {name}: it is for the user {login.username!r}, the cfg says {user!r}. "
            "Put the user in the cfg right, or name another secret."
        )


def managed_login(account: Account, thing: str, arn: str | None) -> Login:
    """The login that AWS keeps for ``thing``, as it is at this moment."""
    login = read(account.secrets, arn) if arn else None
    if login is None:
        raise IacError(f"{thing}: AWS does not say where it keeps the administrator's password. Run it again.")
    return login
