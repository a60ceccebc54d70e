"""What an IAM policy document says: allowed, denied or neither, and never a guess about the parts not known here."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

_IDENTITY_ELEMENTS = {"Sid", "Effect", "Action", "Resource"}
_TRUST_ELEMENTS = {"Sid", "Effect", "Action", "Principal"}


class PolicyNotUnderstood(Exception):
    """A policy has an element that is not evaluated here; the message names it."""


def allows(documents: Iterable[str], action: str, resource: str) -> bool:
    """Whether these identity policies let ``action`` happen on ``resource``: some Allow, and no Deny.

    Raises PolicyNotUnderstood: a statement holds an element such as Condition, NotAction or NotResource.
    """
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _statements(document, _IDENTITY_ELEMENTS)
        if _any(statement["Action"], action, ignore_case=True) and _any(statement["Resource"], resource)
    }
    return effects == {"Allow"}


def trusts(document: str, service: str) -> bool:
    """Whether a role with this trust policy may be assumed by ``service``, such as ``redshift.amazonaws.com``."""
    effects = {
        statement["Effect"]
        for statement in _statements(document, _TRUST_ELEMENTS)
        if _any(statement["Action"], "sts:AssumeRole", ignore_case=True) and _names(statement["Principal"], service)
    }
    return effects == {"Allow"}


def _names(principal: object, service: str) -> bool:
    return principal == "*" or (isinstance(principal, dict) and service in _listed(principal.get("Service", [])))


def _statements(document: str, understood: set[str]) -> Iterator[dict[str, Any]]:
    statements = json.loads(document).get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        unknown = sorted(set(statement) - understood)
        if unknown:
            raise PolicyNotUnderstood(f"the local AWS does not evaluate {', '.join(unknown)} in a policy statement")
        missing = sorted(understood - {"Sid"} - set(statement))
        if missing:
            raise PolicyNotUnderstood(f"a policy statement lacks {', '.join(missing)}")
        yield statement


def _any(patterns: str | list[str], value: str, ignore_case: bool = False) -> bool:
    return any(_pattern(pattern, ignore_case).fullmatch(value) for pattern in _listed(patterns))


@lru_cache(maxsize=1024)
def _pattern(pattern: str, ignore_case: bool) -> "re.Pattern[str]":
    """IAM's wildcards: * is any run of characters, slashes too, and ? is any one."""
    if "${" in pattern:
        raise PolicyNotUnderstood(f"the local AWS does not evaluate the policy variable in {pattern!r}")
    regex = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
