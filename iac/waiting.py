"""Waiting for AWS: asks, tells how it stands, and ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from iac.account import Say
from iac.faults import IacError, throttled

LIMIT_SECONDS = 30 * 60
_POLL_SECONDS = 10
_TELL_SECONDS = 30
T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Time as polling sees it; tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def wait(
    thing: str,
    look: Callable[[], tuple[str, T | None]],
    passing: Collection[str],
    say: Say,
    *,
    advice: Callable[[str], str] = lambda _: "Look at it in the Redshift console.",
    limit: float = LIMIT_SECONDS,
    clock: Clock | None = None,
) -> T:
    """Ask every ten seconds until ``look`` has what is waited for, telling each half minute how ``thing`` stands.

    ``look`` gives the status in AWS's word and, once it is there, the value. ``passing`` are the words that become
    another by themselves. Being throttled is no answer, and is asked again.
    Raises IacError: after ``limit`` seconds, or as soon as the status is one that waiting does not change.
    """
    clock = clock or Clock()
    began = told = clock.now()
    while True:
        status, value = _asked(look)
        if value is not None:
            return value
        if status != _UNKNOWN and status not in passing:
            raise IacError(f"{thing}: it is {status}, which waiting does not change. {advice(status)}")
        now = clock.now()
        if now - began >= limit:
            raise IacError(f"{thing}: still {status} after {limit / 60:.0f} minutes. Run it again to wait on.")
        if now - told >= _TELL_SECONDS:
            told = now
            say(f"{thing}: {status}, {now - began:.0f} s")
        clock.sleep(_POLL_SECONDS)


_UNKNOWN = "not told, since AWS throttles us"


def _asked(look: Callable[[], tuple[str, T | None]]) -> tuple[str, T | None]:
    try:
        return look()
    except IacError as error:
        if not throttled(error):
            raise
        return _UNKNOWN, None
